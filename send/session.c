#include "send/session.h"

#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/call.h"
#include "lib/log.h"
#include "lib/tables.h"

enum { TLS_SECONDS = 40, READY = 220, MORE = 334, LOGGED_IN = 235 };

/* The result is ours when the server's reply does not decide about the mail, but about us: always later. */
static enum session_result refused(const struct client *c, const char *status, const char *what, struct outcome *why)
{
  text remote = TEXT_ZERO, reply = TEXT_ZERO;

  text_add_text(&remote, &c->remote);
  text_add_number(&reply, c->reply.code);
  text_add_char(&reply, ' ');
  send_reply_words(&c->reply, &reply, 500);
  send_outcome_say(why, OUTCOME_LATER, status, text_string(&remote), " ", what, ": ", text_string(&reply), (char *)0);
  why->code = c->reply.code / 100 == 4 ? c->reply.code : 0;
  text_free(&remote);
  text_free(&reply);
  return SESSION_FAILED;
}

static enum session_result lost(const struct client *c, const char *when, struct outcome *why)
{
  send_client_explain(c, when, why);
  why->kind = OUTCOME_LATER;
  return SESSION_FAILED;
}

static enum session_result fault(const struct client *c, const char *status, const char *what, const char *more,
                                 struct outcome *why)
{
  text remote = TEXT_ZERO;

  text_add_text(&remote, &c->remote);
  send_outcome_say(why, OUTCOME_LATER, status, text_string(&remote), ": ", what, more, (char *)0);
  text_free(&remote);
  return SESSION_FAILED;
}

/* An MX that calls itself by our name is ourselves, by an address that we do not know of. */
static bool calls_itself(const struct client *c, const text *name)
{
  size_t length = name->len;
  const text *lines = &c->reply.lines;

  return lines->len > length && bytes_are_nocase(lines->s, name->s, length) &&
         (lines->s[length] == ' ' || lines->s[length] == '\n');
}

static enum session_result hello(struct client *c, const struct hop *hop, struct outcome *why)
{
  text name = TEXT_ZERO;
  bool heard;

  text_add_text(&name, &hop->helo);
  heard = send_client_ask(c, "EHLO ", text_string(&name));
  if (heard && c->reply.code / 100 == 2)
    send_extensions_parse(&c->offers, &c->reply);
  else if (heard && c->reply.code / 100 == 5) {
    c->offers = (struct extensions){ .size_max = 0 };
    heard = send_client_ask(c, "HELO ", text_string(&name));
  }
  text_free(&name);
  if (!heard) return lost(c, "after EHLO", why);
  if (c->reply.code / 100 != 2) return refused(c, "4.5.0", "refused our HELO", why);
  return hop->is_mx && calls_itself(c, &hop->helo) ? SESSION_LOOP : SESSION_READY;
}

/* Hands the socket to tls-client. */
static enum session_result encrypt(struct client *c, const struct hop *hop, const char *host, struct outcome *why)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds;
  bool must_verify = hop->tls == HOP_TLS_VERIFY || hop->tls == HOP_TLS_TLS;
  enum session_result result = SESSION_READY;

  record_add(&request, "what", "connect");
  record_add(&request, "name", host);
  record_add(&request, "verify", must_verify ? "name" : "none");
  if (call_ask("tls-client", &request, &c->fd, 1, &answer, &fds, TLS_SECONDS) != CALL_DONE)
    result = fault(c, "4.3.0", "our tls-client does not answer", "", why);
  else if (record_is(&answer, "answer", "yes") && fds.count == 1) {
    send_client_go_on(c, fds.fd[0]);
    text_copy(&c->tls, record_get(&answer, "protocol"));
    text_add_char(&c->tls, ' ');
    text_add(&c->tls, record_get(&answer, "cipher"));
  } else {
    call_close_fds(&fds);
    send_client_close(c);
    fault(c, "4.7.5", "no TLS: ", record_get(&answer, "error"), why);
    result = hop->tls == HOP_TLS_MAY ? SESSION_CLEAR : SESSION_FAILED;
  }
  text_free(&request);
  text_free(&answer);
  return result;
}

static enum session_result start_tls(struct client *c, const struct hop *hop, const char *host, struct outcome *why)
{
  enum session_result result;

  if (!c->offers.starttls) {
    if (hop->tls == HOP_TLS_MAY) return SESSION_READY;
    return fault(c, "4.7.4", "it does not offer STARTTLS, which the relay rule demands", "", why);
  }
  if (!send_client_ask(c, "STARTTLS", "")) return lost(c, "after STARTTLS", why);
  if (c->reply.code != READY)
    return hop->tls == HOP_TLS_MAY ? SESSION_READY : refused(c, "4.7.4", "refused STARTTLS", why);
  result = encrypt(c, hop, host, why);
  return result == SESSION_READY ? hello(c, hop, why) : result;
}

static bool say_encoded(struct client *c, const char *command, const char *bytes, size_t length)
{
  text encoded = TEXT_ZERO;
  bool heard;

  base64_add(&encoded, bytes, length);
  heard = send_client_ask(c, command, text_string(&encoded));
  text_free(&encoded);
  return heard;
}

/* RFC 4616, or the older LOGIN. False: no reply. */
static bool say_login(struct client *c, const char *login, const char *password)
{
  text response = TEXT_ZERO;
  bool heard;

  if (!c->offers.auth_plain)
    return send_client_ask(c, "AUTH LOGIN", "") &&
           (c->reply.code != MORE || say_encoded(c, "", login, strlen(login))) &&
           (c->reply.code != MORE || say_encoded(c, "", password, strlen(password)));
  text_add_char(&response, 0);
  text_add(&response, login);
  text_add_char(&response, 0);
  text_add(&response, password);
  heard = say_encoded(c, "AUTH PLAIN ", response.s, response.len);
  text_free(&response);
  return heard;
}

static enum session_result log_in_as(struct client *c, const struct hop *hop, const char *rule, const text *credentials,
                                     struct outcome *why)
{
  text what = TEXT_ZERO;

  if (!c->tls.len && hop->tls != HOP_TLS_OFF)
    return fault(c, "4.7.11", "there is no TLS, without which the password is not sent: relay rule ", rule, why);
  if (!c->offers.auth_plain && !c->offers.auth_login)
    return fault(c, "4.7.0", "it offers no AUTH PLAIN or LOGIN, but there is a login for it in relay rule ", rule, why);
  if (!say_login(c, record_get(credentials, "login"), record_get(credentials, "password")))
    return lost(c, "after AUTH", why);
  if (c->reply.code == LOGGED_IN) return SESSION_READY;
  text_add(&what, "refused the login of relay rule ");
  text_add(&what, rule);
  refused(c, "4.7.8", text_string(&what), why);
  text_free(&what);
  return SESSION_FAILED;
}

/* The credentials are read anew for each session, so that a changed rule counts at once (N-88). */
static enum session_result log_in(struct client *c, const struct hop *hop, struct outcome *why)
{
  struct tables tables = TABLES_ZERO;
  text rule = TEXT_ZERO, credentials = TEXT_ZERO;
  enum session_result result = SESSION_READY;
  enum lookup_result found;

  if (!hop->rule.len) return SESSION_READY;
  text_add_text(&rule, &hop->rule);
  found =
      tables_open(&tables, "relay") ? tables_find(&tables, "rule", text_string(&rule), &credentials) : LOOKUP_BROKEN;
  if (found == LOOKUP_BROKEN)
    result = fault(c, "4.3.0", "tables/current/relay.cdb cannot be read, for relay rule ", text_string(&rule), why);
  else if (found == LOOKUP_FOUND && record_find(&credentials, "login"))
    result = log_in_as(c, hop, text_string(&rule), &credentials, why);
  tables_close(&tables);
  text_free(&rule);
  text_free(&credentials);
  return result;
}

enum session_result send_session_open(struct client *c, const struct hop *hop, const char *host, bool allow_tls,
                                      struct outcome *why)
{
  enum session_result result = hop->tls == HOP_TLS_TLS ? encrypt(c, hop, host, why) : SESSION_READY;

  if (result != SESSION_READY) return result;
  if (!send_client_hear(c, c->seconds)) return lost(c, "before its greeting", why);
  if (c->reply.code != READY) return refused(c, "4.3.2", "takes no mail now", why);
  result = hello(c, hop, why);
  if (result == SESSION_READY && allow_tls && hop->tls != HOP_TLS_TLS && hop->tls != HOP_TLS_OFF)
    result = start_tls(c, hop, host, why);
  if (result == SESSION_READY) result = log_in(c, hop, why);
  return result;
}
