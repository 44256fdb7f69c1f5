/* What a client says in SCRAM: any bytes, two messages parted by a line end. Nobody proves anything by accident; what was proved by the
   right keys is right however the rest is written. */

#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"
#include "lib/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static const char stored[] = "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  static const char example[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO\nc=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  struct sasl s = SASL_ZERO;
  const uint8_t *second = length ? memchr(bytes, '\n', length) : 0;
  size_t first_length = second ? (size_t)(second - bytes) : length;

  text channel = TEXT_ZERO;
  record_add(&channel, "exporter", "Ym91bmQ=");
  record_add(&channel, "endpoint", "ZW5k");
  bool is_plus = length && *bytes == 'p';
  sasl_begin(&s, is_plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", is_plus ? &channel : 0);
  enum sasl_result result = sasl_step(&s, (const char *)bytes, first_length);
  if (result != SASL_KEYS && result != SASL_FOREIGN && result != SASL_UNBOUND && result != SASL_MALFORMED) abort();
  if (result == SASL_KEYS && (!s.login.len || strlen(s.login.s) != s.login.len || memchr(s.scram.nonce.s, ',', s.scram.nonce.len))) abort();
  if (result == SASL_KEYS && second && scramkeys_parse(&s.keys, stored)) {
    sasl_challenge(&s, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    sasl_step(&s, (const char *)second + 1, length - first_length - 1);
    if (s.is_proved && !is_plus && (length != sizeof example - 1 || memcmp(bytes, example, length))) abort();
  }
  sasl_end(&s);
  text_free(&channel);
  return 0;
}
