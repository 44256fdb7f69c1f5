/* maildirsize: any bytes are a sum that is not below zero, or are refused. */

#include <stdlib.h>

#include "lib/maildirsize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct maildirsize used;
  size_t lines;

  if (maildirsize_parse((const char *)data, size, 1000, &used, &lines) && (used.bytes < 0 || used.messages < 0 || !lines)) abort();
  return 0;
}
