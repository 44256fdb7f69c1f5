#include "auth/claims.h"

#include <string.h>

#include <jansson.h>

/* A string, or an array of strings, has this one. words: a string is a list of words. */
static bool has_word(const json_t *value, const char *word, bool words)
{
  size_t length = strlen(word), i;
  const json_t *one;

  if (json_is_array(value)) {
    json_array_foreach(value, i, one)
      if (has_word(one, word, false)) return true;
    return false;
  }
  if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)) return false;
  const char *at = json_string_value(value);
  if (!words) return !strcmp(at, word);
  for (; *at; at += strspn(at, " ")) {
    size_t size = strcspn(at, " ");
    if (size == length && !memcmp(at, word, length)) return true;
    at += size;
  }
  return false;
}

/* NumericDate (RFC 7519 2), which may be a fraction; what no int64_t holds is the nearest. False: it is there and is no number. */
static bool take_time(const json_t *claims, const char *name, int64_t otherwise, int64_t *time)
{
  const json_t *value = json_object_get(claims, name);

  *time = otherwise;
  if (!value) return true;
  if (json_is_integer(value))
    *time = json_integer_value(value);
  else if (json_is_real(value))
    *time = json_real_value(value) >= 9e18 ? INT64_MAX : json_real_value(value) <= -9e18 ? INT64_MIN : (int64_t)json_real_value(value);
  return json_is_number(value);
}

/* 0, or what is wrong. */
static const char *wrong_time(struct claims *c, const json_t *claims, const struct oauth *o, int64_t now, bool needs_end)
{
  int64_t begin, skew = (int64_t)o->skew;

  if (!take_time(claims, "exp", INT64_MAX, &c->until) || !take_time(claims, "nbf", INT64_MIN, &begin)) return "its times are no numbers";
  if (needs_end && !json_object_get(claims, "exp")) return "it does not say when it ends (exp)";
  if (now - skew >= c->until) return "it has expired";
  return now + skew < begin ? "it is not good yet (nbf)" : 0;
}

static const char *wrong_issuer(const json_t *claims, const struct oauth *o, bool must_be_there)
{
  const json_t *issuer = json_object_get(claims, "iss");

  if (!*o->issuer || (!issuer && !must_be_there)) return 0;
  return json_is_string(issuer) && has_word(issuer, o->issuer, false) ? 0 : "another has issued it (iss)";
}

static const char *wrong_audience(const json_t *claims, const struct oauth *o)
{
  size_t at = 0;
  const char *audience;

  if (!record_find(&o->fields, "audience")) return 0;
  while ((audience = record_next(&o->fields, "audience", &at)))
    if (has_word(json_object_get(claims, "aud"), audience, false)) return 0;
  return "it is for another service (aud)";
}

/* RFC 9068 2.2.3; scp is Microsoft's. */
static bool has_scopes(const json_t *claims, const struct oauth *o)
{
  const json_t *scope = json_object_get(claims, "scope");
  size_t at = 0;

  if (!scope) scope = json_object_get(claims, "scp");
  for (const char *word; (word = record_next(&o->fields, "scope", &at));)
    if (!has_word(scope, word, true)) return false;
  return true;
}

/* Letters that an address is folded from to ASCII ones (lib/casefold): long s, the sign of Kelvin, ligatures. Nobody is called so but who wants to be taken
   for somebody else, at an issuer to whom they are another name. Not so sharp s. */
static bool looks_like_another(const char *user)
{
  static const char *const letters[] = { "\u017f", "\u212a", "\ufb00", "\ufb01", "\ufb02", "\ufb03", "\ufb04", "\ufb05", "\ufb06", 0 };

  for (const char *const *one = letters; *one; one++)
    if (strstr(user, *one)) return true;
  return false;
}

/* An address that somebody has typed in and nobody has verified is nobody's. */
static const char *wrong_user(struct claims *c, const json_t *claims, const struct oauth *o)
{
  const json_t *user = json_object_get(claims, o->user), *verified = json_object_get(claims, "email_verified");

  text_clear(&c->user);
  if (!json_is_string(user)) return "it does not say whose it is";
  size_t length = json_string_length(user);
  if (!length || length > CLAIMS_USER_MAX) return "it does not say whose it is";
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)json_string_value(user)[i] < ' ' || json_string_value(user)[i] == 0x7f) return "its user has control characters";
  if (looks_like_another(json_string_value(user))) return "its user has letters that look like others";
  if (!strcmp(o->user, "email") && verified && !json_is_true(verified) && !has_word(verified, "true", false)) return "its email is not verified";
  text_copy_bytes(&c->user, json_string_value(user), length);
  text_string(&c->user);
  return 0;
}

static enum claims_verdict refuse(struct claims *c, const char *reason)
{
  text_clear(&c->user);
  c->reason = reason;
  return CLAIMS_REFUSED;
}

static enum claims_verdict judge(struct claims *c, const json_t *claims, const struct oauth *o, int64_t now, bool is_jwt)
{
  const char *wrong;

  if (!json_is_object(claims)) return refuse(c, "it says nothing of itself");
  if (!is_jwt && !json_is_true(json_object_get(claims, "active"))) return refuse(c, "it is not active");
  if ((wrong = wrong_time(c, claims, o, now, is_jwt)) || (wrong = wrong_issuer(claims, o, is_jwt)) || (wrong = wrong_audience(claims, o)) ||
      (wrong = wrong_user(c, claims, o)))
    return refuse(c, wrong);
  if (has_scopes(claims, o)) return CLAIMS_GOOD;
  refuse(c, "it lacks the scope");
  return CLAIMS_LACK_SCOPE;
}

static enum claims_verdict judge_bytes(struct claims *c, const char *bytes, size_t length, const struct oauth *o, int64_t now, bool is_jwt)
{
  json_t *claims = length ? json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, 0) : 0;
  enum claims_verdict verdict = judge(c, claims, o, now, is_jwt);

  json_decref(claims);
  return verdict;
}

enum claims_verdict claims_judge_jwt(struct claims *c, const char *bytes, size_t length, const struct oauth *o, int64_t now)
{
  return judge_bytes(c, bytes, length, o, now, true);
}

enum claims_verdict claims_judge_introspection(struct claims *c, const char *bytes, size_t length, const struct oauth *o, int64_t now)
{
  return judge_bytes(c, bytes, length, o, now, false);
}

void claims_free(struct claims *c) { text_free(&c->user); }
