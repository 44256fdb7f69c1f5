#include "filter/dkim_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"

enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 8192, SIGNATURE_MAX = RSA_BITS_MAX / 8 }; /* RFC 8301 3.2 */

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int is_writing, void *to)
{
  (void)buffer, (void)size, (void)is_writing, (void)to;
  return -1;
}

static FILE *open_key(const char *selector, const char *domain, text *path)
{
  text_clear(path);
  text_add_format(path, "dkim/%s.%s.pem", selector, domain);
  FILE *file = fopen(text_string(path), "re");
  if (file || errno != ENOENT) return file;
  text_clear(path);
  text_add_format(path, "dkim/%s.pem", selector);
  return fopen(text_string(path), "re");
}

static const char *fault_of(const EVP_PKEY *key)
{
  if (!key) return "no private key in PEM without a passphrase";
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return "neither an RSA nor an Ed25519 key";
  int bits = EVP_PKEY_get_bits(key);
  return bits < RSA_BITS_MIN || bits > RSA_BITS_MAX ? "an RSA key has 1024 to 8192 bits" : 0;
}

struct dkim_key *dkim_key_read(const char *selector, const char *domain, text *error)
{
  text path = TEXT_ZERO;
  FILE *file = open_key(selector, domain, &path);
  EVP_PKEY *key = file ? PEM_read_PrivateKey(file, 0, no_passphrase, 0) : 0;
  const char *fault = file ? fault_of(key) : strerror(errno);

  text_clear(error);
  if (fault) text_add_format(error, "%s: %s", path.s, fault);
  text_string(error);
  if (file) fclose(file);
  text_free(&path);
  if (!fault) return (struct dkim_key *)key;
  EVP_PKEY_free(key);
  return 0;
}

void dkim_key_free(struct dkim_key *key) { EVP_PKEY_free((EVP_PKEY *)key); }

static bool is_rsa(const struct dkim_key *key) { return EVP_PKEY_get_base_id((const EVP_PKEY *)key) == EVP_PKEY_RSA; }

const char *dkim_key_algorithm(const struct dkim_key *key) { return is_rsa(key) ? "rsa-sha256" : "ed25519-sha256"; }

static bool sign_rsa(EVP_PKEY *key, const unsigned char *digest, unsigned char *signature, size_t *length)
{
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, 0);
  bool done = context && EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 && EVP_PKEY_sign(context, signature, length, digest, DKIM_DIGEST_BYTES) == 1;

  EVP_PKEY_CTX_free(context);
  return done;
}

/* RFC 8463 3: the digest is what is signed, as it is. */
static bool sign_ed25519(EVP_PKEY *key, const unsigned char *digest, unsigned char *signature, size_t *length)
{
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool done = context && EVP_DigestSignInit(context, 0, 0, 0, key) == 1 && EVP_DigestSign(context, signature, length, digest, DKIM_DIGEST_BYTES) == 1;

  EVP_MD_CTX_free(context);
  return done;
}

bool dkim_key_sign(const struct dkim_key *key, const unsigned char digest[DKIM_DIGEST_BYTES], text *signature)
{
  unsigned char bytes[SIGNATURE_MAX];
  size_t length = sizeof bytes;

  if (!(is_rsa(key) ? sign_rsa : sign_ed25519)((EVP_PKEY *)key, digest, bytes, &length)) return false;
  base64_add(signature, (const char *)bytes, length);
  return true;
}
