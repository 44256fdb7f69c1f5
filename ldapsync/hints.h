/* hints: values of proxyAddresses that begin with SMTP: in capitals name somebody's primary address (T15). For routing both
   spellings are the same; this is only about which of several main addresses comes first, and a word to the operator when
   two entries claim one as primary: Exchange forbids it, Samba does not. */

#ifndef LDAPSYNC_HINTS_H
#define LDAPSYNC_HINTS_H

#include "ldapsync/accounts.h"

const char *hints_main(const struct account *a); /* the main address that a hint names; 0: none */
void hints_report(const struct accounts *all);   /* those that two accounts claim */

#endif
