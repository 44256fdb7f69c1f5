/* The part of lib/tls that is a client: who the other side is to be. */

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lib/tls_inside.h"

/* To a stranger's mail host any encryption is better than none (RFC 7435), so the client without verification also takes
   static RSA and short keys; nobody gets NULL, anonymous, RC4 or 3DES. */
#define CIPHERS_STRANGER                                                                                               \
  "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES:RSA+AES:!aNULL:!eNULL:!PSK:!SRP:!RC4:!3DES:!MD5:@SECLEVEL=1"

static struct tls_context *with_authorities(struct tls_context *c, const char *authorities, text *error)
{
  struct stat status;

  if (!c) return tls_context_fail(c, error, "unable to start TLS", "");
  c->looks = true;
  if (stat(authorities, &status) == -1) return tls_context_fail(c, error, "unable to read the authorities in ", authorities);
  if (S_ISDIR(status.st_mode) ? SSL_CTX_load_verify_dir(c->ssl, authorities) != 1
                              : SSL_CTX_load_verify_file(c->ssl, authorities) != 1)
    return tls_context_fail(c, error, "unable to use the authorities in ", authorities);
  return c;
}

struct tls_context *tls_context_client(const char *authorities, text *error)
{
  struct tls_context *c = tls_context_new(TLS_client_method(), authorities ? TLS_CIPHERS : CIPHERS_STRANGER);

  if (!c || !authorities) return c ? c : tls_context_fail(c, error, "unable to start TLS", "");
  SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, 0);
  return with_authorities(c, authorities, error);
}

struct tls_context *tls_context_observer(const char *authorities, text *error)
{
  return with_authorities(tls_context_new(TLS_client_method(), CIPHERS_STRANGER), authorities, error);
}

struct tls_context *tls_context_pinned(text *error)
{
  struct tls_context *c = tls_context_new(TLS_client_method(), TLS_CIPHERS);
  return c ? c : tls_context_fail(c, error, "unable to start TLS", "");
}

struct tls_context *tls_context_dane(text *error)
{
  struct tls_context *c = tls_context_new(TLS_client_method(), TLS_CIPHERS);

  if (!c || SSL_CTX_dane_enable(c->ssl) != 1) return tls_context_fail(c, error, "unable to start TLS with DANE", "");
  SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, 0);
  c->looks = true;
  return c;
}

bool tls_context_bear(struct tls_context *c, const char *path, text *error)
{
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(c->ssl, path) == 1 && SSL_CTX_use_PrivateKey_file(c->ssl, path, SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(c->ssl) == 1)
    return true;
  const char *reason = ERR_reason_error_string(ERR_peek_error());
  text_copy(error, "unable to use our certificate and its key in ");
  text_add(error, path);
  text_add(error, ": ");
  text_add(error, reason ? reason : "no reason given");
  ERR_clear_error();
  return false;
}

/* RFC 8460 4.3, for a certificate that is not accepted. */
static const char *name_failure(long verified)
{
  switch (verified) {
  case X509_V_OK: return "";
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH: return "certificate-host-mismatch";
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID: return "certificate-expired";
  case X509_V_ERR_DANE_NO_MATCH: return "validation-failure";
  default: return "certificate-not-trusted";
  }
}

/* What the handshake came to, from the result of the verification and whether it was done. */
static void judge(const struct tls *t, const struct tls_context *c, bool is_done, struct tls_verdict *verdict)
{
  long verified = SSL_get_verify_result(t->ssl);

  verdict->is_verified = is_done && c->looks && verified == X509_V_OK;
  verdict->failure = c->looks ? name_failure(verified) : "";
  if (!is_done && !*verdict->failure) verdict->failure = "validation-failure";
  if (!is_done || verdict->is_verified || !c->looks) return;
  text_copy(&verdict->error, "the certificate is not accepted: ");
  text_add(&verdict->error, X509_verify_cert_error_string(verified));
}

static bool is_address(const char *name)
{
  struct in6_addr address;

  return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* Asks for the name and, if the context looks at it, demands it, in a subjectAltName (RFC 8461 4.1). An address is demanded but not asked for (RFC 6066 3). */
static bool set_name(struct tls *t, const char *name, bool looks)
{
  if (is_address(name)) return !looks || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), name) == 1;
  if (*name && SSL_set_tlsext_host_name(t->ssl, name) != 1) return false;
  if (!looks) return true;
  SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return *name && SSL_set1_host(t->ssl, name) == 1;
}

/* The first name is asked for (RFC 7671 3); all fit for DANE-TA, and with DANE-EE none counts (RFC 7672 3.1.1). */
static bool set_dane(struct tls *t, const struct tls_dane *dane)
{
  bool is_good = SSL_dane_enable(t->ssl, dane->names[0]) == 1;

  SSL_dane_set_flags(t->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (size_t i = 1; is_good && i < dane->name_count; i++) is_good = SSL_add1_host(t->ssl, dane->names[i]) == 1;
  return is_good;
}

/* PKIX-TA and PKIX-EE are not for mail (RFC 7672 3.1.3), and what OpenSSL does not understand is of no use either. */
static size_t add_tlsa(struct tls *t, const struct tls_dane *dane)
{
  size_t usable = 0;

  for (size_t i = 0; i < dane->count; i++) {
    const struct tls_tlsa *r = &dane->records[i];
    if (r->usage != 2 && r->usage != 3) continue;
    usable += SSL_dane_tlsa_add(t->ssl, r->usage, r->selector, r->matching, r->bytes, r->length) > 0;
  }
  return usable;
}

static struct tls *run(struct tls *t, const struct tls_context *c, int socket, unsigned int seconds, struct tls_verdict *verdict)
{
  bool is_done = tls_handshake(t, socket, seconds, &verdict->error);

  judge(t, c, is_done, verdict);
  if (is_done) return t;
  tls_free(t);
  return 0;
}

static struct tls *begin(struct tls_context *c, int socket, struct tls_verdict *verdict)
{
  struct tls *t = tls_connection_new(c, socket);

  verdict->is_verified = verdict->is_unusable = false;
  verdict->failure = "validation-failure";
  text_clear(&verdict->error);
  if (t)
    SSL_set_connect_state(t->ssl);
  else
    text_copy(&verdict->error, "out of memory");
  return t;
}

struct tls *tls_connect(struct tls_context *c, int socket, const char *name, unsigned int seconds, struct tls_verdict *verdict)
{
  struct tls *t = begin(c, socket, verdict);

  if (!t || set_name(t, name, c->looks)) return t ? run(t, c, socket, seconds, verdict) : 0;
  text_copy(&verdict->error, "this name cannot stand in a certificate");
  tls_free(t);
  return 0;
}

struct tls *tls_connect_dane(struct tls_context *c, int socket, const struct tls_dane *dane, unsigned int seconds, struct tls_verdict *verdict)
{
  struct tls *t = begin(c, socket, verdict);

  if (t && !set_dane(t, dane))
    text_copy(&verdict->error, "this name cannot stand in a certificate");
  else if (t && !add_tlsa(t, dane)) {
    verdict->is_unusable = true;
    text_copy(&verdict->error, "none of the TLSA records can be used");
  } else if (t)
    return run(t, c, socket, seconds, verdict);
  tls_free(t);
  return 0;
}
