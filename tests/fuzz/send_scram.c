/* What a server says in SCRAM: any bytes. A proof comes only of a challenge that begins with our nonce; no bytes are the server's
   signature by accident. */

#include <stdlib.h>
#include <string.h>

#include "send/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static const char nonce[] = "abcdefghij0123456789";
  struct scram s = SCRAM_ZERO;
  text message = TEXT_ZERO;

  send_scram_first(&s, "user", nonce, &message);
  /* A million iterations would be all that is fuzzed: only the counts of four digits are let through to the stretching. */
  const char *count = length ? memmem(bytes, length, ",i=", 3) : 0;
  if (count && (size_t)((const char *)bytes + length - count) > 7 && count[7] != ',') goto end;
  const char *wrong = send_scram_last(&s, "pencil", (const char *)bytes, length, &message);
  if (!wrong && (memcmp(bytes, "r=", 2) || memcmp(bytes + 2, nonce, sizeof nonce - 1) || !message.len)) abort();
  if (wrong && message.len) abort();
  if (send_scram_check(&s, (const char *)bytes, length)) abort();
end:
  send_scram_free(&s);
  text_free(&message);
  return 0;
}
