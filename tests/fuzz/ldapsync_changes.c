/* ldapsync/changes: any bytes are entries or an error; no DN is changed twice; what has come behind a full pass, told by itself, is what the whole file says of it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/changes.h"
#include "lib/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct changes *c, const char *bytes, size_t size)
{
  size_t length = 0;
  const char *ldif = changes_ldif(c, &length), *id;

  if (ldif < bytes || ldif + length > bytes + size) abort();
  if ((id = changes_id(c, &length)) && (id < bytes || id + length > bytes + size)) abort();
}

/* The DNs that were read, each once; how many of them are there. False: something is broken. */
static bool read_all(struct changes *c, const char *bytes, size_t size, struct names *there)
{
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  struct names seen = NAMES_ZERO;
  enum ldif_result result;

  while ((result = changes_next(c, &e)) == LDIF_ENTRY) {
    check_record(c, bytes, size);
    if (c->entry >= c->full && !names_add(&seen, e.dn.s)) abort();
    if (e.is_deleted && (e.count || !c->is_tail)) abort();
    if (!e.is_deleted && c->entry >= c->full) names_add(there, e.dn.s);
  }
  ldif_entry_free(&e);
  names_free(&seen);
  changes_free(c);
  return result == LDIF_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *bytes = (const char *)data;
  struct names there = NAMES_ZERO, later = NAMES_ZERO;
  struct changes c;

  changes_begin(&c, bytes, size);
  size_t full = c.full;
  if (c.whole < full || c.whole > size) abort();
  bool good = read_all(&c, bytes, size, &there);
  changes_begin_tail(&c, bytes + full, size - full);
  if (read_all(&c, bytes + full, size - full, &later) && good && later.count != there.count) abort();
  changes_begin_plain(&c, bytes, size);
  read_all(&c, bytes, size, &later);
  names_free(&there);
  names_free(&later);
  return 0;
}
