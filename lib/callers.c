#include "lib/callers.h"

#include "lib/die.h"
#include "lib/user.h"

void callers_find(struct callers *c, const char *const *names)
{
  for (const char *const *name = names; name && *name; name++) {
    if (c->count == CALLERS_MAX) die_permanent("too many callers");
    c->all[c->count++] = user_uid(*name);
  }
}

bool callers_have(const struct callers *c, uid_t uid)
{
  for (unsigned int i = 0; i < c->count; i++)
    if (c->all[i] == uid) return true;
  return !uid;
}
