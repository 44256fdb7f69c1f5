/* lib/proxy: any bytes as the header of a balancer: what is good stays good with more behind it, and in pieces. */

#include <stdint.h>
#include <stdlib.h>

#include "lib/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct proxy p;
  size_t used = 0, again = 0;
  enum proxy_result result = proxy_parse(&p, (const char *)bytes, length, &used);

  if (result != PROXY_DONE) return 0;
  if (!used || used > length || used > PROXY_MAX_BYTES) abort();
  if (!p.is_local && p.remote.ss_family != AF_INET && p.remote.ss_family != AF_INET6) abort();
  for (size_t part = 0; part < used; part++)
    if (proxy_parse(&p, (const char *)bytes, part, &again) != PROXY_MORE) abort();
  return 0;
}
