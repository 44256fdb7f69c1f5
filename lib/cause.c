#include "lib/cause.h"

#include <string.h>

bool cause_is_to_go(const struct envelope_recipient *r) { return strchr(ENVELOPE_OPEN "fd", r->state); }

const char *cause_destination(const struct envelope_recipient *r)
{
  const char *at = strrchr(r->address, '@');

  if (record_find(&r->facts, "mailbox")) return "mailbox";
  return at ? at + 1 : r->address;
}

/* Servers word the same thing in as many ways as they have messages: the code and the status are the cause, words an example. */
void cause_find(const struct envelope_recipient *r, const struct said *said, text *cause, text *example)
{
  text_clear(cause);
  text_clear(example);
  if (r->state == ENVELOPE_HELD)
    text_add(cause, "held by the operator");
  else if (r->state == ENVELOPE_BARRED)
    text_add(cause, "held, its sender may not send any more");
  else if (!strchr(ENVELOPE_TO_TRY, r->state))
    text_add(cause, "its report is not queued yet");
  else if (!said->attempt)
    text_add(cause, "not tried yet");
  else {
    if (said->code) text_add_format(cause, "%03u ", said->code);
    text_add(cause, said->status.len ? said->status.s : "no status");
    if (said_names_remote(said)) {
      text_add(example, said->remote.s);
      text_add(example, ": ");
    }
    text_add(example, said->text.s);
  }
  text_string(cause);
  text_string(example);
}
