#include <stdint.h>
#include <string.h>

#include "lib/bytes.h"

size_t bytes_ascii_run(const char *s, size_t length)
{
  size_t run = 0;

  for (uint64_t eight; length - run >= sizeof eight; run += sizeof eight) {
    memcpy(&eight, s + run, sizeof eight);
    if (eight & UINT64_C(0x8080808080808080)) break;
  }
  while (run < length && (unsigned char)s[run] < 0x80) run++;
  return run;
}
