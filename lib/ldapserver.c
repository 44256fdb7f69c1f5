#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/ldapserver.h"

#define CA "control/ldapca.pem"
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" /* Debian's libldap stands on GnuTLS */

enum { TIMEOUT_SECONDS = 30 };

static bool begins(const char *string, const char *with) { return !strncmp(string, with, strlen(with)); }

static bool is_uri(const char *line) { return begins(line, "ldap://") || begins(line, "ldaps://") || begins(line, "ldapi://"); }

/* One line of control/ldapserver (host, host:port, [ipv6]:port or a URI) as a URI; false if it is none. */
static bool make_uri(const char *line, enum ldapserver_tls tls, text *uri)
{
  LDAPURLDesc *parts = 0;

  text_clear(uri);
  if (!is_uri(line)) text_add(uri, tls == LDAPSERVER_LDAPS ? "ldaps://" : "ldap://");
  text_add(uri, line);
  bool good = ldap_url_parse(text_string(uri), &parts) == LDAP_SUCCESS &&
              (begins(uri->s, "ldapi://") || (parts->lud_host && *parts->lud_host));
  ldap_free_urldesc(parts);
  return good;
}

static enum ldapserver_tls read_tls(void)
{
  text word = TEXT_ZERO;
  enum ldapserver_tls tls = LDAPSERVER_STARTTLS;

  conf_value("ldaptls", &word, "starttls");
  if (text_is(&word, "ldaps"))
    tls = LDAPSERVER_LDAPS;
  else if (text_is(&word, "off"))
    tls = LDAPSERVER_OFF;
  else if (!text_is(&word, "starttls"))
    die_permanent("control/ldaptls is starttls, ldaps or off, not ", word.s);
  text_free(&word);
  return tls;
}

void ldapserver_read(struct ldapserver *s)
{
  text lines = TEXT_ZERO, uri = TEXT_ZERO;

  s->tls = read_tls();
  s->timeout_seconds = (unsigned int)conf_number("ldaptimeout", TIMEOUT_SECONDS, 3600);
  s->has_ca = access(CA, R_OK) == 0;
  text_clear(&s->uris);
  conf_lines("ldapserver", &lines);
  for (size_t at = 0; at < lines.len; at += strlen(lines.s + at) + 1) {
    if (!make_uri(lines.s + at, s->tls, &uri))
      die_permanent("control/ldapserver: not host, host:port or a URI: ", lines.s + at);
    text_add_bytes(&s->uris, uri.s, uri.len + 1);
  }
  if (!s->uris.len) die_permanent("control/ldapserver is missing: write the directory server into it, one a line");
  text_free(&lines);
  text_free(&uri);
}

bool ldapserver_is_private(const struct ldapserver *s, const char *uri)
{
  return s->tls != LDAPSERVER_OFF || begins(uri, "ldaps://") || begins(uri, "ldapi://");
}

void ldapserver_explain(LDAP *ld, int code, text *error)
{
  char *more = 0;

  text_add(error, ldap_err2string(code));
  if (ld && ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more) == LDAP_SUCCESS && more && *more) {
    text_add(error, " (");
    text_add(error, more);
    text_add_char(error, ')');
  }
  ldap_memfree(more);
  text_string(error);
}

static bool set(LDAP *ld, int option, const void *value) { return ldap_set_option(ld, option, value) == LDAP_OPT_SUCCESS; }

static bool set_options(LDAP *ld, const struct ldapserver *s)
{
  int version = LDAP_VERSION3, deref = LDAP_DEREF_NEVER;
  struct timeval timeout = { .tv_sec = (time_t)s->timeout_seconds };

  return set(ld, LDAP_OPT_PROTOCOL_VERSION, &version) && set(ld, LDAP_OPT_DEREF, &deref) &&
         set(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) && set(ld, LDAP_OPT_TIMEOUT, &timeout) &&
         set(ld, LDAP_OPT_NETWORK_TIMEOUT, &timeout);
}

static bool set_client(LDAP *ld, const struct ldapserver *s)
{
  return !s->client || (set(ld, LDAP_OPT_X_TLS_CERTFILE, s->client) && set(ld, LDAP_OPT_X_TLS_KEYFILE, s->client));
}

static bool set_tls(LDAP *ld, const struct ldapserver *s)
{
  int demand = LDAP_OPT_X_TLS_DEMAND, is_server = 0;

  return set_client(ld, s) && set(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) && set(ld, LDAP_OPT_X_TLS_CACERTFILE, s->has_ca ? CA : SYSTEM_CA) &&
         set(ld, LDAP_OPT_X_TLS_CIPHER_SUITE, PRIORITIES) && set(ld, LDAP_OPT_X_TLS_NEWCTX, &is_server);
}

static LDAP *fail(LDAP *ld, int code, const char *uri, const char *what, text *error)
{
  text_add(error, uri);
  text_add(error, what);
  ldapserver_explain(ld, code, error);
  if (ld) ldap_unbind_ext_s(ld, 0, 0);
  return 0;
}

LDAP *ldapserver_open(const struct ldapserver *s, const char *uri, text *error)
{
  LDAP *ld = 0;
  int code;

  text_clear(error);
  if (setenv("LDAPNOINIT", "1", 1) == -1) die_nomem(); /* no ldap.conf, no ~/.ldaprc: control/ says everything */
  code = ldap_initialize(&ld, uri);
  if (code != LDAP_SUCCESS) return fail(ld, code, uri, ": ", error);
  if (!set_options(ld, s)) return fail(ld, LDAP_LOCAL_ERROR, uri, ": set the options: ", error);
  bool is_plain = begins(uri, "ldap://");
  if (begins(uri, "ldapi://") || (is_plain && s->tls == LDAPSERVER_OFF)) return ld;
  if (!set_tls(ld, s)) return fail(ld, LDAP_LOCAL_ERROR, uri, ": prepare TLS: ", error);
  if (is_plain && (code = ldap_start_tls_s(ld, 0, 0)) != LDAP_SUCCESS) return fail(ld, code, uri, ": STARTTLS: ", error);
  return ld;
}

int ldapserver_bind(LDAP *ld, const char *dn, const char *password)
{
  struct berval secret = { .bv_val = (char *)password, .bv_len = strlen(password) };

  if (*dn && !*password) return LDAP_INVALID_CREDENTIALS;
  return ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, 0, 0, 0);
}

int ldapserver_bind_external(LDAP *ld)
{
  struct berval nobody_else = { .bv_val = (char *)"", .bv_len = 0 }; /* no authorization id: who the connection is */

  return ldap_sasl_bind_s(ld, "", "EXTERNAL", &nobody_else, 0, 0, 0);
}
