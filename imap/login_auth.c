/* Who it is: auth-server's word (lib/authenticate). */

#include <poll.h>
#include <string.h>

#include "imap/login.h"

#define TRIES 3
#define PAUSE_MS 2000 /* after each wrong password */

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
static void start(struct imap_login *l)
{
  imap_wire_flush(&l->wire);
  switch (authenticate_start(&l->authenticate, l->command.tag, l->wire.bytes + l->wire.at, l->wire.length - l->wire.at)) {
  case AUTHENTICATE_STARTED: l->ends = true; break;
  case AUTHENTICATE_LIMIT: imap_login_reply(l, "NO [LIMIT] too many sessions of yours from this address"); break;
  default: postpone(l);
  }
}

/* "+ CHALLENGE", and the client's line to it. False: the exchange is over, and the client was told. */
static bool ask_client(struct imap_login *l, enum authenticate_result *result)
{
  text *line = &l->wire.input.command;

  imap_input_expect_line(&l->wire.input);
  imap_wire_add(&l->wire, "+ ");
  imap_wire_add(&l->wire, authenticate_challenge(&l->authenticate));
  imap_wire_add(&l->wire, "\r\n");
  enum imap_input_result heard = imap_wire_command(&l->wire);
  if (heard == IMAP_INPUT_DONE && !text_is(line, "*") && !memchr(line->s, 0, line->len)) {
    *result = authenticate_answer(&l->authenticate, line->s, line->len);
    explicit_bzero(line->s, line->len);
    return true;
  }
  authenticate_give_up(&l->authenticate);
  if (heard != IMAP_INPUT_LOST) imap_login_reply(l, "BAD the exchange was given up");
  l->useless++;
  return false;
}

static void proceed(struct imap_login *l, enum authenticate_result result)
{
  while (result == AUTHENTICATE_CONTINUE)
    if (!ask_client(l, &result)) return;
  switch (result) {
  case AUTHENTICATE_YES: start(l); break;
  case AUTHENTICATE_NO: refuse(l); break;
  case AUTHENTICATE_LATER: postpone(l); break;
  default: break;
  }
}

void imap_login_password(struct imap_login *l) { proceed(l, authenticate_password(&l->authenticate, l->command.login, l->command.password)); }

struct mechanisms imap_login_mechanisms(const struct imap_login *l)
{
  return (struct mechanisms){ .policy = l->tables, .bindings = &l->bindings, .certificate = &l->certificate };
}

void imap_login_authenticate(struct imap_login *l)
{
  struct mechanisms m = imap_login_mechanisms(l);
  const char *initial = l->command.initial;

  if (mechanisms_has(&m, l->command.mechanism)) {
    proceed(l, authenticate_begin(&l->authenticate, l->command.mechanism, initial, initial ? strlen(initial) : 0));
    return;
  }
  imap_login_reply(l, "NO [CANNOT] this mechanism is not offered: CAPABILITY says which are");
  l->useless++;
}
