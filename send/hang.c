#include "send/hang.h"

#include <string.h>

#include "lib/log.h"
#include "send/attempt.h"

bool send_hangs(const struct send_schedule *s, const char *mailbox)
{
  for (const struct send_link *l = s->hanging ? s->links : 0; l; l = l->next)
    if (l->hangs && !strcmp(l->mailbox, mailbox)) return true;
  return false;
}

void send_hang_note(struct send_schedule *s, struct send_link *l, bool hangs)
{
  if (l->hangs == hangs) return;
  l->hangs = hangs;
  if (hangs) {
    s->hanging++;
    l->lane->active--;
    log_event("hanging", "id", l->attempt->entry->id, "mailbox", l->mailbox, (char *)0);
  } else {
    s->hanging--;
    l->lane->active++;
  }
}
