/* LDIF and profiles: any bytes are entries or an error, and what is written again is read the same. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char profile_text[] = "key: entryUUID\nlogin: uid\nprimary: mail\nalias: proxyAddresses smtp:\nuid: uidNumber\n"
                                   "password: userPassword\nno-imap: locked=*\nno-submit: state=blocked\nforward: fwd\nkeep: keep=yes\nquota: quota\n"
                                   "group: objectClass=posixGroup\ngroup-name: cn\ngroup-member: member\ngroup-uid: memberUid\n";

static void check_written(const struct ldif_entry *e)
{
  text out = TEXT_ZERO;
  struct ldif ldif;
  struct ldif_entry again = LDIF_ENTRY_ZERO;

  ldif_add(&out, "dn", e->dn.s, e->dn.len);
  for (size_t i = 0; i < e->count; i++) ldif_add(&out, e->strings.s + e->values[i].name, e->strings.s + e->values[i].value, e->values[i].length);
  ldif_begin(&ldif, out.s, out.len);
  if (ldif_next(&ldif, &again) != LDIF_ENTRY || again.count != e->count || again.strings.len != e->strings.len ||
      (e->count && memcmp(again.strings.s, e->strings.s, e->strings.len)))
    abort();
  ldif_entry_free(&again);
  ldif_free(&ldif);
  text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct profile p = PROFILE_ZERO;
  struct ldif ldif;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  text error = TEXT_ZERO, facts = TEXT_ZERO;

  if (!profile_parse(&p, "fuzz", profile_text, strlen(profile_text), &error)) abort();
  ldif_begin(&ldif, (const char *)data, size);
  while (ldif_next(&ldif, &e) == LDIF_ENTRY) {
    check_written(&e);
    if (profile_map(&p, &e, &facts) != PROFILE_NOBODY && !record_check(&facts)) abort();
  }
  ldif_entry_free(&e);
  ldif_free(&ldif);
  profile_parse(&p, "fuzz", (const char *)data, size, &error);
  profile_close(&p);
  text_free(&error);
  text_free(&facts);
  return 0;
}
