#include <string.h>

#include "auth/sasl.h"
#include "lib/address.h"
#include "lib/bytes.h"
#include "lib/record.h"
#include "lib/secret.h"

struct sasl_mechanism {
  const char *name;
  enum sasl_means means;
  enum scramhash hash; /* of SCRAM */
  bool is_plus;
  enum sasl_result (*step)(struct sasl *s, const char *bytes, size_t length);
};

/* A name or password of the client: no NUL inside, and bounded. */
static bool take(text *into, const char *bytes, size_t length, size_t max)
{
  if (length > max || (length && memchr(bytes, 0, length))) return false;
  text_copy_bytes(into, bytes, length);
  text_string(into);
  return true;
}

static bool take_login(text *into, const char *bytes, size_t length)
{
  if (!take(into, bytes, length, SASL_LOGIN_MAX)) return false;
  login_fold(into);
  return true;
}

static enum sasl_result challenge(struct sasl *s, const char *words)
{
  s->challenge = words;
  s->step++;
  return SASL_MORE;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. The authzid says whose mailbox is asked for. */
static enum sasl_result plain(struct sasl *s, const char *bytes, size_t length)
{
  if (!bytes) return s->step ? SASL_MALFORMED : challenge(s, "");
  const char *login = memchr(bytes, 0, length), *end = bytes + length;
  if (!login) return SASL_MALFORMED;
  size_t acts_as = (size_t)(login++ - bytes);
  const char *password = memchr(login, 0, (size_t)(end - login));
  if (!password) return SASL_MALFORMED;
  size_t login_length = (size_t)(password++ - login);
  if (!take_login(&s->login, login, login_length) || !take_login(&s->acts_for, bytes, acts_as) || !take(&s->password, password, (size_t)(end - password), SECRET_MAX))
    return SASL_MALFORMED;
  if (!strcmp(s->acts_for.s, s->login.s)) text_clear(&s->acts_for);
  return SASL_DONE;
}

enum { LOGIN_BEGINS, LOGIN_WAITS_FOR_NAME, LOGIN_WAITS_FOR_PASSWORD };

/* draft-murchison-sasl-login: two questions. Some clients send the name with the command. */
static enum sasl_result login(struct sasl *s, const char *bytes, size_t length)
{
  switch (s->step) {
  case LOGIN_BEGINS:
    if (!bytes) return challenge(s, "Username:");
    s->step = LOGIN_WAITS_FOR_NAME; /* fall through */
  case LOGIN_WAITS_FOR_NAME:
    return bytes && take_login(&s->login, bytes, length) ? challenge(s, "Password:") : SASL_MALFORMED;
  default:
    return bytes && take(&s->password, bytes, length, SECRET_MAX) ? SASL_DONE : SASL_MALFORMED;
  }
}

enum { SCRAM_BEGINS, SCRAM_WAITS_FOR_FIRST, SCRAM_WAITS_FOR_LAST, SCRAM_ENDS };

static enum sasl_result take_first(struct sasl *s, const char *bytes, size_t length)
{
  text name = TEXT_ZERO;
  enum auth_scram_result result = bytes ? auth_scram_first(&s->scram, bytes, length, &name) : AUTH_SCRAM_MALFORMED;

  if (result != AUTH_SCRAM_MALFORMED && !take_login(&s->login, name.s, name.len)) result = AUTH_SCRAM_MALFORMED;
  text_free(&name);
  switch (result) {
  case AUTH_SCRAM_GOOD: return SASL_KEYS;
  case AUTH_SCRAM_FOREIGN: return SASL_FOREIGN;
  case AUTH_SCRAM_UNBOUND: return SASL_UNBOUND;
  default: return SASL_MALFORMED;
  }
}

static enum sasl_result scram(struct sasl *s, const char *bytes, size_t length)
{
  switch (s->step) {
  case SCRAM_BEGINS:
    if (!bytes) return challenge(s, "");
    s->step = SCRAM_WAITS_FOR_FIRST; /* fall through */
  case SCRAM_WAITS_FOR_FIRST: return take_first(s, bytes, length);
  case SCRAM_WAITS_FOR_LAST:
    s->step = SCRAM_ENDS;
    enum auth_scram_result result = bytes ? auth_scram_last(&s->scram, &s->keys, bytes, length, &s->message) : AUTH_SCRAM_MALFORMED;
    if (result == AUTH_SCRAM_MALFORMED) return SASL_MALFORMED;
    s->is_proved = result == AUTH_SCRAM_GOOD;
    s->challenge = text_string(&s->message);
    return SASL_DONE;
  default: return SASL_MALFORMED;
  }
}

void sasl_challenge(struct sasl *s, const char *nonce)
{
  auth_scram_challenge(&s->scram, &s->keys, nonce, &s->message);
  challenge(s, text_string(&s->message));
}

enum { BEARER_BEGINS, BEARER_WAITS, BEARER_ENDS };

static enum sasl_result bearer(struct sasl *s, bool (*parse)(struct bearer *, const char *, size_t), const char *bytes, size_t length)
{
  struct bearer b = BEARER_ZERO;

  if (s->step == BEARER_BEGINS && !bytes) return challenge(s, "");
  bool good = s->step <= BEARER_WAITS && bytes && parse(&b, bytes, length) && take_login(&s->login, text_string(&b.acts_as), b.acts_as.len) &&
              take(&s->token, text_string(&b.token), b.token.len, BEARER_TOKEN_MAX);
  s->step = BEARER_ENDS;
  bearer_free(&b);
  return good ? SASL_TOKEN : SASL_MALFORMED;
}

static enum sasl_result oauth(struct sasl *s, const char *bytes, size_t length) { return bearer(s, bearer_parse_oauth, bytes, length); }
static enum sasl_result xoauth2(struct sasl *s, const char *bytes, size_t length) { return bearer(s, bearer_parse_xoauth2, bytes, length); }

void sasl_refuse(struct sasl *s, const struct bearer_refusal *r)
{
  (s->mechanism->step == xoauth2 ? bearer_refuse_xoauth2 : bearer_refuse_oauth)(&s->message, r);
  s->challenge = text_string(&s->message);
}

/* RFC 4422 A.1: who he wants to be, or nothing. */
static enum sasl_result external(struct sasl *s, const char *bytes, size_t length)
{
  if (!bytes) return s->step ? SASL_MALFORMED : challenge(s, "");
  return take_login(&s->login, bytes, length) ? SASL_CERTIFICATE : SASL_MALFORMED;
}

static const struct sasl_mechanism mechanisms[] = {
  { "PLAIN", SASL_BY_PASSWORD, 0, false, plain },
  { "LOGIN", SASL_BY_PASSWORD, 0, false, login },
  { "SCRAM-SHA-256", SASL_BY_KEYS, SCRAMHASH_SHA_256, false, scram },
  { "SCRAM-SHA-256-PLUS", SASL_BY_KEYS, SCRAMHASH_SHA_256, true, scram },
  { "SCRAM-SHA-1", SASL_BY_KEYS, SCRAMHASH_SHA_1, false, scram },
  { "SCRAM-SHA-1-PLUS", SASL_BY_KEYS, SCRAMHASH_SHA_1, true, scram },
  { "OAUTHBEARER", SASL_BY_TOKEN, 0, false, oauth },
  { "XOAUTH2", SASL_BY_TOKEN, 0, false, xoauth2 },
  { "EXTERNAL", SASL_BY_CERTIFICATE, 0, false, external },
};

static const struct sasl_mechanism *find(const char *name)
{
  for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
    if (string_is_nocase(mechanisms[i].name, name)) return &mechanisms[i];
  return 0;
}

enum sasl_means sasl_means(const char *mechanism)
{
  const struct sasl_mechanism *found = find(mechanism);
  return found ? found->means : SASL_BY_PASSWORD;
}

enum scramhash sasl_hash(const char *mechanism)
{
  const struct sasl_mechanism *found = find(mechanism);
  return found ? found->hash : SCRAMHASH_SHA_256;
}

bool sasl_begin(struct sasl *s, const char *mechanism, const text *channel)
{
  sasl_end(s);
  s->mechanism = find(mechanism);
  if (!s->mechanism) return false;
  s->scram.channel = channel;
  s->scram.is_plus = s->mechanism->is_plus;
  s->keys.hash = s->mechanism->hash;
  return !s->scram.is_plus || (channel && record_find(channel, "exporter"));
}

enum sasl_result sasl_step(struct sasl *s, const char *bytes, size_t length)
{
  return length > SASL_RESPONSE_MAX ? SASL_MALFORMED : s->mechanism->step(s, bytes, length);
}

void sasl_end(struct sasl *s)
{
  text_wipe(&s->login);
  text_wipe(&s->acts_for);
  text_wipe(&s->password);
  text_wipe(&s->token);
  scramkeys_free(&s->keys);
  auth_scram_free(&s->scram);
  text_wipe(&s->message);
  *s = (struct sasl)SASL_ZERO;
}
