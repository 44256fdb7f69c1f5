/* Who it is: auth-server's word. What the client sent goes there as it came; on yes the socket goes there too. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "imap/login.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/log.h"

#define ANSWER_SECONDS 60
#define TRIES 3
#define PAUSE_MS 2000 /* after each wrong password */

static bool ask(struct imap_login *l, const text *request, const int *fds, unsigned int count, text *answer)
{
  errno = 0;
  if (l->call == -1) l->call = call_open("auth-server");
  if (l->call != -1 && call_send(l->call, request, fds, count) && call_receive(l->call, answer, 0, ANSWER_SECONDS) == CALL_DONE)
    return true;
  log_event("trouble", "what", "ask auth-server", "reason", errno ? strerror(errno) : "it closed", "client", l->peer->remote_ip, (char *)0);
  if (l->call != -1) close(l->call);
  l->call = -1;
  return false;
}

static void refuse(struct imap_login *l)
{
  imap_wire_flush(&l->wire);
  poll(0, 0, PAUSE_MS);
  imap_login_reply(l, "NO [AUTHENTICATIONFAILED] the name or the password is wrong");
  if (++l->failed_tries < TRIES) return;
  imap_wire_add(&l->wire, "* BYE too many wrong passwords\r\n");
  l->ends = true;
}

static void postpone(struct imap_login *l)
{
  imap_login_reply(l, "NO [UNAVAILABLE] nobody can log in now, try again later");
}

/* The socket goes forward, with what the client has sent behind its command. */
static enum imap_login_result start(struct imap_login *l)
{
  const int client = 0;
  text request = TEXT_ZERO, answer = TEXT_ZERO, ahead = TEXT_ZERO;

  imap_wire_flush(&l->wire);
  base64_add(&ahead, l->wire.bytes + l->wire.at, l->wire.length - l->wire.at);
  record_add(&request, "what", "start");
  record_add(&request, "tag", l->command.tag);
  record_add(&request, "ahead", text_string(&ahead));
  bool is_started = ask(l, &request, &client, 1, &answer) && record_is(&answer, "answer", "started");
  if (record_is(&answer, "answer", "limit")) imap_login_reply(l, "NO [LIMIT] too many sessions of yours from this address");
  else if (!is_started) postpone(l);
  text_free(&request);
  text_free(&answer);
  text_free(&ahead);
  return is_started ? IMAP_LOGIN_STARTED : IMAP_LOGIN_NO;
}

/* "+ CHALLENGE", and the client's line to it. False: it is not there, and the client was told. */
static bool ask_client(struct imap_login *l, const char *challenge, text *request)
{
  text ignored = TEXT_ZERO, giving_up = TEXT_ZERO;

  imap_input_expect_line(&l->wire.input);
  imap_wire_add(&l->wire, "+ ");
  imap_wire_add(&l->wire, challenge);
  imap_wire_add(&l->wire, "\r\n");
  enum imap_input_result result = imap_wire_command(&l->wire);
  text_clear(request);
  text *line = &l->wire.input.command;
  if (result == IMAP_INPUT_DONE && !text_is(line, "*") && !memchr(line->s, 0, line->len)) {
    record_add_bytes(request, "response", line->len ? line->s : "=", line->len ? line->len : 1);
    explicit_bzero(line->s, line->len);
    return true;
  }
  record_add(&giving_up, "response", "*");
  ask(l, &giving_up, 0, 0, &ignored);
  if (result != IMAP_INPUT_LOST) imap_login_reply(l, "BAD the exchange was given up");
  l->useless++;
  text_free(&ignored);
  text_free(&giving_up);
  return false;
}

/* With the mechanism goes what tls-server says of the client's certificate. */
static unsigned int shows_certificate(const struct imap_login *l, const text *request)
{
  return l->certificate.identity && record_is(request, "mechanism", "EXTERNAL");
}

static enum imap_login_result exchange(struct imap_login *l, text *request)
{
  enum imap_login_result result = IMAP_LOGIN_NO;
  text answer = TEXT_ZERO;
  bool goes_on = true;

  while (goes_on) {
    goes_on = false;
    if (!ask(l, request, &l->certificate.identity, shows_certificate(l, request), &answer) || record_is(&answer, "answer", "later")) postpone(l);
    else if (record_is(&answer, "answer", "continue")) goes_on = ask_client(l, record_get(&answer, "challenge"), request);
    else if (record_is(&answer, "answer", "yes")) result = start(l);
    else refuse(l);
  }
  text_free(&answer);
  text_wipe(request);
  return result;
}

static void describe(const struct imap_login *l, const char *mechanism, text *request)
{
  record_add(request, "service", "imap");
  record_add(request, "mechanism", mechanism);
  record_add(request, "ip", l->peer->remote_ip);
  record_add(request, "tls", l->tls.len ? "yes" : "no");
  text_add_text(request, &l->bindings);
}

enum imap_login_result imap_login_password(struct imap_login *l)
{
  text request = TEXT_ZERO, plain = TEXT_ZERO, encoded = TEXT_ZERO;

  text_add_char(&plain, 0);
  text_add(&plain, l->command.login);
  text_add_char(&plain, 0);
  text_add(&plain, l->command.password);
  base64_add(&encoded, plain.s, plain.len);
  describe(l, "PLAIN", &request);
  record_add_bytes(&request, "response", encoded.s, encoded.len);
  text_wipe(&plain);
  text_wipe(&encoded);
  return exchange(l, &request);
}

struct mechanisms imap_login_mechanisms(const struct imap_login *l)
{
  return (struct mechanisms){ .policy = l->tables, .bindings = &l->bindings, .certificate = &l->certificate };
}

enum imap_login_result imap_login_authenticate(struct imap_login *l)
{
  struct mechanisms m = imap_login_mechanisms(l);
  text request = TEXT_ZERO;

  if (!mechanisms_has(&m, l->command.mechanism)) {
    imap_login_reply(l, "NO [CANNOT] this mechanism is not offered: CAPABILITY says which are");
    l->useless++;
    return IMAP_LOGIN_NO;
  }
  describe(l, l->command.mechanism, &request);
  if (l->command.initial) record_add(&request, "response", l->command.initial);
  return exchange(l, &request);
}
