/* lib/tls_vouch: until when lists of revoked certificates are good (control/clientcrl, S-21). */

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/tls_inside.h"
#include "tests/check.h"

enum { DAY = 86400 };

const char *PROG = "lib_tls_vouch";

static char path[] = "/tmp/lists.XXXXXX";

/* One list for each time: seconds from now until it ends. */
static void write_lists(const long *ends, size_t count, time_t now)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  FILE *file = fopen(path, "w");

  for (size_t i = 0; i < count; i++) {
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_set(0, now - DAY), *until = ASN1_TIME_set(0, now + ends[i]);
    X509_NAME *name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"authority", -1, -1, 0);
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, name);
    X509_CRL_set1_lastUpdate(list, from);
    X509_CRL_set1_nextUpdate(list, until);
    X509_CRL_sign(list, key, EVP_sha256());
    PEM_write_X509_CRL(file, list);
    X509_NAME_free(name);
    ASN1_TIME_free(from), ASN1_TIME_free(until);
    X509_CRL_free(list);
  }
  fclose(file);
  EVP_PKEY_free(key);
}

/* Read within the second in which they were written, so that the times are exact. */
static struct tls_revocations read_lists(const long *ends, size_t count, time_t *now)
{
  struct tls_revocations r;
  text error = TEXT_ZERO;

  do {
    *now = time(0);
    write_lists(ends, count, *now);
    struct tls_context *c = tls_context_new(TLS_server_method(), "DEFAULT");
    if (!tls_context_revoke(c, path, &r, &error)) printf("Bail out! %s\n", error.s);
    tls_context_free(c);
  } while (time(0) != *now);
  text_free(&error);
  return r;
}

int main(void)
{
  static const struct {
    const char *what;
    long ends[2];
    bool has_expired;
    long until; /* 0: none */
  } rows[] = {
    { "half a day", { DAY / 2, 2 * DAY }, false, DAY / 2 },
    { "a day, to the second", { DAY, 2 * DAY }, false, DAY },
    { "... the other one first", { 3 * DAY, 2 * DAY }, false, 2 * DAY },
    { "it ends now", { 0, 2 * DAY }, true, 2 * DAY },
    { "it has ended", { -1, 2 * DAY }, true, 2 * DAY },
    { "days ago", { -3 * DAY, -DAY }, true, 0 },
  };

  close(mkstemp(path));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    time_t now;
    struct tls_revocations r = read_lists(rows[i].ends, 2, &now);
    check(r.has_expired == rows[i].has_expired && r.until == (rows[i].until ? now + rows[i].until : 0), rows[i].what);
  }
  unlink(path);
  return check_done();
}
