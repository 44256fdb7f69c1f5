#include "lib/tls_inside.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <skalibs/djbunix.h>

#include "lib/hex.h"

#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define SESSION_CONTEXT "postroom"
#define SESSION_SECONDS (12 * 3600)

enum { NAMES_MAX = 20, EXPORTER_SIZE = 32 }; /* of a certificate, for people; RFC 9266 2 */

void tls_add_reason(text *error, const char *otherwise)
{
  unsigned long code = ERR_peek_error();
  const char *reason = code ? ERR_reason_error_string(code) : 0;

  text_add(error, reason ? reason : otherwise);
  ERR_clear_error();
}

struct tls_context *tls_context_fail(struct tls_context *c, text *error, const char *what, const char *path)
{
  text_clear(error);
  text_add(error, what);
  text_add(error, path);
  text_add(error, ": ");
  tls_add_reason(error, errno ? strerror(errno) : "no reason given");
  tls_context_free(c);
  return 0;
}

/* A key with a password is refused; OpenSSL would ask for it on the terminal. */
static int no_password(char *bytes, int room, int is_writing, void *unused)
{
  (void)bytes, (void)room, (void)is_writing, (void)unused;
  return 0;
}

struct tls_context *tls_context_new(const SSL_METHOD *method, const char *ciphers)
{
  struct tls_context *c;
  SSL_CTX *ssl;

  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, 0);
  ERR_clear_error();
  errno = 0;
  if (!(ssl = SSL_CTX_new(method))) return 0;
  if (!(c = calloc(1, sizeof *c))) {
    SSL_CTX_free(ssl);
    return 0;
  }
  c->ssl = ssl;
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(ssl, 1);
  SSL_CTX_set_default_passwd_cb(ssl, no_password);
  if (!SSL_CTX_set_cipher_list(ssl, ciphers) || !SSL_CTX_set_ciphersuites(ssl, SUITES_13)) {
    tls_context_free(c);
    return 0;
  }
  return c;
}

void tls_context_free(struct tls_context *c)
{
  if (!c) return;
  SSL_CTX_free(c->ssl);
  free(c);
}

/* A handshake with ourselves in memory: what OpenSSL looks up at first use is then looked up here, before any fork,
   and a certificate with which no handshake works is found out. */
static bool warm(struct tls_context *c, int version)
{
  SSL_CTX *client_context = SSL_CTX_new(TLS_client_method());
  SSL *client = 0, *server = 0;
  BIO *client_end = 0, *server_end = 0;
  bool done = false;

  if (!client_context || !(client = SSL_new(client_context)) || !(server = SSL_new(c->ssl))) goto end;
  if (!BIO_new_bio_pair(&client_end, 0, &server_end, 0)) goto end;
  SSL_set_max_proto_version(client, version);
  SSL_set_bio(client, client_end, client_end);
  SSL_set_bio(server, server_end, server_end);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server);
  for (int turn = 0; turn < 20 && !done; turn++) {
    int near = SSL_do_handshake(client), far = SSL_do_handshake(server);
    done = near == 1 && far == 1;
    if (near != 1 && SSL_get_error(client, near) != SSL_ERROR_WANT_READ) break;
    if (far != 1 && SSL_get_error(server, far) != SSL_ERROR_WANT_READ) break;
  }
end:
  SSL_free(client);
  SSL_free(server);
  SSL_CTX_free(client_context);
  return done;
}

struct tls_context *tls_context_server(const char *certificate_path, const char *key_path, text *error)
{
  struct tls_context *c = tls_context_new(TLS_server_method(), TLS_CIPHERS);

  if (!c) return tls_context_fail(c, error, "unable to start TLS", "");
  SSL_CTX_set_options(c->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(c->ssl, 1);
  SSL_CTX_set_timeout(c->ssl, SESSION_SECONDS);
  SSL_CTX_set_session_id_context(c->ssl, (const unsigned char *)SESSION_CONTEXT, sizeof SESSION_CONTEXT - 1);
  if (SSL_CTX_use_certificate_chain_file(c->ssl, certificate_path) != 1)
    return tls_context_fail(c, error, "unable to use the certificate in ", certificate_path);
  if (SSL_CTX_use_PrivateKey_file(c->ssl, key_path, SSL_FILETYPE_PEM) != 1)
    return tls_context_fail(c, error, "unable to use the private key in ", key_path);
  if (SSL_CTX_check_private_key(c->ssl) != 1)
    return tls_context_fail(c, error, "the certificate is not for the private key in ", key_path);
  if (!warm(c, TLS1_3_VERSION) || !warm(c, TLS1_2_VERSION))
    return tls_context_fail(c, error, "no handshake is possible with the certificate in ", certificate_path);
  ERR_clear_error();
  return c;
}

void tls_context_rotate(struct tls_context *c)
{
  unsigned char keys[80]; /* a name of 16 bytes and two keys of 32 */

  if (RAND_bytes(keys, sizeof keys) == 1) SSL_CTX_set_tlsext_ticket_keys(c->ssl, keys, sizeof keys);
  OPENSSL_cleanse(keys, sizeof keys);
}

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the socket; false when the time is over. */
static bool wait_until(int socket, short events, int64_t deadline)
{
  struct pollfd p = { .fd = socket, .events = events };

  for (;;) {
    int64_t left = deadline - now_ms();
    int n = poll(&p, 1, left < 0 ? 0 : (int)left);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

static void explain(const struct tls *t, text *error)
{
  long verified = SSL_get_verify_result(t->ssl);

  text_clear(error);
  if (verified != X509_V_OK && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE) {
    text_add(error, "the certificate is not accepted: ");
    text_add(error, X509_verify_cert_error_string(verified));
    ERR_clear_error();
  } else
    tls_add_reason(error, "the other side closed the connection");
}

bool tls_handshake(struct tls *t, int socket, unsigned int seconds, text *error)
{
  int64_t deadline = now_ms() + (int64_t)seconds * 1000;
  int done;

  while ((done = SSL_do_handshake(t->ssl)) != 1) {
    int why = SSL_get_error(t->ssl, done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      explain(t, error);
      return false;
    }
    if (!wait_until(socket, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
      text_copy(error, "the handshake took too long");
      return false;
    }
  }
  return true;
}

struct tls *tls_connection_new(struct tls_context *c, int socket)
{
  struct tls *t = calloc(1, sizeof *t);

  ERR_clear_error();
  if (!t || !(t->ssl = SSL_new(c->ssl)) || SSL_set_fd(t->ssl, socket) != 1 || ndelay_on(socket) == -1) {
    tls_free(t);
    return 0;
  }
  return t;
}

/* Whoever has the key to a certificate is that certificate's: a fingerprint needs no authority (S-21, S-31). */
static int take_any(int is_good, X509_STORE_CTX *chain)
{
  (void)is_good, (void)chain;
  return 1;
}

struct tls *tls_accept(struct tls_context *c, int socket, bool asks, unsigned int seconds, text *error)
{
  struct tls *t = tls_connection_new(c, socket);
  const char *sni;

  if (!t) {
    text_copy(error, "out of memory");
    return 0;
  }
  SSL_set_accept_state(t->ssl);
  if (asks) SSL_set_verify(t->ssl, SSL_VERIFY_PEER, take_any);
  if (!tls_handshake(t, socket, seconds, error)) {
    tls_free(t);
    return 0;
  }
  sni = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
  if (sni && strlen(sni) < sizeof t->sni) memcpy(t->sni, sni, strlen(sni) + 1);
  return t;
}

void tls_free(struct tls *t)
{
  if (!t) return;
  SSL_free(t->ssl);
  free(t);
}

const char *tls_protocol(const struct tls *t) { return SSL_get_version(t->ssl); }
const char *tls_cipher(const struct tls *t) { return SSL_CIPHER_standard_name(SSL_get_current_cipher(t->ssl)); }
const char *tls_sni(const struct tls *t) { return t->sni; }
/* Before TLS 1.3 a context that is empty and one that is not there are two things, and implementations differ. */
bool tls_exporter(const struct tls *t, text *bytes)
{
  static const char label[] = "EXPORTER-Channel-Binding";
  unsigned char exported[EXPORTER_SIZE];

  text_clear(bytes);
  if (SSL_version(t->ssl) < TLS1_3_VERSION ||
      SSL_export_keying_material(t->ssl, exported, sizeof exported, label, sizeof label - 1, 0, 0, 0) != 1)
    return false;
  text_add_bytes(bytes, (char *)exported, sizeof exported);
  return true;
}

/* RFC 5929 4.1: by the hash of the certificate's signature, but by SHA-256 where that is MD5 or SHA-1. */
bool tls_endpoint(const struct tls *t, text *bytes)
{
  X509 *certificate = SSL_get_certificate(t->ssl);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  int hash = NID_undef;

  text_clear(bytes);
  if (!certificate || OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &hash, 0) != 1) return false;
  const EVP_MD *digest_of = hash == NID_md5 || hash == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(hash);
  if (!digest_of || X509_digest(certificate, digest_of, digest, &length) != 1) return false;
  text_add_bytes(bytes, (char *)digest, length);
  return true;
}

bool tls_fingerprint(const struct tls *t, text *hex)
{
  X509 *certificate = SSL_get1_peer_certificate(t->ssl);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  bool good = certificate && X509_digest(certificate, EVP_sha256(), digest, &length) == 1;

  text_clear(hex);
  if (good) hex_add(hex, digest, length);
  text_string(hex);
  X509_free(certificate);
  return good;
}

/* Whatever stands there is a stranger's: a name of letters, digits and what else is in host names, or nothing. */
static void add_certificate_name(text *names, const ASN1_STRING *name)
{
  const char *bytes = (const char *)ASN1_STRING_get0_data(name);
  size_t length = (size_t)ASN1_STRING_length(name);

  if (!length || length > 255) return;
  if (names->len) text_add_char(names, ' ');
  for (size_t i = 0; i < length; i++) text_add_char(names, ascii_is_printable(bytes[i]) && bytes[i] != ' ' ? bytes[i] : '?');
}

void tls_certificate_names(const struct tls *t, text *names)
{
  X509 *certificate = SSL_get1_peer_certificate(t->ssl);
  GENERAL_NAMES *all = certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, 0, 0) : 0;
  X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : 0;
  int at = subject ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;

  text_clear(names);
  for (int i = 0; i < sk_GENERAL_NAME_num(all) && i < NAMES_MAX; i++) {
    const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
    if (one->type == GEN_DNS) add_certificate_name(names, one->d.dNSName);
  }
  if (!names->len && at >= 0) add_certificate_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  text_string(names);
  GENERAL_NAMES_free(all);
  X509_free(certificate);
}

bool tls_has_pending(const struct tls *t) { return SSL_has_pending(t->ssl); }

static enum tls_result result(struct tls *t, int returned)
{
  switch (SSL_get_error(t->ssl, returned)) {
  case SSL_ERROR_WANT_READ: return TLS_WANTS_READ;
  case SSL_ERROR_WANT_WRITE: return TLS_WANTS_WRITE;
  case SSL_ERROR_ZERO_RETURN: return TLS_ENDED;
  default: ERR_clear_error(); return TLS_BROKEN;
  }
}

enum tls_result tls_read(struct tls *t, char *bytes, size_t room, size_t *got)
{
  int returned = SSL_read_ex(t->ssl, bytes, room, got);
  return returned == 1 ? TLS_DONE : result(t, returned);
}

enum tls_result tls_write(struct tls *t, const char *bytes, size_t length, size_t *put)
{
  int returned = SSL_write_ex(t->ssl, bytes, length, put);
  return returned == 1 ? TLS_DONE : result(t, returned);
}

enum tls_result tls_end(struct tls *t)
{
  int returned = SSL_shutdown(t->ssl);
  return returned >= 0 ? TLS_DONE : result(t, returned);
}
