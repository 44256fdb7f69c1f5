#include "auth/oauth.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"

#define FILE_NAME "control/oauth"

static const char *const known[] = { "issuer", "audience", "scope", "user", "introspect", "configuration", "skew", "keep", 0 };

/* https, a host, nothing that would end a line or say a password. */
static bool is_url(const char *url)
{
  static const char scheme[] = "https://";
  size_t length = strlen(url), begin = sizeof scheme - 1;

  if (length <= begin || !bytes_are_nocase(url, scheme, begin) || strchr("/?#", url[begin])) return false;
  for (const char *c = url; *c; c++)
    if (!ascii_is_printable(*c) || strchr(" \"<>\\@", *c)) return false;
  return true;
}

static bool take_url(const text *fields, const char *key, const char **url, text *error)
{
  *url = record_get(fields, key);
  if (!**url || is_url(*url)) return true;
  text_add_format(error, FILE_NAME ": %s is a URL that begins with https://, not %s", key, *url);
  return false;
}

static bool take_number(const text *fields, const char *key, uint64_t otherwise, uint64_t max, uint64_t *number, text *error)
{
  const char *value = record_find(fields, key);

  *number = otherwise;
  if (!value || number_scan(value, max, number)) return true;
  text_add_format(error, FILE_NAME ": %s is a number of seconds up to %llu, not %s", key, (unsigned long long)max, value);
  return false;
}

/* RFC 6749 3.3: a scope's word. */
static bool take_scopes(struct oauth *o, text *error)
{
  size_t at = 0;

  for (const char *scope; (scope = record_next(&o->fields, "scope", &at));) {
    for (const char *c = scope; *c; c++)
      if (!ascii_is_printable(*c) || strchr(" \"\\", *c)) {
        text_add_format(error, FILE_NAME ": scope is one word, not %s; for several write several lines", scope);
        return false;
      }
    if (o->scope.len) text_add_char(&o->scope, ' ');
    text_add(&o->scope, scope);
  }
  text_string(&o->scope);
  return true;
}

static bool understand(struct oauth *o, text *error)
{
  text_clear(&o->scope);
  o->issuer = record_get(&o->fields, "issuer");
  o->user = record_find(&o->fields, "user");
  if (!o->user || !*o->user) o->user = "email";
  bool good = take_url(&o->fields, "introspect", &o->introspect, error) && take_url(&o->fields, "configuration", &o->configuration, error) &&
              take_number(&o->fields, "skew", OAUTH_SKEW, OAUTH_SKEW_MAX, &o->skew, error) &&
              take_number(&o->fields, "keep", OAUTH_KEEP, OAUTH_KEEP_MAX, &o->keep, error) && take_scopes(o, error);
  text_string(error);
  return good;
}

bool oauth_parse(struct oauth *o, const char *bytes, size_t length, text *error)
{
  return conf_fields_parse(FILE_NAME, bytes, length, known, &o->fields, error) && understand(o, error);
}

/* What no file says by itself. */
static bool fits_together(const struct oauth *o, text *error)
{
  bool has_keys = !access(OAUTH_KEYS, F_OK);

  if (!has_keys && !*o->introspect)
    text_copy(error, FILE_NAME ": write introspect: URL, or put the keys of the issuer into " OAUTH_KEYS);
  else if (has_keys && (!*o->issuer || !record_find(&o->fields, "audience")))
    text_copy(error, FILE_NAME ": with " OAUTH_KEYS " there have to be an issuer and an audience, or tokens that are for others are taken");
  else if (!record_find(&o->fields, "audience") && !o->scope.len) /* to most servers a token is active that any other service has been given */
    text_copy(error, FILE_NAME ": with introspect there has to be an audience or a scope, or tokens that are for others are taken");
  text_string(error);
  return !error->len;
}

enum oauth_result oauth_read(struct oauth *o, text *error)
{
  errno = 0;
  if (conf_fields(FILE_NAME, known, &o->fields, error)) return understand(o, error) && fits_together(o, error) ? OAUTH_READ : OAUTH_BROKEN;
  if (!error->len && errno == ENOENT) return OAUTH_ABSENT;
  if (!error->len) text_add_format(error, "unable to read " FILE_NAME ": %s", strerror(errno));
  text_string(error);
  return OAUTH_BROKEN;
}

void oauth_free(struct oauth *o)
{
  text_free(&o->fields);
  text_free(&o->scope);
}
