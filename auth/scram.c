#include "auth/scram.h"

#include <string.h>

#include "auth/gs2.h"
#include "lib/base64.h"
#include "lib/record.h"

struct cursor {
  const char *at, *end;
};

/* "x=VALUE" up to the next comma or the end; the cursor goes behind it. False: it is another attribute, or none. */
static bool attribute(struct cursor *c, char name, const char **value, size_t *length)
{
  if (c->end - c->at < 2 || c->at[0] != name || c->at[1] != '=') return false;
  *value = c->at + 2;
  const char *comma = memchr(*value, ',', (size_t)(c->end - *value));
  *length = (size_t)((comma ? comma : c->end) - *value);
  c->at = comma ? comma + 1 : c->end;
  return true;
}

/* RFC 5802 6: "y" says that we do not offer to bind the channel. If we do, somebody between us has taken it off the list. */
static bool bind_channel(struct auth_scram *s, char flag, const text *name)
{
  const char *exporter = s->channel ? record_get(s->channel, "exporter") : "";
  const char *bytes = text_is(name, "tls-exporter") ? exporter : text_is(name, "tls-server-end-point") && *exporter ? record_get(s->channel, "endpoint") : "";

  if (!s->is_plus) return flag == 'n' || (flag == 'y' && !*exporter);
  return flag == 'p' && *bytes && base64_decode(&s->header, bytes, strlen(bytes));
}

/* RFC 5802 7: all printable characters but the comma. */
static bool is_nonce(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(bytes[i]) || bytes[i] == ' ') return false;
  return length && length <= AUTH_SCRAM_NONCE_MAX;
}

/* Attributes of a later SCRAM are skipped (RFC 5802 5.1), but for "m=", which stands in front and so is no name. */
static bool is_extensions(struct cursor c)
{
  while (c.at < c.end) {
    const char *value;
    size_t length;
    if (!ascii_is_alpha(*c.at) || !attribute(&c, *c.at, &value, &length) || !length) return false;
  }
  return true;
}

enum auth_scram_result auth_scram_first(struct auth_scram *s, const char *bytes, size_t length, text *login)
{
  struct gs2 g = GS2_ZERO;
  const char *name, *nonce;
  size_t name_length, nonce_length, header = length && !memchr(bytes, 0, length) ? gs2_parse(&g, bytes, length) : 0;
  enum auth_scram_result result = AUTH_SCRAM_MALFORMED;

  if (header) {
    struct cursor c = { bytes + header, bytes + length };
    text_copy_bytes(&s->header, bytes, header);
    text_copy_bytes(&s->said, c.at, (size_t)(c.end - c.at));
    if (attribute(&c, 'n', &name, &name_length) && gs2_decode_name(name, name_length, login) && attribute(&c, 'r', &nonce, &nonce_length) &&
        is_nonce(nonce, nonce_length) && is_extensions(c)) {
      text_copy_bytes(&s->nonce, nonce, nonce_length);
      bool is_own = !g.acts_as.len || (g.acts_as.len == login->len && bytes_are_nocase(g.acts_as.s, login->s, login->len));
      result = !bind_channel(s, g.flag, &g.binding) ? AUTH_SCRAM_UNBOUND : is_own ? AUTH_SCRAM_GOOD : AUTH_SCRAM_FOREIGN;
    }
  }
  gs2_free(&g);
  return result;
}

void auth_scram_challenge(struct auth_scram *s, const struct scramkeys *k, const char *nonce, text *message)
{
  text_add(&s->nonce, nonce);
  text_copy(message, "r=");
  text_add_text(message, &s->nonce);
  text_add(message, ",s=");
  base64_add(message, k->salt.s, k->salt.len);
  text_add(message, ",i=");
  text_add_number(message, k->iterations);
  text_add_char(&s->said, ',');
  text_add_text(&s->said, message);
}

struct final {
  text binding; /* c= */
  text proof;
  const char *nonce;
  size_t nonce_length;
  size_t signed_length; /* client-final-message-without-proof */
};

static bool parse_final(const char *bytes, size_t length, size_t size, struct final *f)
{
  struct cursor c = { bytes, bytes + length }, extensions;
  const char *value, *proof = memrchr(bytes, ',', length);
  size_t value_length;

  if (!proof || memchr(bytes, 0, length)) return false;
  f->signed_length = (size_t)(proof - bytes);
  c.end = proof;
  if (!attribute(&c, 'c', &value, &value_length) || !base64_decode(&f->binding, value, value_length)) return false;
  if (!attribute(&c, 'r', &f->nonce, &f->nonce_length)) return false;
  extensions = c;
  c = (struct cursor){ proof + 1, bytes + length };
  return is_extensions(extensions) && attribute(&c, 'p', &value, &value_length) && base64_decode(&f->proof, value, value_length) &&
         f->proof.len == size;
}

static bool are_equal(const void *a, const void *b, size_t length)
{
  const unsigned char *x = a, *y = b;
  unsigned char difference = 0;

  for (size_t i = 0; i < length; i++) difference |= (unsigned char)(x[i] ^ y[i]);
  return !difference;
}

/* RFC 5802 3: the proof is ClientKey XOR ClientSignature, and H(ClientKey) is what we have stored. */
static bool is_proof(const struct auth_scram *s, const struct scramkeys *k, const text *proof)
{
  unsigned char client[MAC_SIZE], stored[MAC_SIZE];
  size_t size = scramkeys_hash(k->hash)->size;

  hmac_bytes(scramkeys_hash(k->hash), client, k->stored, size, s->said.s, s->said.len);
  for (size_t i = 0; i < size; i++) client[i] ^= (unsigned char)proof->s[i];
  scramkeys_store(k->hash, stored, client);
  explicit_bzero(client, sizeof client);
  return are_equal(stored, k->stored, size);
}

static void sign(const struct auth_scram *s, const struct scramkeys *k, text *message)
{
  unsigned char signature[MAC_SIZE];
  size_t size = scramkeys_hash(k->hash)->size;

  hmac_bytes(scramkeys_hash(k->hash), signature, k->server, size, s->said.s, s->said.len);
  text_copy(message, "v=");
  base64_add(message, (char *)signature, size);
}

enum auth_scram_result auth_scram_last(struct auth_scram *s, const struct scramkeys *k, const char *bytes, size_t length, text *message)
{
  struct final f = { .binding = TEXT_ZERO, .proof = TEXT_ZERO };
  enum auth_scram_result result = AUTH_SCRAM_MALFORMED;

  text_clear(message);
  if (parse_final(bytes, length, scramkeys_hash(k->hash)->size, &f)) {
    text_add_char(&s->said, ',');
    text_add_bytes(&s->said, bytes, f.signed_length);
    bool is_bound = f.binding.len == s->header.len && are_equal(f.binding.s, s->header.s, s->header.len);
    bool is_ours = f.nonce_length == s->nonce.len && !memcmp(f.nonce, s->nonce.s, s->nonce.len);
    result = is_proof(s, k, &f.proof) && is_bound && is_ours ? AUTH_SCRAM_GOOD : AUTH_SCRAM_WRONG;
    if (result == AUTH_SCRAM_GOOD) sign(s, k, message);
  }
  text_wipe(&f.binding);
  text_wipe(&f.proof);
  return result;
}

void auth_scram_free(struct auth_scram *s)
{
  text_wipe(&s->header);
  text_wipe(&s->nonce);
  text_wipe(&s->said);
}
