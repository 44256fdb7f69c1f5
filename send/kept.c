#include <string.h>

#include "send/kept.h"
#include "send/link.h"

static struct send_link **slot_of(struct send_kept *k, const char *mailbox)
{
  unsigned int hash = 5381;

  for (; *mailbox; mailbox++) hash = hash * 33 + (unsigned char)*mailbox;
  return &k->slots[hash % SEND_KEPT_SLOTS];
}

bool send_kept_add(struct send_kept *k, struct send_link *l)
{
  struct send_link **slot = slot_of(k, l->mailbox);

  if (k->count == SEND_KEPT_MAX) return false;
  l->next_idle = *slot;
  *slot = l;
  k->count++;
  return true;
}

struct send_link *send_kept_take(struct send_kept *k, const char *mailbox)
{
  struct send_link *l = *slot_of(k, mailbox);

  while (l && strcmp(l->mailbox, mailbox)) l = l->next_idle;
  if (l) send_kept_leave(k, l);
  return l;
}

void send_kept_leave(struct send_kept *k, const struct send_link *l)
{
  struct send_link **at = slot_of(k, l->mailbox);

  while (*at && *at != l) at = &(*at)->next_idle;
  if (!*at) return;
  *at = l->next_idle;
  k->count--;
}
