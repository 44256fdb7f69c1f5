#include <stdlib.h>

#include "send/hang.h"
#include "send/link.h"

enum {
  IDLE_MS = 2000,            /* so long a connection without work is kept */
  HANGS_MS = 20 * 1000,      /* a delivery here takes milliseconds: this one's mailbox keeps it from going on */
  SIGN_MS = 30 * 1000,       /* a signature takes milliseconds */
  SIGN_HANGS_MS = 60 * 1000, /* who was silent for so long is not asked for so long */
  SILENT_MS = 60 * 60 * 1000 /* longer than any time-out of those who are asked */
};

void send_links_bury(struct send_schedule *s)
{
  for (struct send_link *l; (l = s->links_closed);) {
    s->links_closed = l->next;
    free(l);
  }
}

void send_links_watch(struct send_schedule *s)
{
  for (struct send_link *l = s->links, *next; l; l = next) {
    next = l->next;
    uint64_t age = s->now_ms - l->since_ms;
    if (!l->attempt && (age >= IDLE_MS || s->is_stopping))
      send_link_close(s, l);
    else if (l->attempt && l->service == SEND_DELIVER && age >= HANGS_MS && age < SILENT_MS)
      send_hang_note(s, l, true);
    else if (l->attempt && age >= (l->service == SEND_SIGN ? SIGN_MS : SILENT_MS)) {
      if (l->service == SEND_SIGN) s->away_until_ms[SEND_SIGN] = s->now_ms + SIGN_HANGS_MS, s->unsigned_since_ms = 1;
      send_link_give_up(s, l);
      return; /* that may have changed the list; the others at the next pass */
    }
  }
}

bool send_links_are_busy(const struct send_schedule *s)
{
  for (struct send_link *l = s->links; l; l = l->next)
    if (l->attempt) return true;
  return false;
}

/* A report that comes of it has just begun. */
static struct send_link *find_under_way(const struct send_schedule *s)
{
  struct send_link *l = s->links;

  while (l && (!l->attempt || l->since_ms == s->now_ms)) l = l->next;
  return l;
}

void send_links_cut(struct send_schedule *s)
{
  for (struct send_link *l; (l = find_under_way(s));) send_link_give_up(s, l);
}
