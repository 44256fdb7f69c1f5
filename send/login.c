#include "send/login.h"

#include <string.h>

#include "lib/base64.h"
#include "send/failure.h"
#include "send/rule.h"

enum { MORE = 334, LOGGED_IN = 235 };

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

/* Without TLS neither a password is said nor what could be guessed from (RFC 4954 4). */
enum session_result send_login(struct client *c, const struct hop *hop, struct outcome *why)
{
  const char *rule = send_rule_name(hop);
  text what = TEXT_ZERO;

  if (!record_find(&hop->facts, "login")) return SESSION_READY;
  if (!c->tls.len)
    return send_failure_say(c, "4.7.11", "there is no TLS, without which the password is not sent: ", rule, why);
  if (!c->offers.auth_plain && !c->offers.auth_login)
    return send_failure_say(c, "4.7.0", "it offers no AUTH PLAIN or LOGIN, but there is a login for it in ", rule, why);
  if (!say_login(c, record_get(&hop->facts, "login"), record_get(&hop->facts, "password")))
    return send_failure_lost(c, "after AUTH", why);
  if (c->reply.code == LOGGED_IN) {
    text_copy(&c->login, record_get(&hop->facts, "login"));
    return SESSION_READY;
  }
  text_add(&what, "refused the login of ");
  text_add(&what, rule);
  send_failure_refused(c, "4.7.8", text_string(&what), why);
  text_free(&what);
  return SESSION_FAILED;
}
