#include "auth/identity_make.h"

#include <string.h>

#include "lib/file.h"
#include "lib/log.h"

int auth_identity_make(const struct tls *tls, const char *fingerprint, text *answer)
{
  text record = TEXT_ZERO, addresses = TEXT_ZERO;

  record_add(&record, "fingerprint", fingerprint);
  tls_addresses(tls, &addresses);
  for (size_t at = 0; at < addresses.len; at += strlen(addresses.s + at) + 1) record_add(&record, "address", addresses.s + at);
  if (addresses.len) record_add(answer, "vouched", "yes");
  if (tls_revocation(tls)) log_event("not-vouched", "reason", tls_revocation(tls), "fingerprint", fingerprint, (char *)0);
  int fd = file_sealed("identity", &record);
  text_free(&record);
  text_free(&addresses);
  return fd;
}
