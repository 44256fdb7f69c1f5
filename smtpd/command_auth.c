#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/call.h"
#include "lib/log.h"
#include "smtpd/commands.h"

enum { RESPONSE_MAX_BYTES = 12288, AUTH_SECONDS = 60, FAILED_MAX = 3, FAILED_PAUSE_MS = 3000 };

/* The mechanism's name, in upper case, from the argument, in which its response is left. */
static void take_mechanism(const char **argument, size_t *length, text *mechanism)
{
  size_t name = 0;

  while (name < *length && (*argument)[name] != ' ') name++;
  text_copy_bytes(mechanism, *argument, name);
  for (size_t i = 0; i < name; i++)
    if (ascii_is_alpha(mechanism->s[i])) mechanism->s[i] &= (char)~0x20;
  while (name < *length && (*argument)[name] == ' ') name++;
  *argument += name;
  *length -= name;
}

struct mechanisms session_mechanisms(const struct session *s)
{
  return (struct mechanisms){ .policy = s->tables, .bindings = &s->bindings, .certificate = &s->certificate };
}

static bool is_offered(const struct session *s, text *mechanism)
{
  struct mechanisms m = session_mechanisms(s);

  return mechanisms_has(&m, text_string(mechanism));
}

static bool is_base64(const char *bytes, size_t length)
{
  text decoded = TEXT_ZERO;
  bool is = base64_decode(&decoded, bytes, length);

  text_wipe(&decoded);
  return is;
}

/* RFC 4954 4: in the AUTH command, and only there. */
static bool is_empty_response(const char *argument, size_t length) { return length == 1 && *argument == '='; }

/* With the mechanism goes what tls-server says of the client's certificate. */
static bool ask(struct session *s, const text *request, text *answer)
{
  unsigned int count = s->certificate.identity && record_is(request, "mechanism", "EXTERNAL");

  if (s->auth_call == -1) s->auth_call = call_open("auth-server");
  if (s->auth_call != -1 && call_send(s->auth_call, request, &s->certificate.identity, count) &&
      call_receive(s->auth_call, answer, 0, AUTH_SECONDS) == CALL_DONE)
    return true;
  text_clear(answer);
  return false;
}

static void forget_call(struct session *s)
{
  if (s->auth_call != -1) close(s->auth_call);
  s->auth_call = -1;
}

static void give_up(struct session *s)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  record_add(&request, "response", "*");
  if (!ask(s, &request, &answer)) forget_call(s);
  text_free(&request);
  text_free(&answer);
}

/* 334, and what the client says to it. False: it was answered, the exchange is over. */
static bool ask_client(struct session *s, const char *challenge, text *request)
{
  enum smtpd_line kind;
  const char *line;
  size_t length;

  text_add(&s->output, "334 ");
  reply(s, challenge);
  if (!session_line(s, RESPONSE_MAX_BYTES, &kind, &line, &length)) return false;
  text_clear(request);
  if (kind == LINE_TAKEN && is_base64(line, length)) {
    record_add_bytes(request, "response", line, length);
    return true;
  }
  give_up(s);
  if (kind == LINE_TOO_LONG)
    reply_error(s, "500 5.5.6 Line too long");
  else if (kind == LINE_TAKEN && length == 1 && *line == '*')
    reply_error(s, "501 5.7.0 Authentication cancelled");
  else
    reply_error(s, "501 5.5.2 Not base64");
  return false;
}

static void log_login(const struct session *s, const char *event, const text *mechanism)
{
  log_event(event, "login", session_login(s), "mechanism", mechanism->s, "client", s->peer->remote_ip, "helo", s->helo.s,
            "tls", s->tls.s, (char *)0);
}

static void accept_login(struct session *s, const text *answer, const text *mechanism)
{
  text_copy(&s->login, record_get(answer, "name"));
  text_string(&s->login);
  text_copy(&s->mailbox, record_get(answer, "mailbox"));
  text_string(&s->mailbox);
  text_copy(&s->backend, record_get(answer, "backend"));
  text_string(&s->backend);
  forget_call(s);
  s->idle = 0;
  log_login(s, "login", mechanism);
  if (*record_get(answer, "master")) log_event("master", "login", s->login.s, "master", record_get(answer, "master"), "client", s->peer->remote_ip, (char *)0);
  reply(s, "235 2.7.0 Authentication successful");
}

static void refuse_login(struct session *s, const text *mechanism)
{
  log_login(s, "login-refused", mechanism);
  reply_error(s, "535 5.7.8 Error: authentication failed");
  if (++s->failed_logins < FAILED_MAX || s->is_over) return;
  reply_flush(s);
  poll(0, 0, FAILED_PAUSE_MS);
  reply_last(s, "421 4.7.0 Too many failed logins");
}

static void exchange(struct session *s, text *request, const text *mechanism)
{
  text answer = TEXT_ZERO;
  bool is_going_on;

  do {
    is_going_on = false;
    if (!ask(s, request, &answer) || record_is(&answer, "answer", "later")) {
      log_event("login-failed", "error", record_get(&answer, "error"), "client", s->peer->remote_ip, (char *)0);
      forget_call(s);
      reply(s, "454 4.7.0 Logins are not possible now, try again later");
    } else if (record_is(&answer, "answer", "continue"))
      is_going_on = ask_client(s, record_get(&answer, "challenge"), request);
    else if (record_is(&answer, "answer", "yes") && *record_get(&answer, "name"))
      accept_login(s, &answer, mechanism);
    else if (record_is(&answer, "error", "malformed"))
      reply_error(s, "501 5.5.2 The response is not one of this mechanism");
    else
      refuse_login(s, mechanism);
  } while (is_going_on);
  text_free(&answer);
}

/* Why AUTH cannot begin, as the answer; 0 if it can. */
static const char *obstacle(const struct session *s)
{
  if (s->role->auth == ROLE_AUTH_NEVER || (s->role->auth == ROLE_AUTH_ON_THIS_HOST && !peer_is_this_host(s->peer)))
    return "502 5.5.1 AUTH is not offered";
  if (!session_is_private(s)) return "538 5.7.11 Encryption is required: issue a STARTTLS command first";
  if (s->login.len) return "503 5.5.1 You are logged in already";
  if (s->mail.has_sender) return "503 5.5.1 Not within a mail transaction";
  return 0;
}

void auth_proceed(struct session *s, const char *argument, size_t length)
{
  const char *wrong = obstacle(s);
  text mechanism = TEXT_ZERO, request = TEXT_ZERO;

  take_mechanism(&argument, &length, &mechanism);
  if (wrong)
    reply_error(s, wrong);
  else if (!mechanism.len)
    reply_error(s, "501 5.5.4 Say AUTH and a mechanism");
  else if (!is_offered(s, &mechanism))
    reply_error(s, "504 5.5.4 The mechanism is not offered");
  else if (length && !is_empty_response(argument, length) && !is_base64(argument, length))
    reply_error(s, "501 5.5.2 Not base64");
  else {
    record_add(&request, "service", "submit");
    record_add(&request, "mechanism", text_string(&mechanism));
    record_add(&request, "ip", s->peer->remote_ip);
    record_add(&request, "tls", "yes");
    text_add_text(&request, &s->bindings);
    if (length) record_add_bytes(&request, "response", argument, length);
    exchange(s, &request, &mechanism);
  }
  text_free(&mechanism);
  text_wipe(&request);
  smtpd_input_wipe(&s->input);
}
