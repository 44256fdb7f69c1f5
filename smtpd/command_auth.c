#include <poll.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/log.h"
#include "smtpd/commands.h"

enum { RESPONSE_MAX_BYTES = 12288, FAILED_MAX = 3, FAILED_PAUSE_MS = 3000 };

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

/* 334, and what the client says to it. False: it was answered, the exchange is over. */
static bool ask_client(struct session *s, enum authenticate_result *result)
{
  enum smtpd_line kind;
  const char *line;
  size_t length;

  text_add(&s->output, "334 ");
  reply(s, authenticate_challenge(&s->authenticate));
  if (!session_line(s, RESPONSE_MAX_BYTES, &kind, &line, &length)) return false;
  if (kind == LINE_TAKEN && is_base64(line, length)) {
    *result = authenticate_answer(&s->authenticate, line, length);
    return true;
  }
  authenticate_give_up(&s->authenticate);
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

static void accept_login(struct session *s, const text *mechanism)
{
  const text *answer = &s->authenticate.answer;

  text_copy(&s->login, record_get(answer, "name"));
  text_string(&s->login);
  text_copy(&s->mailbox, record_get(answer, "mailbox"));
  text_string(&s->mailbox);
  text_copy(&s->backend, record_get(answer, "backend"));
  text_string(&s->backend);
  s->idle = 0;
  log_login(s, "login", mechanism);
  if (*record_get(answer, "master")) log_event("master", "login", s->login.s, "master", record_get(answer, "master"), "client", s->peer->remote_ip, (char *)0);
  authenticate_end(&s->authenticate);
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

static void postpone(struct session *s)
{
  log_event("login-failed", "error", record_get(&s->authenticate.answer, "error"), "client", s->peer->remote_ip, (char *)0);
  authenticate_end(&s->authenticate);
  reply(s, "454 4.7.0 Logins are not possible now, try again later");
}

static void exchange(struct session *s, const text *mechanism, const char *initial, size_t length)
{
  s->authenticate.service = "submit";
  s->authenticate.ip = s->peer->remote_ip;
  s->authenticate.bindings = &s->bindings;
  s->authenticate.certificate = &s->certificate;
  enum authenticate_result result = authenticate_begin(&s->authenticate, mechanism->s, initial, length);
  while (result == AUTHENTICATE_CONTINUE)
    if (!ask_client(s, &result)) return;
  if (result == AUTHENTICATE_LATER)
    postpone(s);
  else if (result == AUTHENTICATE_YES && *record_get(&s->authenticate.answer, "name"))
    accept_login(s, mechanism);
  else if (record_is(&s->authenticate.answer, "error", "malformed"))
    reply_error(s, "501 5.5.2 The response is not one of this mechanism");
  else
    refuse_login(s, mechanism);
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
  text mechanism = TEXT_ZERO;

  take_mechanism(&argument, &length, &mechanism);
  if (wrong)
    reply_error(s, wrong);
  else if (!mechanism.len)
    reply_error(s, "501 5.5.4 Say AUTH and a mechanism");
  else if (!is_offered(s, &mechanism))
    reply_error(s, "504 5.5.4 The mechanism is not offered");
  else if (length && !is_empty_response(argument, length) && !is_base64(argument, length))
    reply_error(s, "501 5.5.2 Not base64");
  else
    exchange(s, &mechanism, argument, length);
  text_free(&mechanism);
  smtpd_input_wipe(&s->input);
}
