#include "auth/jwk.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "auth/base64url.h"
#include "lib/die.h"

enum { KEYS_MAX = 64, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, NUMBER_MAX = 1024, COORDINATE = 32, ES256_SIGNATURE = 64, PSS_SALT = 32 };

struct jwk {
  EVP_PKEY *key;
  char *name;                 /* kid; 0: it has none */
  enum jwt_algorithm only;    /* alg; UNKNOWN: any of its kind */
};

struct jwk_set {
  struct jwk keys[KEYS_MAX];
  size_t count;
};

static const char *word(const json_t *key, const char *name)
{
  const char *value = json_string_value(json_object_get(key, name));
  return value ? value : "";
}

static bool take_bytes(const json_t *key, const char *name, size_t max, text *bytes)
{
  const json_t *value = json_object_get(key, name);

  text_clear(bytes);
  return json_is_string(value) && json_string_length(value) <= 2 * max && base64url_decode(bytes, json_string_value(value), json_string_length(value)) &&
         bytes->len && bytes->len <= max;
}

static EVP_PKEY *make(const char *kind, OSSL_PARAM_BLD *builder)
{
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(0, kind, 0);
  EVP_PKEY *key = 0;

  if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) key = 0;
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  return key;
}

/* RFC 7518 6.3.1, and 3.3: 2048 bits at least. */
static EVP_PKEY *make_rsa(const json_t *jwk)
{
  text n = TEXT_ZERO, e = TEXT_ZERO;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  BIGNUM *modulus = 0, *exponent = 0;
  EVP_PKEY *key = 0;

  if (builder && take_bytes(jwk, "n", NUMBER_MAX, &n) && take_bytes(jwk, "e", sizeof(uint64_t), &e)) {
    modulus = BN_bin2bn((unsigned char *)n.s, (int)n.len, 0);
    exponent = BN_bin2bn((unsigned char *)e.s, (int)e.len, 0);
    if (modulus && exponent && BN_num_bits(modulus) >= RSA_BITS_MIN && BN_num_bits(modulus) <= RSA_BITS_MAX && BN_is_odd(modulus) && BN_is_odd(exponent) &&
        !BN_is_one(exponent) && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent))
      key = make("RSA", builder);
  }
  BN_free(modulus);
  BN_free(exponent);
  OSSL_PARAM_BLD_free(builder);
  text_free(&n);
  text_free(&e);
  return key;
}

/* RFC 7518 6.2.1: P-256. A point that is not on the curve is none: OpenSSL looks. */
static EVP_PKEY *make_ec(const json_t *jwk)
{
  text x = TEXT_ZERO, y = TEXT_ZERO, point = TEXT_ZERO;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY *key = 0;

  if (builder && !strcmp(word(jwk, "crv"), "P-256") && take_bytes(jwk, "x", COORDINATE, &x) && take_bytes(jwk, "y", COORDINATE, &y) &&
      x.len == COORDINATE && y.len == COORDINATE) {
    text_add_char(&point, POINT_CONVERSION_UNCOMPRESSED);
    text_add_text(&point, &x);
    text_add_text(&point, &y);
    if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.s, point.len))
      key = make("EC", builder);
  }
  OSSL_PARAM_BLD_free(builder);
  text_free(&x);
  text_free(&y);
  text_free(&point);
  return key;
}

/* RFC 8037 2: Ed25519. */
static EVP_PKEY *make_okp(const json_t *jwk)
{
  text x = TEXT_ZERO;
  EVP_PKEY *key = 0;

  if (!strcmp(word(jwk, "crv"), "Ed25519") && take_bytes(jwk, "x", COORDINATE, &x) && x.len == COORDINATE)
    key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, 0, (unsigned char *)x.s, x.len);
  text_free(&x);
  return key;
}

static void add_key(struct jwk_set *s, const json_t *jwk)
{
  static const struct {
    const char *type;
    EVP_PKEY *(*make)(const json_t *);
  } types[] = { { "RSA", make_rsa }, { "EC", make_ec }, { "OKP", make_okp } };
  const char *use = word(jwk, "use"), *algorithm = word(jwk, "alg"), *name = json_string_value(json_object_get(jwk, "kid"));
  struct jwk one = { .only = jwt_algorithm(algorithm) };

  if (s->count == KEYS_MAX || (*use && strcmp(use, "sig")) || (*algorithm && !one.only)) return;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (!strcmp(word(jwk, "kty"), types[i].type)) one.key = types[i].make(jwk);
  if (!one.key) return;
  one.name = name ? string_duplicate(name) : 0;
  s->keys[s->count++] = one;
}

struct jwk_set *jwk_parse(const char *bytes, size_t length, text *error)
{
  json_error_t where;
  json_t *document = length ? json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &where) : 0, *keys = json_object_get(document, "keys"), *one;
  struct jwk_set *s = calloc(1, sizeof *s);
  size_t i;

  if (!s) die_nomem();
  text_clear(error);
  json_array_foreach(keys, i, one) add_key(s, one);
  if (!document)
    text_add_format(error, "it is no JSON, line %d", length ? where.line : 1);
  else if (!s->count)
    text_add(error, "it has no key for signatures: RSA from 2048 bits on, P-256 or Ed25519, in \"keys\"");
  text_string(error);
  json_decref(document);
  if (s->count) return s;
  jwk_free(s);
  return 0;
}

void jwk_free(struct jwk_set *s)
{
  if (!s) return;
  for (size_t i = 0; i < s->count; i++) {
    EVP_PKEY_free(s->keys[i].key);
    free(s->keys[i].name);
  }
  free(s);
}

static bool is_for(const struct jwk *k, const struct jwt *j)
{
  static const char *const kinds[] = { [JWT_RS256] = "RSA", [JWT_PS256] = "RSA", [JWT_ES256] = "EC", [JWT_EDDSA] = "ED25519" };

  return (!k->only || k->only == j->algorithm) && EVP_PKEY_is_a(k->key, kinds[j->algorithm]) &&
         (!j->key.len || (k->name && text_is(&j->key, k->name)));
}

/* RFC 7518 3.4: r and s, 32 bytes each; OpenSSL wants them in DER. */
static bool make_der(const text *signature, text *der)
{
  const unsigned char *bytes = (const unsigned char *)signature->s;
  ECDSA_SIG *pair = signature->len == ES256_SIGNATURE ? ECDSA_SIG_new() : 0;
  BIGNUM *r = pair ? BN_bin2bn(bytes, COORDINATE, 0) : 0, *s = pair ? BN_bin2bn(bytes + COORDINATE, COORDINATE, 0) : 0;
  unsigned char *out = 0;
  int length = 0;

  if (r && s && ECDSA_SIG_set0(pair, r, s) == 1) length = i2d_ECDSA_SIG(pair, &out);
  if (length > 0) text_copy_bytes(der, (char *)out, (size_t)length);
  OPENSSL_free(out);
  ECDSA_SIG_free(pair); /* and with it r and s */
  return length > 0;
}

static bool set_padding(EVP_PKEY_CTX *context, enum jwt_algorithm algorithm)
{
  if (algorithm == JWT_RS256) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  if (algorithm != JWT_PS256) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, PSS_SALT) == 1;
}

static bool is_signed_by(const struct jwk *k, const struct jwt *j)
{
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *padding = 0;
  text der = TEXT_ZERO;
  const text *signature = &j->signature;
  bool good = context != 0;

  if (good && j->algorithm == JWT_ES256) {
    good = make_der(signature, &der);
    signature = &der;
  }
  good = good && EVP_DigestVerifyInit(context, &padding, j->algorithm == JWT_EDDSA ? 0 : EVP_sha256(), 0, k->key) == 1 && set_padding(padding, j->algorithm) &&
         EVP_DigestVerify(context, (unsigned char *)signature->s, signature->len, (const unsigned char *)j->signed_by, j->signed_length) == 1;
  EVP_MD_CTX_free(context);
  text_free(&der);
  return good;
}

enum jwk_result jwk_check(const struct jwk_set *s, const struct jwt *j)
{
  enum jwk_result result = JWK_NO_KEY;

  for (size_t i = 0; result != JWK_RIGHT && i < s->count; i++)
    if (is_for(&s->keys[i], j)) result = is_signed_by(&s->keys[i], j) ? JWK_RIGHT : JWK_WRONG;
  return result;
}
