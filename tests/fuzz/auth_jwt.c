/* Access tokens, what they and authorization servers say, and sets of keys: no bytes do harm, and what was not signed by one of our keys is never right. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/claims.h"
#include "auth/jwk.h"

#define KEY "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char settings[] = "issuer: a\naudience: b\nscope: c\n";
  const char *bytes = (const char *)data;
  struct oauth o = OAUTH_ZERO;
  struct claims c = CLAIMS_ZERO;
  struct jwt j = JWT_ZERO;
  text error = TEXT_ZERO;
  struct jwk_set *known = jwk_parse(KEY, sizeof KEY - 1, &error), *theirs = jwk_parse(bytes, size, &error);

  if (!oauth_parse(&o, settings, sizeof settings - 1, &error) || !known) abort();
  if (jwt_parse(&j, bytes, size) && jwk_check(known, &j) == JWK_RIGHT) abort();
  if (claims_judge_jwt(&c, bytes, size, &o, 1000) == CLAIMS_GOOD && (!c.user.len || memchr(c.user.s, 0, c.user.len))) abort();
  claims_judge_introspection(&c, bytes, size, &o, 1000);
  jwk_free(known);
  jwk_free(theirs);
  jwt_free(&j);
  claims_free(&c);
  oauth_free(&o);
  text_free(&error);
  return 0;
}
