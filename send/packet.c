#include <string.h>

#include "send/packet.h"

/* What the next one is told: of a forward or a copy it is another one's (doc/queue.md). */
static const char *sender_of(const struct send_attempt *a, size_t item)
{
  const struct envelope *e = &a->file.envelope;
  const char *sender = a->items[item].sender ? a->items[item].sender : record_find(&e->recipients[a->items[item].recipient].facts, "sender");

  if (!sender) return e->sender.s;
  return strcmp(sender, "<>") ? sender : "";
}

void send_packet_start(text *packet, const char *what, const struct send_attempt *a, size_t item)
{
  text_clear(packet);
  record_add(packet, "what", what);
  record_add(packet, "id", a->entry->id);
  record_add(packet, "sender", sender_of(a, item));
  record_add_number(packet, "offset", a->file.envelope.length);
}

/* What the sender asked of every host (RFC 3461, 6531, 6710, 8689). */
void send_packet_add_facts(text *packet, const struct envelope *e)
{
  static const char *const names[] = { "smtputf8", "requiretls", "envid", "ret", "priority" };

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = record_find(&e->facts, names[i]);
    if (value) record_add(packet, names[i], value);
  }
  if (record_is(&e->facts, "role", "report")) record_add(packet, "own", "yes");
}

bool send_packet_has_sender(const struct send_attempt *a, size_t item, const text *packet)
{
  return !strcmp(sender_of(a, item), record_get(packet, "sender"));
}

/* They follow their recipient. */
void send_packet_add_parameters(text *packet, const struct envelope_recipient *r)
{
  const char *notify = record_find(&r->facts, "notify"), *original = record_find(&r->facts, "orcpt");

  if (notify) record_add(packet, "notify", notify);
  if (original) record_add(packet, "orcpt", original);
}
