#include "auth/bearer.h"

#include <string.h>

#include "auth/gs2.h"
#include "lib/json.h"

#define SEPARATOR '\1'

/* RFC 6750 2.1: b64token */
bool bearer_is_token(const char *bytes, size_t length)
{
  size_t at = 0;

  while (at < length && bytes[at] && (ascii_is_alpha(bytes[at]) || ascii_is_digit(bytes[at]) || strchr("-._~+/", bytes[at]))) at++;
  if (!at) return false;
  while (at < length && bytes[at] == '=') at++;
  return at == length && length <= BEARER_TOKEN_MAX;
}

/* "Bearer TOKEN" */
static bool take_token(struct bearer *b, const char *value, size_t length)
{
  static const char scheme[] = "Bearer ";
  size_t size = sizeof scheme - 1;

  if (b->token.len) return false;
  if (!length) return true;
  if (length < size || !bytes_are_nocase(value, scheme, size)) return false;
  while (size < length && value[size] == ' ') size++;
  if (!bearer_is_token(value + size, length - size)) return false;
  text_copy_bytes(&b->token, value + size, length - size);
  return true;
}

/* RFC 7628 3.1: a value is printable, with spaces and ends of lines. */
static bool is_value(const char *value, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(value[i]) && !strchr("\t\r\n", value[i])) return false;
  return !memchr(value, 0, length);
}

struct pair {
  const char *key, *value;
  size_t key_length, value_length;
};

/* "key=value" and the separator; *at goes behind it. */
static bool take_pair(const char **at, const char *end, struct pair *p)
{
  const char *separator = memchr(*at, SEPARATOR, (size_t)(end - *at));
  const char *equals = separator ? memchr(*at, '=', (size_t)(separator - *at)) : 0;

  if (!equals || equals == *at) return false;
  for (const char *letter = *at; letter < equals; letter++)
    if (!ascii_is_alpha(*letter)) return false;
  *p = (struct pair){ *at, equals + 1, (size_t)(equals - *at), (size_t)(separator - equals - 1) };
  *at = separator + 1;
  return true;
}

static bool is_key(const struct pair *p, const char *key) { return p->key_length == strlen(key) && !memcmp(p->key, key, p->key_length); }

/* host, port and what else there may be say nothing that we need. has_user: XOAUTH2 says there who he is. */
static bool take_pairs(struct bearer *b, const char *at, const char *end, bool has_user)
{
  bool has_auth = false;
  struct pair p;

  while (take_pair(&at, end, &p)) {
    if (is_key(&p, "auth")) {
      if (has_auth || !take_token(b, p.value, p.value_length)) return false;
      has_auth = true;
    } else if (has_user && is_key(&p, "user")) {
      if (b->acts_as.len || !p.value_length || memchr(p.value, 0, p.value_length)) return false;
      text_copy_bytes(&b->acts_as, p.value, p.value_length);
    } else if (!is_value(p.value, p.value_length))
      return false;
  }
  return has_auth && end - at == 1 && *at == SEPARATOR;
}

bool bearer_parse_oauth(struct bearer *b, const char *bytes, size_t length)
{
  struct gs2 g = GS2_ZERO;
  size_t header = gs2_parse(&g, bytes, length);
  bool good = header && g.flag != 'p' && header < length && bytes[header] == SEPARATOR && !memchr(bytes, 0, length);

  text_clear(&b->acts_as);
  text_clear(&b->token);
  if (good) text_add_text(&b->acts_as, &g.acts_as);
  good = good && take_pairs(b, bytes + header + 1, bytes + length, false);
  gs2_free(&g);
  return good;
}

bool bearer_parse_xoauth2(struct bearer *b, const char *bytes, size_t length)
{
  text_clear(&b->acts_as);
  text_clear(&b->token);
  return length && take_pairs(b, bytes, bytes + length, true) && b->acts_as.len;
}

void bearer_free(struct bearer *b)
{
  text_wipe(&b->acts_as);
  text_wipe(&b->token);
}

void bearer_refuse_oauth(text *json, const struct bearer_refusal *r)
{
  text_copy(json, "{");
  json_pair(json, "status", r->lacks_scope ? "insufficient_scope" : "invalid_token");
  if (*r->scope) json_pair(json, "scope", r->scope);
  if (*r->configuration) json_pair(json, "openid-configuration", r->configuration);
  text_add_char(json, '}');
}

/* https://developers.google.com/gmail/imap/xoauth2-protocol: an HTTP status, as words */
void bearer_refuse_xoauth2(text *json, const struct bearer_refusal *r)
{
  text_copy(json, "{");
  json_pair(json, "status", r->lacks_scope ? "403" : "401");
  json_pair(json, "schemes", "bearer");
  if (*r->scope) json_pair(json, "scope", r->scope);
  text_add_char(json, '}');
}
