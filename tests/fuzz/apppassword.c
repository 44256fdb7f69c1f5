/* app passwords: any line is one that is written as it was read, or none; what is typed has 28 characters or is none. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/apppassword.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text line = TEXT_ZERO, written = TEXT_ZERO, plain = TEXT_ZERO;
  struct apppassword a = APPPASSWORD_ZERO, again = APPPASSWORD_ZERO;

  text_copy_bytes(&line, (const char *)data, size);
  if (apppassword_parse(&a, text_string(&line))) {
    apppassword_format(&a, &written);
    if (!apppassword_parse(&again, text_string(&written)) || strcmp(a.name.s, again.name.s) || strcmp(a.services.s, again.services.s)) abort();
  }
  if (apppassword_plain(line.s, &plain) && strlen(plain.s) != 28) abort();
  apppassword_free(&a);
  apppassword_free(&again);
  text_free(&line);
  text_free(&written);
  text_free(&plain);
  return 0;
}
