#include "auth/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

bool auth_identity_read(int fd, uid_t by, text *identity)
{
  struct stat status;

  text_clear(identity);
  if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode) || status.st_uid != by || status.st_size > IDENTITY_BYTES_MAX || fcntl(fd, F_GET_SEALS) != SEALS) return false;
  text_ready(identity, (size_t)status.st_size);
  if (pread(fd, identity->s, (size_t)status.st_size, 0) != status.st_size) return false;
  identity->len = (size_t)status.st_size;
  return record_check(identity) && *record_get(identity, "fingerprint");
}
