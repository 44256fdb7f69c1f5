#include "auth/jwt.h"

#include <string.h>

#include <jansson.h>

#include "auth/base64url.h"

enum { KEY_MAX = 256 };

enum jwt_algorithm jwt_algorithm(const char *name)
{
  static const struct {
    const char *name;
    enum jwt_algorithm algorithm;
  } all[] = { { "RS256", JWT_RS256 }, { "PS256", JWT_PS256 }, { "ES256", JWT_ES256 }, { "EdDSA", JWT_EDDSA } };

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(name, all[i].name)) return all[i].algorithm;
  return JWT_UNKNOWN;
}

/* An access token's (RFC 9068 2.1), or one that does not say what it is for; never a logout or another token of the same keys. */
static bool is_access_token(const json_t *type)
{
  static const char *const types[] = { "at+jwt", "application/at+jwt", "JWT", 0 };

  if (!type) return true;
  for (const char *const *one = types; *one; one++)
    if (json_is_string(type) && string_is_nocase(json_string_value(type), *one)) return true;
  return false;
}

/* RFC 7515 4.1.11: of what is critical nothing is known here. */
static const char *take_header(struct jwt *j, const json_t *header)
{
  const char *algorithm = json_string_value(json_object_get(header, "alg"));
  const json_t *key = json_object_get(header, "kid");

  if (!json_is_object(header)) return "its header is no JSON object";
  if (!algorithm || !(j->algorithm = jwt_algorithm(algorithm))) return "its algorithm is none of RS256, PS256, ES256, EdDSA";
  if (json_object_get(header, "crit")) return "its header has what is critical";
  if (!is_access_token(json_object_get(header, "typ"))) return "it is no access token (typ)";
  if (key && (!json_is_string(key) || json_string_length(key) > KEY_MAX)) return "its kid is no name";
  if (key) text_copy_bytes(&j->key, json_string_value(key), json_string_length(key));
  return 0;
}

static const char *parse_header(struct jwt *j, const char *bytes, size_t length)
{
  text decoded = TEXT_ZERO;
  json_t *header = base64url_decode(&decoded, bytes, length) && decoded.len ? json_loadb(decoded.s, decoded.len, JSON_REJECT_DUPLICATES, 0) : 0;
  const char *wrong = take_header(j, header);

  json_decref(header);
  text_free(&decoded);
  return wrong;
}

/* The two points. */
static bool split(const char *token, size_t length, const char **first, const char **second)
{
  *first = length ? memchr(token, '.', length) : 0;
  *second = *first ? memchr(*first + 1, '.', (size_t)(token + length - *first - 1)) : 0;
  return *second && !memchr(*second + 1, '.', (size_t)(token + length - *second - 1));
}

bool jwt_has_form(const char *token, size_t length)
{
  const char *first, *second;

  return split(token, length, &first, &second);
}

bool jwt_parse(struct jwt *j, const char *token, size_t length)
{
  const char *first, *second, *wrong = "it is no JWT";

  text_clear(&j->key);
  text_clear(&j->claims);
  text_clear(&j->signature);
  if (split(token, length, &first, &second)) {
    j->signed_by = token;
    j->signed_length = (size_t)(second - token);
    wrong = parse_header(j, token, (size_t)(first - token));
    if (!wrong && !(base64url_decode(&j->claims, first + 1, (size_t)(second - first - 1)) &&
                    base64url_decode(&j->signature, second + 1, (size_t)(token + length - second - 1))))
      wrong = "its parts are not base64url";
  }
  j->reason = wrong ? wrong : "";
  return !wrong;
}

void jwt_free(struct jwt *j)
{
  text_free(&j->key);
  text_wipe(&j->claims);
  text_wipe(&j->signature);
}
