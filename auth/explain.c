#include "auth/explain.h"

void explain_add(text *packet, const struct login_answer *l)
{
  record_add(packet, "reason", l->reason);
  if (l->master.len && !record_find(packet, "master")) record_add(packet, "master", l->master.s);
  if (l->app.id.len) record_add(packet, "app", l->app.name.s);
  if (l->said.len) record_add(packet, "said", l->said.s);
  record_add(packet, "known", l->guess.is_known ? "yes" : "no");
  record_add_number(packet, "delay", l->guess.delay_ms);
  record_add_number(packet, "blocked", l->guess.blocked_seconds);
  record_add_number(packet, "network", l->guess.network.failures);
  record_add_number(packet, "name-failures", l->guess.name.failures);
  record_add_number(packet, "here", l->guess.here.failures);
}
