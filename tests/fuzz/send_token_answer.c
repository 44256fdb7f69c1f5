/* What a tokencommand writes: any bytes give a token that can be said in a login, or a sentence. */

#include <stdint.h>
#include <stdlib.h>

#include "send/token_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text token = TEXT_ZERO;
  uint64_t seconds;
  const char *wrong = send_token_answer_parse((const char *)data, size, &token, &seconds);

  if (wrong ? token.len > 0 : !send_token_check(token.s, token.len)) abort();
  text_free(&token);
  return 0;
}
