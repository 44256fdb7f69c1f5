#include <string.h>
#include <strings.h>

#include "ldapsync/certificate_logins.h"
#include "lib/fingerprint.h"
#include "lib/hex.h"
#include "lib/hmac.h"
#include "lib/record.h"

static void add_digest(const char *bytes, size_t length, text *hex)
{
  unsigned char digest[HMAC_SIZE_MAX];

  hmac_digest(&hmac_sha_256, digest, bytes, length);
  text_clear(hex);
  hex_add(hex, digest, hmac_sha_256.size);
}

void certificate_logins_add(const struct ldif_entry *e, const char *attribute, text *facts)
{
  text value = TEXT_ZERO, hex = TEXT_ZERO, login = TEXT_ZERO;
  size_t at = 0, length;

  for (const char *bytes; (bytes = ldif_entry_next(e, attribute, &at, &length));) {
    if (!length) continue;
    text_copy_bytes(&value, bytes, length);
    if (!fingerprint_parse(text_string(&value), &hex)) add_digest(bytes, length, &hex);
    text_clear(&login);
    text_add_format(&login, FINGERPRINT_LOGIN "%s", text_string(&hex));
    if (!record_has(facts, "login", text_string(&login))) record_add(facts, "login", login.s);
  }
  text_free(&value);
  text_free(&hex);
  text_free(&login);
}

void certificate_logins_refuse(text *facts)
{
  text kept = TEXT_ZERO;
  size_t at = 0;

  for (const char *login; (login = record_next(facts, "login", &at));)
    if (strncasecmp(login, FINGERPRINT_LOGIN, strlen(FINGERPRINT_LOGIN))) record_add(&kept, "login", login);
  text_free(facts);
  *facts = kept;
}
