#include "auth/identity_make.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/log.h"

static int make_file(const text *record)
{
  int fd = memfd_create("identity", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd == -1) return -1;
  if (write(fd, record->s, record->len) == (ssize_t)record->len && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != -1) return fd;
  close(fd);
  return -1;
}

int auth_identity_make(const struct tls *tls, const char *fingerprint, text *answer)
{
  text record = TEXT_ZERO, addresses = TEXT_ZERO;

  record_add(&record, "fingerprint", fingerprint);
  tls_addresses(tls, &addresses);
  for (size_t at = 0; at < addresses.len; at += strlen(addresses.s + at) + 1) record_add(&record, "address", addresses.s + at);
  if (addresses.len) record_add(answer, "vouched", "yes");
  if (tls_revocation(tls)) log_event("not-vouched", "reason", tls_revocation(tls), "fingerprint", fingerprint, (char *)0);
  int fd = make_file(&record);
  text_free(&record);
  text_free(&addresses);
  return fd;
}
