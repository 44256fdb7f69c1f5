/* mailadm import ldap-table: any bytes are a table or an error, and what is made of a table is a profile. The first byte chooses what it is for. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin/ldaptable.h"
#include "admin/ldaptable_filter.h"
#include "ldapsync/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_profile(const char *bytes)
{
  struct profile p = PROFILE_ZERO;
  text error = TEXT_ZERO;

  if (!profile_parse(&p, "made", bytes, strlen(bytes), &error)) abort();
  profile_close(&p);
  text_free(&error);
}

/* What was made of a filter is one. */
static void check_filter(const struct ldaptable *t)
{
  text filter = TEXT_ZERO, uses = TEXT_ZERO, error = TEXT_ZERO;

  if (!record_check(&t->uses) || !ldaptable_filter(t->filter.s, &filter, &uses, &error)) abort();
  text_free(&filter);
  text_free(&uses);
  text_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct ldaptable t = LDAPTABLE_ZERO;
  struct ldaptable_result r = LDAPTABLE_RESULT_ZERO;
  text error = TEXT_ZERO;

  if (!size) return 0;
  if (!ldaptable_parse(&t, "fuzz", (const char *)data + 1, size - 1, &error)) {
    if (!error.len) abort();
  } else {
    t.role = (enum ldaptable_role)(1 + data[0] % LDAPTABLE_OTHER);
    check_filter(&t);
    if (!ldaptable_convert(&t, 1, &r, &error) || !record_check(&r.control) || (r.notes.len && r.notes.s[r.notes.len - 1])) abort();
    check_profile(text_string(&r.profile));
  }
  ldaptable_free(&t);
  ldaptable_result_free(&r);
  text_free(&error);
  return 0;
}
