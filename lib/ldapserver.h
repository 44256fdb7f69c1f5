/* ldapserver: a connection to the directory server: control/ldapserver, ldaptls, ldaptimeout, ldapca.pem. Only programs
   that link libldap use this module (Makefile, programs_with_ldap). */

#ifndef LIB_LDAPSERVER_H
#define LIB_LDAPSERVER_H

#include <ldap.h>

#include "lib/text.h"

enum ldapserver_tls { LDAPSERVER_STARTTLS, LDAPSERVER_LDAPS, LDAPSERVER_OFF };

struct ldapserver {
  text uris;    /* each ended by a NUL, in the order they are tried */
  enum ldapserver_tls tls;
  bool has_ca;  /* control/ldapca.pem is there; else the system's authorities count */
  unsigned int timeout_seconds;
  const char *client; /* a file with our certificate and its key, for who shows one; 0: none. ldapserver_read leaves it as it is */
};
#define LDAPSERVER_ZERO { .uris = TEXT_ZERO }

/* Reads the control files; dies if they cannot be understood or there is no server. */
void ldapserver_read(struct ldapserver *s);

/* Connects to the server at uri, with TLS as it must be. 0 with a sentence in error. */
LDAP *ldapserver_open(const struct ldapserver *s, const char *uri, text *error);

/* A simple bind; the result code. An empty password is never sent: to many servers that is a bind as nobody, and a "yes". */
int ldapserver_bind(LDAP *ld, const char *dn, const char *password);

/* A bind by what the connection has shown: a TLS certificate, or our uid by ldapi (SASL EXTERNAL, RFC 4422 A); the result code. */
int ldapserver_bind_external(LDAP *ld);

bool ldapserver_is_private(const struct ldapserver *s, const char *uri); /* nobody on the way can read along */
void ldapserver_explain(LDAP *ld, int code, text *error);               /* adds what libldap and the server say */

#endif
