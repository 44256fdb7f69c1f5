/* What a client says by OAUTHBEARER, XOAUTH2 and EXTERNAL: any bytes are refused, or give a token and a name that can be handed on. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const mechanisms[] = { "OAUTHBEARER", "XOAUTH2", "EXTERNAL" };
  struct sasl s = SASL_ZERO;

  for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
    sasl_begin(&s, mechanisms[i], 0);
    enum sasl_result result = sasl_step(&s, (const char *)data, size);
    if (result == SASL_DONE || result == SASL_KEYS || result == SASL_MORE) abort();
    if (result == SASL_TOKEN && (strlen(s.token.s) != s.token.len || (s.token.len && !bearer_is_token(s.token.s, s.token.len)))) abort();
    if ((result == SASL_TOKEN || result == SASL_CERTIFICATE) && strlen(s.login.s) != s.login.len) abort();
    sasl_end(&s);
  }
  return 0;
}
