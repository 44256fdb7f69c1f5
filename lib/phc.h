/* phc: how Argon2 hashes are written (the PHC string format): "$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH", base64 without padding.
   What would cost more memory or time than a login may is no hash. Bytes in, bytes out; no I/O. */

#ifndef LIB_PHC_H
#define LIB_PHC_H

#include "lib/text.h"

enum {
  PHC_MEMORY_MAX = 256 * 1024, /* KiB: auth-server's processes may have 512 MiB */
  PHC_WORK_MAX = 1024 * 1024,  /* KiB times passes: about a second */
  PHC_LANES_MAX = 16,
  PHC_SALT_MIN = 8, PHC_SALT_MAX = 64,
  PHC_HASH_MIN = 16, PHC_HASH_MAX = 64
};

struct phc {
  bool is_id; /* Argon2id; else Argon2i */
  uint32_t version, memory, passes, lanes;
  text salt, hash;
};
#define PHC_ZERO { .salt = TEXT_ZERO }

bool phc_parse(struct phc *p, const char *string);
void phc_format(const struct phc *p, text *string); /* adds it */
void phc_free(struct phc *p);                       /* wipes */

#endif
