#include "lib/tls_inside.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum { ADDRESSES_MAX = 20, ADDRESS_SIZE_MAX = 320, DAY_SECONDS = 86400 }; /* of a certificate */

static bool fail(text *error, const char *what, const char *path)
{
  text_copy(error, what);
  text_add(error, path);
  text_add(error, ": ");
  tls_add_reason(error, errno ? strerror(errno) : "no reason given");
  text_string(error);
  return false;
}

bool tls_context_believe(struct tls_context *c, const char *path, text *error)
{
  ERR_clear_error();
  errno = 0;
  return SSL_CTX_load_verify_file(c->ssl, path) == 1 || fail(error, "unable to use the authorities in ", path);
}

/* A list that does not say how long it is good is good (RFC 5280 5.1.2.5 wants it said). */
static void note_end(const X509_CRL *list, struct tls_revocations *r)
{
  const ASN1_TIME *end = X509_CRL_get0_nextUpdate(list);
  int days, seconds;

  if (!end) return;
  if (ASN1_TIME_diff(&days, &seconds, 0, end) != 1 || days < 0 || seconds < 0 || (!days && !seconds)) {
    r->has_expired = true;
    return;
  }
  time_t until = time(0) + (time_t)days * DAY_SECONDS + seconds;
  if (!r->until || until < r->until) r->until = until;
}

bool tls_context_revoke(struct tls_context *c, const char *path, struct tls_revocations *r, text *error)
{
  X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);
  X509_LOOKUP *file = X509_STORE_add_lookup(store, X509_LOOKUP_file());

  *r = (struct tls_revocations){ 0 };
  ERR_clear_error();
  errno = 0;
  if (!file || X509_load_crl_file(file, path, X509_FILETYPE_PEM) < 1) return fail(error, "unable to use the revocations in ", path);
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
    X509_CRL *list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
    if (list) note_end(list, r);
  }
  return true;
}

static bool is_address(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(bytes[i]) || bytes[i] == ' ') return false;
  return length && length <= ADDRESS_SIZE_MAX;
}

/* tls_accept lets every certificate through; what was wrong with it stays behind, also in a session that goes on from another one. */
void tls_addresses(const struct tls *t, text *addresses)
{
  X509 *certificate = SSL_get_verify_result(t->ssl) == X509_V_OK ? SSL_get1_peer_certificate(t->ssl) : 0;
  GENERAL_NAMES *all = certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, 0, 0) : 0;

  text_clear(addresses);
  for (int i = 0; i < sk_GENERAL_NAME_num(all) && i < ADDRESSES_MAX; i++) {
    const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
    const char *bytes = one->type == GEN_EMAIL ? (const char *)ASN1_STRING_get0_data(one->d.rfc822Name) : 0;
    if (!bytes || !is_address(bytes, (size_t)ASN1_STRING_length(one->d.rfc822Name))) continue;
    text_add_bytes(addresses, bytes, (size_t)ASN1_STRING_length(one->d.rfc822Name));
    text_add_char(addresses, 0);
  }
  GENERAL_NAMES_free(all);
  X509_free(certificate);
}

const char *tls_revocation(const struct tls *t)
{
  static const long about[] = { X509_V_ERR_CERT_REVOKED, X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID,
                                X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
                                X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, X509_V_ERR_DIFFERENT_CRL_SCOPE };
  long verified = SSL_get_verify_result(t->ssl);

  for (size_t i = 0; i < sizeof about / sizeof *about; i++)
    if (verified == about[i]) return X509_verify_cert_error_string(verified);
  return 0;
}
