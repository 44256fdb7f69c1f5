#include "send/login.h"

#include <string.h>

#include <skalibs/random.h>

#include "lib/base64.h"
#include "send/data.h"
#include "send/failure.h"
#include "send/rule.h"
#include "send/scram.h"
#include "send/token.h"

enum { MORE = 334, LOGGED_IN = 235, REFUSED = 535, NONCE_BYTES = 18, TOKEN_SECONDS = 80 };

/* What one login needs. */
struct try {
  struct client *c;
  const char *host;
  unsigned int port;
  const char *login, *password; /* or the token */
  const char *trouble;          /* what is wrong with the server's part of the dialogue; 0: nothing that we saw */
};

static bool say_encoded(struct client *c, const char *command, const char *bytes, size_t length)
{
  text encoded = TEXT_ZERO;
  bool heard;

  base64_add(&encoded, bytes, length);
  heard = send_client_ask(c, command, text_string(&encoded));
  text_wipe(&encoded);
  return heard;
}

/* All say false if no reply came. RFC 4616: */
static bool say_plain(struct try *t)
{
  text response = TEXT_ZERO;
  bool heard;

  text_add_char(&response, 0);
  text_add(&response, t->login);
  text_add_char(&response, 0);
  text_add(&response, t->password);
  heard = say_encoded(t->c, "AUTH PLAIN ", response.s, response.len);
  text_wipe(&response);
  return heard;
}

static bool say_login(struct try *t)
{
  struct client *c = t->c;

  return send_client_ask(c, "AUTH LOGIN", "") && (c->reply.code != MORE || say_encoded(c, "", t->login, strlen(t->login))) &&
         (c->reply.code != MORE || say_encoded(c, "", t->password, strlen(t->password)));
}

/* "," and "=" in a name of a gs2 header (RFC 7628 3.1). */
static void add_name(text *out, const char *name)
{
  for (; *name; name++)
    if (*name == ',' || *name == '=')
      text_add(out, *name == ',' ? "=2C" : "=3D");
    else
      text_add_char(out, *name);
}

/* RFC 7628 3.1. After a refusal the server explains itself in a challenge (3.2.3), and refuses when that is answered. */
static bool say_oauthbearer(struct try *t)
{
  text response = TEXT_ZERO;
  bool heard;

  text_add(&response, "n,a=");
  add_name(&response, t->login);
  text_add_format(&response, ",\001host=%s\001port=%u\001auth=Bearer %s\001\001", t->host, t->port, t->password);
  heard = say_encoded(t->c, "AUTH OAUTHBEARER ", response.s, response.len);
  text_wipe(&response);
  if (heard && t->c->reply.code == MORE) heard = say_encoded(t->c, "", "\001", 1);
  return heard;
}

/* Google's and Microsoft's. After a refusal the server explains itself in a challenge, and refuses when that is answered. */
static bool say_xoauth2(struct try *t)
{
  text response = TEXT_ZERO;
  bool heard;

  text_add_format(&response, "user=%s\001auth=Bearer %s\001\001", t->login, t->password);
  heard = say_encoded(t->c, "AUTH XOAUTH2 ", response.s, response.len);
  text_wipe(&response);
  if (heard && t->c->reply.code == MORE) heard = send_client_ask(t->c, "", "");
  return heard;
}

/* What stands behind 334, decoded; false: it is not base64. */
static bool challenge_of(const struct client *c, text *challenge)
{
  text_clear(challenge);
  return c->reply.lines.len && base64_decode(challenge, c->reply.lines.s, c->reply.lines.len - 1);
}

static void make_nonce(text *nonce)
{
  char bytes[NONCE_BYTES];

  random_buf(bytes, sizeof bytes);
  base64_add(nonce, bytes, sizeof bytes);
  text_string(nonce);
}

/* "*" ends the dialogue, and the server answers 501 (RFC 4954 4). */
static bool cancel(struct try *t, const char *trouble)
{
  t->trouble = trouble;
  return send_client_ask(t->c, "*", "");
}

/* Behind our first message: ours to prove, then the server's. Who says 235 before has proved nothing. */
static bool go_on_with_scram(struct try *t, struct scram *s, text *message)
{
  struct client *c = t->c;
  text challenge = TEXT_ZERO;
  const char *wrong = "its challenge is not base64";
  bool heard;

  if (challenge_of(c, &challenge)) wrong = send_scram_last(s, t->password, text_string(&challenge), challenge.len, message);
  heard = wrong ? cancel(t, wrong) : say_encoded(c, "", message->s, message->len);
  if (heard && !wrong && c->reply.code == MORE) {
    if (challenge_of(c, &challenge) && send_scram_check(s, text_string(&challenge), challenge.len))
      heard = send_client_ask(c, "", "");
    else
      heard = cancel(t, "it has not proved that it knows the password");
  } else if (heard && !wrong && c->reply.code == LOGGED_IN)
    t->trouble = "it has not proved that it knows the password";
  text_free(&challenge);
  return heard;
}

static bool say_scram(struct try *t)
{
  struct scram s = SCRAM_ZERO;
  text message = TEXT_ZERO, nonce = TEXT_ZERO;
  bool heard;

  make_nonce(&nonce);
  send_scram_first(&s, t->login, nonce.s, &message);
  heard = say_encoded(t->c, "AUTH SCRAM-SHA-256 ", message.s, message.len);
  if (heard && t->c->reply.code == MORE)
    heard = go_on_with_scram(t, &s, &message);
  else if (heard && t->c->reply.code == LOGGED_IN)
    t->trouble = "it has not proved that it knows the password";
  send_scram_free(&s);
  text_free(&message);
  text_free(&nonce);
  return heard;
}

struct mechanism {
  const char *name;
  bool (*say)(struct try *t);
};

/* The strongest that it offers; a refused one is not followed by a weaker one. SCRAM prepares what is not ASCII (RFC 4013), which
   we do not: there the others come first. */
static const struct mechanism *choose(const struct extensions *offers, const text *facts)
{
  static const struct mechanism bearer = { "OAUTHBEARER", say_oauthbearer }, xoauth2 = { "XOAUTH2", say_xoauth2 }, scram = { "SCRAM-SHA-256", say_scram },
                                plain = { "PLAIN", say_plain }, login = { "LOGIN", say_login };
  const char *name = record_get(facts, "login"), *password = record_get(facts, "password");
  bool is_ascii = !send_data_has_8bit(name, strlen(name)) && !send_data_has_8bit(password, strlen(password));

  if (send_token_is_wanted(facts)) return offers->auth_oauthbearer ? &bearer : offers->auth_xoauth2 ? &xoauth2 : 0;
  if (offers->auth_scram && is_ascii) return &scram;
  return offers->auth_plain ? &plain : offers->auth_login ? &login : offers->auth_scram ? &scram : 0;
}

static enum session_result log_in(struct try *t, const struct mechanism *mechanism, const char *rule, struct outcome *why)
{
  text what = TEXT_ZERO;

  if (!mechanism->say(t)) return send_failure_lost(t->c, "after AUTH", why);
  if (t->trouble) {
    text_add_format(&what, "no login by %s: %s, for ", mechanism->name, t->trouble);
    send_failure_say(t->c, "4.7.8", text_string(&what), rule, why);
  } else if (t->c->reply.code == LOGGED_IN) {
    text_copy(&t->c->login, t->login);
    text_add(&t->c->login, " by ");
    text_add(&t->c->login, mechanism->name);
    return SESSION_READY;
  } else {
    text_add_format(&what, "refused the login of %s by %s", rule, mechanism->name);
    send_failure_refused(t->c, "4.7.8", text_string(&what), why);
  }
  text_free(&what);
  return SESSION_FAILED;
}

/* A token that the server does not take may have been taken back: another one, if there is one, is tried, once. */
static enum session_result log_in_by_token(struct try *t, const struct mechanism *mechanism, const struct hop *hop, struct outcome *why)
{
  const char *rule = send_rule_name(hop), *trouble;
  text token = TEXT_ZERO, other = TEXT_ZERO;
  enum session_result result = SESSION_FAILED;

  trouble = send_token_get(&hop->facts, &hop->rule, 0, send_client_left(t->c, TOKEN_SECONDS), &token);
  if (trouble)
    send_outcome_say(why, OUTCOME_LATER, "4.3.0", "there is no token for ", rule, ": ", trouble, (char *)0);
  else {
    t->password = text_string(&token);
    result = log_in(t, mechanism, rule, why);
  }
  if (!trouble && result == SESSION_FAILED && t->c->reply.code == REFUSED &&
      !send_token_get(&hop->facts, &hop->rule, t->password, send_client_left(t->c, TOKEN_SECONDS), &other)) {
    t->password = text_string(&other);
    result = log_in(t, mechanism, rule, why);
  }
  text_wipe(&token);
  text_wipe(&other);
  return result;
}

/* Without TLS neither a password is said nor what could be guessed from (RFC 4954 4). */
enum session_result send_login(struct client *c, const struct hop *hop, const char *host, struct outcome *why)
{
  const char *rule = send_rule_name(hop);
  struct try t = { .c = c,
                   .host = host,
                   .port = hop->port,
                   .login = record_get(&hop->facts, "login"),
                   .password = record_get(&hop->facts, "password") };
  const struct mechanism *mechanism;
  bool has_token = send_token_is_wanted(&hop->facts);

  if (!*t.login) return SESSION_READY;
  if (!c->tls.len)
    return send_failure_say(c, "4.7.11", "there is no TLS, without which the password is not sent: ", rule, why);
  if (!(mechanism = choose(&c->offers, &hop->facts)))
    return send_failure_say(c, "4.7.0",
                            has_token ? "it offers no AUTH OAUTHBEARER or XOAUTH2, but there is a token for it in "
                                      : "it offers no AUTH SCRAM-SHA-256, PLAIN or LOGIN, but there is a login for it in ",
                            rule, why);
  return has_token ? log_in_by_token(&t, mechanism, hop, why) : log_in(&t, mechanism, rule, why);
}
