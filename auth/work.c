#include "auth/work.h"

#include "lib/password.h"

static bool has_like(const text *secret, const char *stored)
{
  size_t at = 0;

  for (const char *own; (own = record_next(secret, "password", &at));)
    if (password_costs_as(own, stored)) return true;
  return false;
}

void work_missing(const text *secret, const text *stranger, text *missing)
{
  size_t at = 0;

  text_clear(missing);
  for (const char *stored; (stored = record_next(stranger, "password", &at));)
    if (!has_like(secret, stored)) record_add(missing, "password", stored);
}
