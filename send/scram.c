#include "send/scram.h"

#include <string.h>

#include <skalibs/sha256.h>

#include "lib/base64.h"

enum {
  ITERATIONS_MIN = 4096,    /* RFC 7677 4: fewer would make the password cheap to guess for who asks for so few */
  ITERATIONS_MAX = 1000000, /* about a second */
  CHALLENGE_MAX = 2000
};

#define NO_BINDING "n,,"
#define NO_BINDING_ENCODED "biws"

/* RFC 5802 5.1: saslname. */
static void add_name(text *message, const char *login)
{
  for (; *login; login++)
    if (*login == '=')
      text_add(message, "=3D");
    else if (*login == ',')
      text_add(message, "=2C");
    else
      text_add_char(message, *login);
}

void send_scram_first(struct scram *s, const char *login, const char *nonce, text *message)
{
  s->is_proved = false;
  text_copy(&s->nonce, nonce);
  text_copy(&s->said, "n=");
  add_name(&s->said, login);
  text_add(&s->said, ",r=");
  text_add(&s->said, nonce);
  text_copy(message, NO_BINDING);
  text_add_text(message, &s->said);
}

/* "x=VALUE" up to the next comma or the end; *at goes behind it. 0: it is another attribute, or none. */
static const char *attribute(const char **at, const char *end, char name, size_t *length)
{
  const char *value = *at + 2, *comma;

  if (end - *at < 2 || **at != name || (*at)[1] != '=') return 0;
  comma = memchr(value, ',', (size_t)(end - value));
  *length = (size_t)((comma ? comma : end) - value);
  *at = comma ? comma + 1 : end;
  return value;
}

struct first {
  const char *nonce;
  size_t nonce_length;
  text salt;
  uint64_t iterations;
};

static const char *parse_first(const struct scram *s, const char *challenge, size_t length, struct first *f)
{
  const char *at = challenge, *end = challenge + length, *value;
  size_t value_length;

  if (length > CHALLENGE_MAX) return "its challenge is too long";
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(challenge[i])) return "its challenge is not text";
  if (!(f->nonce = attribute(&at, end, 'r', &f->nonce_length))) return "its challenge has no nonce";
  if (f->nonce_length <= s->nonce.len || memcmp(f->nonce, s->nonce.s, s->nonce.len)) return "its nonce does not begin with ours";
  if (!(value = attribute(&at, end, 's', &value_length)) || !base64_decode(&f->salt, value, value_length) || !f->salt.len)
    return "its challenge has no salt";
  if (!(value = attribute(&at, end, 'i', &value_length)) || !number_scan_bytes(value, value_length, UINT32_MAX, &f->iterations))
    return "its challenge has no count of iterations";
  if (f->iterations < ITERATIONS_MIN || f->iterations > ITERATIONS_MAX) return "it wants fewer than 4096 iterations, or more than a million";
  return 0;
}

/* RFC 5802 3: the proof that we know the password, and what the server has to show. */
static void prove(struct scram *s, const char *password, const struct first *f, unsigned char *proof)
{
  unsigned char salted[MAC_SIZE], key[MAC_SIZE], stored[MAC_SIZE], signature[MAC_SIZE];
  SHA256Schedule hash;

  mac_stretch(salted, password, strlen(password), f->salt.s, f->salt.len, (unsigned int)f->iterations);
  mac_bytes(key, (char *)salted, MAC_SIZE, "Client Key", 10);
  sha256_init(&hash);
  sha256_update(&hash, (char *)key, MAC_SIZE);
  sha256_final(&hash, (char *)stored);
  mac_bytes(signature, (char *)stored, MAC_SIZE, s->said.s, s->said.len);
  for (size_t i = 0; i < MAC_SIZE; i++) proof[i] = key[i] ^ signature[i];
  mac_bytes(key, (char *)salted, MAC_SIZE, "Server Key", 10);
  mac_bytes(s->server, (char *)key, MAC_SIZE, s->said.s, s->said.len);
  explicit_bzero(salted, sizeof salted);
  explicit_bzero(key, sizeof key);
}

const char *send_scram_last(struct scram *s, const char *password, const char *challenge, size_t length, text *message)
{
  struct first f = { .salt = TEXT_ZERO };
  unsigned char proof[MAC_SIZE];
  const char *wrong = parse_first(s, challenge, length, &f);

  text_clear(message);
  if (!wrong) {
    text_add(message, "c=" NO_BINDING_ENCODED ",r=");
    text_add_bytes(message, f.nonce, f.nonce_length);
    text_add_char(&s->said, ',');
    text_add_bytes(&s->said, challenge, length);
    text_add_char(&s->said, ',');
    text_add_text(&s->said, message);
    prove(s, password, &f, proof);
    s->is_proved = true;
    text_add(message, ",p=");
    base64_add(message, (char *)proof, sizeof proof);
  }
  text_free(&f.salt);
  return wrong;
}

bool send_scram_check(const struct scram *s, const char *challenge, size_t length)
{
  const char *at = challenge, *value;
  size_t value_length;
  text seen = TEXT_ZERO;
  bool is_good;

  value = attribute(&at, challenge + length, 'v', &value_length);
  is_good = s->is_proved && value && base64_decode(&seen, value, value_length) && seen.len == MAC_SIZE && !memcmp(seen.s, s->server, MAC_SIZE);
  text_free(&seen);
  return is_good;
}

void send_scram_free(struct scram *s)
{
  text_free(&s->nonce);
  text_free(&s->said);
}
