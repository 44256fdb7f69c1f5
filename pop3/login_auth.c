/* Who it is: auth-server's word (lib/authenticate). */

#include <poll.h>
#include <string.h>

#include "pop3/login.h"

#define TRIES 3
#define PAUSE_MS 2000 /* after each wrong password */

struct mechanisms pop3_login_mechanisms(const struct pop3_login *l)
{
  return (struct mechanisms){ .policy = l->tables, .bindings = &l->bindings, .certificate = &l->certificate };
}

/* RFC 3206 */
static void refuse(struct pop3_login *l)
{
  imap_wire_flush(&l->wire);
  poll(0, 0, PAUSE_MS);
  pop3_answer(&l->wire, "-ERR", "[AUTH] the name or the password is wrong");
  l->ends = ++l->failed_tries == TRIES;
}

static void postpone(struct pop3_login *l)
{
  pop3_answer(&l->wire, "-ERR", "[SYS/TEMP] nobody can log in now, try again later");
}

/* The socket goes forward, with what the client has sent behind its command; the session tells in CAPA what was offered here (RFC 2449 6.3: the same in both states). */
static void start(struct pop3_login *l)
{
  struct mechanisms m = pop3_login_mechanisms(l);
  text offered = TEXT_ZERO;

  imap_wire_flush(&l->wire);
  mechanisms_add(&m, "", &offered);
  switch (authenticate_start(&l->authenticate, text_string(&offered), l->wire.bytes + l->wire.at, l->wire.length - l->wire.at)) {
  case AUTHENTICATE_STARTED: l->ends = true; break;
  case AUTHENTICATE_LIMIT: pop3_answer(&l->wire, "-ERR", "[IN-USE] too many sessions of yours from this address"); break;
  default: postpone(l);
  }
  text_free(&offered);
}

/* False: the exchange is over, and the client was told. RFC 5034 4: "*" gives up. */
static bool ask_client(struct pop3_login *l, enum authenticate_result *result)
{
  const text *line = &l->line.bytes;

  pop3_answer(&l->wire, "+", authenticate_challenge(&l->authenticate));
  enum pop3_heard heard = pop3_listen(&l->wire, &l->line);
  if (heard == POP3_HEARD_LINE && !text_is(line, "*") && !memchr(line->s, 0, line->len)) {
    *result = authenticate_answer(&l->authenticate, line->s, line->len);
    return true;
  }
  authenticate_give_up(&l->authenticate);
  if (heard != POP3_HEARD_NOTHING) pop3_answer(&l->wire, "-ERR", "the exchange was given up");
  l->useless++;
  return false;
}

static void proceed(struct pop3_login *l, enum authenticate_result result)
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

void pop3_login_password(struct pop3_login *l)
{
  proceed(l, authenticate_password(&l->authenticate, l->user.s, l->command.argument));
  text_wipe(&l->user);
}

void pop3_login_authenticate(struct pop3_login *l)
{
  struct mechanisms m = pop3_login_mechanisms(l);

  if (mechanisms_has(&m, l->command.argument)) {
    proceed(l, authenticate_begin(&l->authenticate, l->command.argument, l->command.initial, l->command.initial ? strlen(l->command.initial) : 0));
    return;
  }
  pop3_answer(&l->wire, "-ERR", "this mechanism is not offered: CAPA says which are");
  l->useless++;
}
