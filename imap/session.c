#include "imap/session.h"

#include <string.h>

#include "imap/commands.h"
#include "imap/mailbox.h"
#include "imap/quota.h"
#include "imap/relay.h"
#include "imap/rights.h"
#include "imap/share.h"
#include "lib/die.h"
#include "lib/log.h"

#define SILENCE_SECONDS (30 * 60) /* RFC 3501 5.4 */

enum { ANY, OWN, LOGIN_ONLY, SELECTED }; /* what a command needs; OWN: a mailbox of one's own, what is told or written there is nobody else's */
enum { NO_EXPUNGES, EXPUNGES };                                  /* RFC 3501 7.4.1: not while numbers are in use */

static const struct handler {
  void (*run)(struct imap_state *s);
  int needs;
  int tells;
} handlers[] = {
  [IMAP_CAPABILITY] = { imap_cmd_capability, ANY, EXPUNGES },
  [IMAP_NOOP] = { imap_cmd_noop, ANY, EXPUNGES },
  [IMAP_LOGOUT] = { imap_cmd_logout, ANY, NO_EXPUNGES },
  [IMAP_ID] = { imap_cmd_id, ANY, EXPUNGES },
  [IMAP_STARTTLS] = { 0, LOGIN_ONLY, NO_EXPUNGES },
  [IMAP_AUTHENTICATE] = { 0, LOGIN_ONLY, NO_EXPUNGES },
  [IMAP_LOGIN] = { 0, LOGIN_ONLY, NO_EXPUNGES },
  [IMAP_SELECT] = { imap_cmd_select, ANY, EXPUNGES },
  [IMAP_EXAMINE] = { imap_cmd_select, ANY, EXPUNGES },
  [IMAP_CREATE] = { imap_cmd_create, ANY, EXPUNGES },
  [IMAP_DELETE] = { imap_cmd_delete, ANY, EXPUNGES },
  [IMAP_RENAME] = { imap_cmd_rename, ANY, EXPUNGES },
  [IMAP_SUBSCRIBE] = { imap_cmd_subscribe, OWN, EXPUNGES },
  [IMAP_UNSUBSCRIBE] = { imap_cmd_subscribe, OWN, EXPUNGES },
  [IMAP_LIST] = { imap_cmd_list, OWN, EXPUNGES },
  [IMAP_LSUB] = { imap_cmd_list, OWN, EXPUNGES },
  [IMAP_STATUS] = { imap_cmd_status, ANY, EXPUNGES },
  [IMAP_APPEND] = { imap_cmd_append, ANY, EXPUNGES },
  [IMAP_NAMESPACE] = { imap_cmd_namespace, ANY, EXPUNGES },
  [IMAP_IDLE] = { imap_cmd_idle, ANY, EXPUNGES },
  [IMAP_MYRIGHTS] = { imap_cmd_myrights, ANY, EXPUNGES },
  [IMAP_GETACL] = { imap_cmd_getacl, ANY, EXPUNGES },
  [IMAP_LISTRIGHTS] = { imap_cmd_listrights, ANY, EXPUNGES },
  [IMAP_SETACL] = { imap_cmd_setacl, ANY, EXPUNGES },
  [IMAP_DELETEACL] = { imap_cmd_setacl, ANY, EXPUNGES },
  [IMAP_CHECK] = { imap_cmd_noop, SELECTED, EXPUNGES },
  [IMAP_CLOSE] = { imap_cmd_close, SELECTED, NO_EXPUNGES },
  [IMAP_UNSELECT] = { imap_cmd_unselect, SELECTED, NO_EXPUNGES },
  [IMAP_EXPUNGE] = { imap_cmd_expunge, SELECTED, EXPUNGES },
  [IMAP_SEARCH] = { imap_cmd_search, SELECTED, NO_EXPUNGES },
  [IMAP_FETCH] = { imap_cmd_fetch, SELECTED, NO_EXPUNGES },
  [IMAP_STORE] = { imap_cmd_store, SELECTED, NO_EXPUNGES },
  [IMAP_COPY] = { imap_cmd_copy, SELECTED, EXPUNGES },
  [IMAP_MOVE] = { imap_cmd_move, SELECTED, EXPUNGES },
};

static void send_reply(struct imap_state *s, const char *tag)
{
  imap_wire_add(&s->wire, tag);
  imap_wire_add(&s->wire, " ");
  imap_wire_add_bytes(&s->wire, s->reply.s, s->reply.len);
  imap_wire_add(&s->wire, "\r\n");
}

static void run_command(struct imap_state *s)
{
  const struct handler *handler = &handlers[s->command.verb];

  if (handler->needs == LOGIN_ONLY) imap_bad(s, "you are logged in already");
  else if (handler->needs == OWN && s->start->share) imap_no(s, "[NOPERM] not of a public mailbox");
  else if (handler->needs == SELECTED && !s->is_selected && !s->relay) imap_bad(s, "select a mailbox first");
  else if (!imap_relay_run(s)) {
    imap_rights_look(s);
    handler->run(s);
  }
  /* With UIDs no number is in use: RFC 3501 6.4.8. */
  imap_announce(s, handler->tells == EXPUNGES || s->command.by_uid);
}

/* A command that is complete, or an APPEND up to its message. */
static void take_command(struct imap_state *s, bool is_append)
{
  const text *line = &s->wire.input.command;

  if (!is_append && !line->len) return;
  if (!imap_command_parse(&s->command, line->s, line->len)) {
    imap_bad(s, s->command.error.len ? text_string(&s->command.error) : "this is no command");
    if (is_append) imap_input_refuse(&s->wire.input);
  } else if (s->command.verb == IMAP_APPEND && !is_append) imap_bad(s, "APPEND ends with the message, as a literal");
  else run_command(s);
  send_reply(s, s->command.tag);
}

static void refuse(struct imap_state *s)
{
  text tag = TEXT_ZERO;

  imap_input_tag(&s->wire.input, &tag);
  imap_bad(s, s->wire.input.error);
  send_reply(s, text_string(&tag));
  text_free(&tag);
}

static void say_goodbye(struct imap_state *s)
{
  switch (s->wire.end) {
  case IMAP_WIRE_SILENT: imap_wire_add(&s->wire, "* BYE nothing was heard for 30 minutes\r\n"); break;
  case IMAP_WIRE_TERMINATED: imap_wire_add(&s->wire, "* BYE the server is shutting down, come back in a minute\r\n"); break;
  case IMAP_WIRE_OPEN:
    if (s->ends) break;
    imap_wire_add(&s->wire, "* BYE ");
    imap_wire_add(&s->wire, s->wire.input.error);
    imap_wire_add(&s->wire, "\r\n");
    break;
  default: break;
  }
  imap_wire_flush(&s->wire);
}

static void speak(struct imap_state *s)
{
  while (!s->ends)
    switch (imap_wire_command(&s->wire)) {
    case IMAP_INPUT_DONE: take_command(s, false); break;
    case IMAP_INPUT_STREAM: take_command(s, true); break;
    case IMAP_INPUT_REFUSED: refuse(s); break;
    default: return;
    }
}

static void greet(struct imap_state *s)
{
  if (*s->start->tag) {
    imap_wire_add(&s->wire, s->start->tag);
    imap_wire_add(&s->wire, " OK");
  } else imap_wire_add(&s->wire, "* PREAUTH");
  imap_wire_add(&s->wire, " [CAPABILITY ");
  imap_wire_add(&s->wire, imap_capabilities(s));
  imap_wire_add(&s->wire, "] logged in\r\n");
}

void imap_session(int in, int out, const struct imap_start *start)
{
  static struct imap_state s;

  memset(&s, 0, sizeof s);
  s.start = start;
  imap_wire_open(&s.wire, in, out);
  s.wire.seconds = start->share ? 2 * SILENCE_SECONDS : SILENCE_SECONDS; /* who speaks for a client ends before */
  imap_input_limit(&s.wire.input, IMAP_COMMAND_MAX, IMAP_COMMAND_MAX, true);
  if (!(start->share ? imap_mailbox_make() : imap_mailbox_prepare())) die_unable("use the mailbox of ", start->login);
  if (start->ahead_length > sizeof s.wire.bytes) die_permanent("more bytes were sent ahead than a session takes");
  imap_wire_put_back(&s.wire, start->ahead, start->ahead_length);
  if (start->share && start->share->has_own_seen) imap_seen_of(start->share->user);
  s.wire.input.may_append_more = start->share != 0; /* a COPY of several is all or nothing (imap/relay_target) */
  imap_quota_begin(&s);
  if (!start->share) greet(&s);
  speak(&s);
  say_goodbye(&s);
  imap_unselect(&s);
  imap_relay_end(&s);
  imap_command_free(&s.command);
  imap_wire_free(&s.wire);
  text_free(&s.reply);
  text_free(&s.name);
}
