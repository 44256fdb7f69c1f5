/* RETR and TOP */

#include <errno.h>

#include "pop3/shown.h"
#include "pop3/state.h"

static void send(struct pop3_state *s, struct pop3_shown *shown)
{
  struct bytes run;

  imap_wire_add(&s->box.wire, "+OK ");
  imap_wire_add_number(&s->box.wire, shown->octets.size);
  imap_wire_add(&s->box.wire, " octets\r\n");
  while (pop3_shown_next(shown, &run)) imap_wire_add_bytes(&s->box.wire, run.s, run.len);
  imap_wire_add(&s->box.wire, ".\r\n");
}

void pop3_cmd_retr(struct pop3_state *s)
{
  struct pop3_shown shown;
  size_t place;

  if (!pop3_place(s, &place)) return;
  imap_loaded_start(&s->loaded, &s->box.folder, place);
  if (!imap_loaded_read(&s->loaded)) {
    if (errno == ENOENT) pop3_no(s, "somebody else has removed this message");
    else pop3_no_errno(s, "read the message");
    return;
  }
  if (s->command.verb == POP3_TOP) shown = pop3_shown_top(s->loaded.bytes, s->loaded.length, s->command.lines);
  else shown = pop3_shown_of(s->loaded.bytes, s->loaded.length);
  send(s, &shown);
  if (s->command.verb == POP3_RETR) s->done[place] |= POP3_READ;
}
