/* certificate_logins: the client certificates that the directory has of somebody, as logins: nothing else stands for them in the tables. */

#ifndef LDAPSYNC_CERTIFICATE_LOGINS_H
#define LDAPSYNC_CERTIFICATE_LOGINS_H

#include "lib/ldif.h"

/* Adds login=certificate:HEX for each value of the attribute: a certificate (DER), or SHA-256 in hex. */
void certificate_logins_add(const struct ldif_entry *e, const char *attribute, text *facts);

/* Of facts that are logins alone: those that are written like that go. They came out of attributes that people may write themselves. */
void certificate_logins_refuse(text *facts);

#endif
