/* source: the directory server as control/ describes it, and its entries as LDIF: what ldap-fetch and ldap-watch have in
   common. Only programs that link libldap use this module. */

#ifndef LDAPSYNC_SOURCE_H
#define LDAPSYNC_SOURCE_H

#include "ldapsync/profile.h"
#include "lib/ldapserver.h"
#include "lib/sandbox.h"

#define SOURCE_FOLDER "state/directory"
#define SOURCE_FILE "ldap.ldif"
#define SOURCE_HEAD "version: 1\n\n" /* what the file begins with; an entry ends with an empty line */

struct source {
  struct ldapserver server;
  struct profile profile;
  text base, login, password;
  bool is_external;     /* the login is the certificate, or our uid */
  text attributes;      /* of the profile, each ended by a NUL */
  const char **wanted;  /* the same, ended by 0 */
};
#define SOURCE_ZERO { .server = LDAPSERVER_ZERO, .profile = PROFILE_ZERO, .base = TEXT_ZERO }

/* That of ldap-fetch and of ldap-watch, which executes it: who is in a sandbox cannot go into another one. */
extern const struct sandbox source_sandbox;

/* Reads the control files and the profile; dies if they cannot be used. The password is the caller's to wipe. */
void source_read(struct source *s);

/* The first server that can be reached, and which one that is; dies if there is none. One that refuses the login is not passed
   over: the next one would too. */
LDAP *source_connect(const struct source *s, const char **uri);

/* Another connection to this one, for who has wiped the password: it is read again, and wiped. 0: it cannot be had. */
LDAP *source_connect_again(struct source *s, const char *uri);

/* What libldap and the server say of a request that failed; dies. */
_Noreturn void source_fail(LDAP *ld, int code, const char *what);

/* Adds an entry as the file has it, and what the file is sorted by: the values of its key, then its DN. False: it has no DN. */
bool source_entry(const struct source *s, LDAP *ld, LDAPMessage *entry, text *ldif, text *key);

struct source_search { /* of a subtree */
  const char *base, *filter, **attributes;
  LDAPControl *control; /* that goes with it; 0: none */
};

/* A page of what is found; the cookie is empty at first. True if more follow, which *cookie asks for then. Dies if the server refuses it. */
bool source_page(LDAP *ld, const struct source_search *s, struct berval *cookie, LDAPMessage **result);

/* The same in steps, for who does something else meanwhile: asked for; waited for (false: not yet; no timeout: as long as control/ldaptimeout says); its end. */
int source_page_ask(LDAP *ld, const struct source_search *s, struct berval *cookie);
bool source_page_wait(LDAP *ld, int message, struct timeval *timeout, LDAPMessage **result);
bool source_page_end(LDAP *ld, LDAPMessage *result, struct berval *cookie);

/* Whoever changes the file holds this lock, ldap-fetch from before it asks: so what it has read is not older than what
   ldap-watch wrote meanwhile. It goes with the descriptor. Dies if it cannot be had. */
int source_lock(void);

#endif
