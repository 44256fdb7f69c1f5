#include "lib/password.h"

#include <argon2.h>
#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/random.h>
#include <skalibs/sha1.h>
#include <skalibs/sha256.h>
#include <skalibs/sha512.h>

#include "lib/base64.h"
#include "lib/conf.h"
#include "lib/cryptcost.h"
#include "lib/die.h"
#include "lib/phc.h"
#include "lib/saslprep.h"
#include "lib/scheme.h"
#include "lib/scramkeys.h"
#include "lib/secret.h"

enum { SHA1_SIZE = 20, SHA256_SIZE = 32, SHA512_SIZE = 64, SEAL_SALT_SIZE = 16, SCRAM_SALT_SIZE = 16, ARGON2_SALT_SIZE = 16, ARGON2_HASH_SIZE = 32, SCRAM_ITERATIONS = 25000 };

static bool are_equal(const char *a, const char *b, size_t length)
{
  unsigned char difference = 0;
  for (size_t i = 0; i < length; i++) difference |= (unsigned char)(a[i] ^ b[i]);
  return !difference;
}

/* H(password salt); the size says which H. */
static void digest_of(size_t size, const char *password, const char *salt, size_t salt_length, char *digest)
{
  union {
    SHA1Schedule sha1;
    SHA256Schedule sha256;
    SHA512Schedule sha512;
  } s;
  text bytes = TEXT_ZERO;

  text_add(&bytes, password);
  text_add_bytes(&bytes, salt, salt_length);
  switch (size) {
  case SHA1_SIZE: sha1_init(&s.sha1), sha1_update(&s.sha1, bytes.s, bytes.len), sha1_final(&s.sha1, digest); break;
  case SHA256_SIZE: sha256_init(&s.sha256), sha256_update(&s.sha256, bytes.s, bytes.len), sha256_final(&s.sha256, digest); break;
  case SHA512_SIZE: sha512_init(&s.sha512), sha512_update(&s.sha512, bytes.s, bytes.len), sha512_final(&s.sha512, digest); break;
  }
  explicit_bzero(&s, sizeof s);
  text_wipe(&bytes);
}

static const struct salted {
  enum scheme scheme;
  size_t size;
  bool has_salt;
} salteds[] = {
  { SCHEME_SHA, SHA1_SIZE, false },
  { SCHEME_SSHA, SHA1_SIZE, true },
  { SCHEME_SSHA256, SHA256_SIZE, true },
  { SCHEME_SSHA512, SHA512_SIZE, true },
};

/* base64(digest salt) */
static enum password_result check_salted(const struct salted *s, const char *hash, const char *password)
{
  text bytes = TEXT_ZERO;
  char digest[SHA512_SIZE];
  enum password_result result = PASSWORD_UNKNOWN;

  if (base64_decode(&bytes, hash, strlen(hash)) && bytes.len >= s->size && s->has_salt == (bytes.len > s->size)) {
    digest_of(s->size, password, bytes.s + s->size, bytes.len - s->size, digest);
    result = are_equal(digest, bytes.s, s->size) ? PASSWORD_RIGHT : PASSWORD_WRONG;
    explicit_bzero(digest, sizeof digest);
  }
  text_free(&bytes);
  return result;
}

/* crypt_data is 32 KiB and holds what the password leaves behind. */
static enum password_result check_crypt(const char *hash, const char *password)
{
  enum password_result result = PASSWORD_UNKNOWN;

  if (!cryptcost_is_bearable(hash)) return result;
  struct crypt_data *data = calloc(1, sizeof *data);
  if (!data) die_nomem();
  const char *made = crypt_rn(password, hash, data, sizeof *data);
  if (made && *made != '*') {
    size_t length = strlen(made);
    result = length == strlen(hash) && are_equal(made, hash, length) ? PASSWORD_RIGHT : PASSWORD_WRONG;
  } else if (errno == ENOMEM)
    die_nomem();
  explicit_bzero(data, sizeof *data);
  free(data);
  return result;
}

/* The lanes one after the other: a server that forks for each login has no threads. Too little memory is the end. */
static bool argon2_of(const struct phc *p, const char *password, char *made)
{
  argon2_context context = { .out = (uint8_t *)made, .outlen = (uint32_t)p->hash.len, .pwd = (uint8_t *)password, .pwdlen = (uint32_t)strlen(password),
                             .salt = (uint8_t *)p->salt.s, .saltlen = (uint32_t)p->salt.len, .t_cost = p->passes, .m_cost = p->memory,
                             .lanes = p->lanes, .threads = 1, .version = p->version, .flags = ARGON2_DEFAULT_FLAGS };
  int error = argon2_ctx(&context, p->is_id ? Argon2_id : Argon2_i);

  if (error == ARGON2_MEMORY_ALLOCATION_ERROR) die_nomem();
  return error == ARGON2_OK;
}

static enum password_result check_argon2(const char *hash, const char *password)
{
  struct phc known = PHC_ZERO;
  char made[PHC_HASH_MAX];
  enum password_result result = PASSWORD_UNKNOWN;

  if (phc_parse(&known, hash) && argon2_of(&known, password, made))
    result = are_equal(made, known.hash.s, known.hash.len) ? PASSWORD_RIGHT : PASSWORD_WRONG;
  explicit_bzero(made, sizeof made);
  phc_free(&known);
  return result;
}

static enum password_result check_scram(const char *stored, const char *password)
{
  struct scramkeys known = SCRAMKEYS_ZERO, made = SCRAMKEYS_ZERO;
  text prepared = TEXT_ZERO;
  enum password_result result = PASSWORD_UNKNOWN;

  if (scramkeys_parse_any(&known, stored)) {
    made.hash = known.hash;
    made.iterations = known.iterations;
    text_copy_bytes(&made.salt, known.salt.s, known.salt.len);
    saslprep(&prepared, password);
    scramkeys_make(&made, prepared.s);
    result = are_equal((char *)made.stored, (char *)known.stored, scramkeys_hash(known.hash)->size) ? PASSWORD_RIGHT : PASSWORD_WRONG;
  }
  text_wipe(&prepared);
  scramkeys_free(&made);
  scramkeys_free(&known);
  return result;
}

enum password_result password_check(const char *stored, const char *password)
{
  const char *hash;
  enum scheme scheme = scheme_parse(stored, &hash);

  if (scheme == SCHEME_UNKNOWN) return PASSWORD_UNKNOWN;
  if (!*password || strlen(password) > SECRET_MAX) return PASSWORD_WRONG;
  for (size_t i = 0; i < sizeof salteds / sizeof *salteds; i++)
    if (salteds[i].scheme == scheme) return check_salted(&salteds[i], hash, password);
  if (scheme == SCHEME_ARGON2) return check_argon2(hash, password);
  return scheme == SCHEME_SCRAM_SHA_256 || scheme == SCHEME_SCRAM_SHA_1 ? check_scram(stored, password) : check_crypt(hash, password);
}

/* What a hash costs is in the prefix's own unit; measured in doc/password-hash.md. */
static const struct kind {
  const char *name, *prefix; /* prefix 0: Argon2id */
  unsigned long cost;
} kinds[] = { { "yescrypt", "$y$", 5 }, { "sha512", "$6$", 100000 }, { "bcrypt", "$2b$", 10 }, { "argon2id", 0, 0 } };

static const struct phc argon2id = { .is_id = true, .version = ARGON2_VERSION_NUMBER, .memory = 19456, .passes = 2, .lanes = 1 };

static struct {
  bool is_kept;
  const struct kind *kind;
  unsigned int iterations;
} settings;

static const struct kind *configured(void)
{
  if (settings.is_kept) return settings.kind;
  text name = TEXT_ZERO;
  const struct kind *found = 0;

  conf_value("passwordscheme", &name, "yescrypt");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (text_is(&name, kinds[i].name)) found = &kinds[i];
  if (!found) die_permanent("control/passwordscheme is yescrypt, argon2id, sha512 or bcrypt, not ", name.s);
  text_free(&name);
  return found;
}

static void make_salt(const struct kind *kind, char *salt, size_t size)
{
  if (!crypt_gensalt_rn(kind->prefix, kind->cost, 0, 0, salt, (int)size)) die_unable("make a salt");
}

static void hash_crypt(const struct kind *kind, const char *password, text *stored)
{
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  struct crypt_data *data = calloc(1, sizeof *data);

  if (!data) die_nomem();
  make_salt(kind, salt, sizeof salt);
  const char *made = crypt_rn(password, salt, data, sizeof *data);
  if (!made || *made == '*') die_unable("hash a password");
  text_add(stored, "{CRYPT}");
  text_add(stored, made);
  explicit_bzero(data, sizeof *data);
  free(data);
}

static void hash_argon2(const char *password, text *stored)
{
  struct phc phc = argon2id;
  char salt[ARGON2_SALT_SIZE], hash[ARGON2_HASH_SIZE];

  random_buf(salt, sizeof salt);
  text_copy_bytes(&phc.salt, salt, sizeof salt);
  text_copy_bytes(&phc.hash, hash, sizeof hash); /* its size */
  if (!argon2_of(&phc, password, phc.hash.s)) die_unable("hash a password");
  text_add(stored, "{ARGON2ID}");
  phc_format(&phc, stored);
  phc_free(&phc);
}

void password_hash(text *stored, const char *password)
{
  const struct kind *kind = configured();

  if (kind->prefix)
    hash_crypt(kind, password, stored);
  else
    hash_argon2(password, stored);
}

/* Behind the third '$' stands the salt, before it all that makes the cost. */
static bool has_cost_of(const char *hash, const char *salt)
{
  size_t length = 0;

  for (unsigned int dollars = 0; salt[length] && dollars < 3; length++) dollars += salt[length] == '$';
  return !strncmp(hash, salt, length);
}

static bool have_parameters_of(const struct phc *a, const struct phc *b)
{
  return a->is_id == b->is_id && a->version == b->version && a->memory == b->memory && a->passes == b->passes && a->lanes == b->lanes;
}

bool password_costs_as(const char *stored, const char *other)
{
  const char *hash, *other_hash;
  enum scheme scheme = scheme_parse(stored, &hash);
  struct phc phc = PHC_ZERO, other_phc = PHC_ZERO;
  struct scramkeys keys = SCRAMKEYS_ZERO, other_keys = SCRAMKEYS_ZERO;

  if (scheme == SCHEME_UNKNOWN || scheme != scheme_parse(other, &other_hash)) return false;
  bool is_same = scheme == SCHEME_CRYPT            ? has_cost_of(hash, other_hash)
                 : scheme == SCHEME_ARGON2         ? phc_parse(&phc, hash) && phc_parse(&other_phc, other_hash) && have_parameters_of(&phc, &other_phc)
                 : scheme == SCHEME_SCRAM_SHA_256 || scheme == SCHEME_SCRAM_SHA_1 ? scramkeys_parse_any(&keys, stored) && scramkeys_parse_any(&other_keys, other) && keys.iterations == other_keys.iterations
                                                   : true;
  phc_free(&phc), phc_free(&other_phc);
  scramkeys_free(&keys), scramkeys_free(&other_keys);
  return is_same;
}

bool password_is_current(const char *stored)
{
  const struct kind *kind = configured();
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  struct phc phc = PHC_ZERO;
  const char *hash;
  enum scheme scheme = scheme_parse(stored, &hash);
  bool is_current = false;

  if (kind->prefix && scheme == SCHEME_CRYPT) {
    make_salt(kind, salt, sizeof salt);
    is_current = has_cost_of(hash, salt);
  } else if (!kind->prefix && scheme == SCHEME_ARGON2)
    is_current = phc_parse(&phc, hash) && have_parameters_of(&phc, &argon2id);
  phc_free(&phc);
  return is_current;
}

void password_seal(text *stored, const char *secret)
{
  char bytes[SHA256_SIZE + SEAL_SALT_SIZE];

  random_buf(bytes + SHA256_SIZE, SEAL_SALT_SIZE);
  digest_of(SHA256_SIZE, secret, bytes + SHA256_SIZE, SEAL_SALT_SIZE, bytes);
  text_add(stored, "{SSHA256}");
  base64_add(stored, bytes, sizeof bytes);
  text_string(stored);
}

static unsigned int scram_iterations(void)
{
  if (settings.is_kept) return settings.iterations;
  uint64_t iterations = conf_number("scramiterations", SCRAM_ITERATIONS, SCRAMKEYS_ITERATIONS_MAX);

  if (iterations && iterations < SCRAMKEYS_ITERATIONS_MIN) die_permanent("control/scramiterations: fewer than 4096 make a password cheap to guess; 0: no keys");
  return (unsigned int)iterations;
}

void password_keep_settings(void)
{
  settings.kind = configured();
  settings.iterations = scram_iterations();
  settings.is_kept = true;
}

static bool add_keys(text *stored, const char *password, enum scramhash hash)
{
  struct scramkeys keys = { .hash = hash, .iterations = scram_iterations(), .salt = TEXT_ZERO };
  text prepared = TEXT_ZERO;
  char salt[SCRAM_SALT_SIZE];

  if (!keys.iterations) return false;
  random_buf(salt, sizeof salt);
  text_copy_bytes(&keys.salt, salt, sizeof salt);
  saslprep(&prepared, password);
  scramkeys_make(&keys, prepared.s);
  scramkeys_format(&keys, stored);
  text_wipe(&prepared);
  scramkeys_free(&keys);
  return true;
}

bool password_scram(text *stored, const char *password) { return add_keys(stored, password, SCRAMHASH_SHA_256); }
bool password_scram_sha1(text *stored, const char *password) { return conf_is_yes("scramsha1", false) && add_keys(stored, password, SCRAMHASH_SHA_1); }
