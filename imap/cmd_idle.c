/* IDLE (RFC 2177): what happens in the folder is told when it happens. */

#include "imap/commands.h"
#include "imap/rights.h"

#define LOOK_SECONDS 5 /* how often to look where the kernel gives no news */

void imap_cmd_idle(struct imap_state *s)
{
  enum imap_input_result result;

  imap_input_expect_line(&s->wire.input);
  imap_wire_add(&s->wire, "+ idling\r\n");
  do {
    imap_rights_look(s);
    imap_announce(s, true);
    if (s->ends) return;
    bool has_news = s->is_selected && s->folder.watch.is_complete;
    result = imap_wire_command_or_news(&s->wire, s->is_selected ? s->folder.watch.fd : -1, s->is_selected && !has_news ? LOOK_SECONDS : 0);
  } while (result == IMAP_INPUT_MORE);
  if (result == IMAP_INPUT_DONE && text_is_nocase(&s->wire.input.command, "DONE")) imap_ok(s, "no longer idle");
  else imap_bad(s, "IDLE ends with DONE");
}
