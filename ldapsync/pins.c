#include <string.h>

#include "ldapsync/pins.h"
#include "lib/fingerprint.h"

enum { FINGERPRINTS_MAX = 5 };

bool pins_add(const text *fields, const char *tls, text *facts, text *error)
{
  text hex = TEXT_ZERO;
  size_t at = 0, count = 0;

  for (const char *value; !error->len && (value = record_next(fields, "fingerprint", &at)); count++)
    if (fingerprint_parse(value, &hex))
      record_add(facts, "fingerprint", hex.s);
    else
      text_add_format(error, "fingerprint is a SHA-256 in hex, not %s", value);
  text_free(&hex);
  if (!error->len && count > FINGERPRINTS_MAX) text_add_format(error, "more than %d fingerprints", FINGERPRINTS_MAX);
  if (!error->len && count && strcmp(tls, "fingerprint") && strcmp(tls, "tls"))
    text_add_format(error, "tls: %s looks at no fingerprint; write tls: fingerprint", tls);
  if (!error->len && !count && !strcmp(tls, "fingerprint")) text_add_format(error, "tls: fingerprint needs a fingerprint");
  return !error->len;
}
