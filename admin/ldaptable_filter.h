/* ldaptable_filter: a query_filter of Postfix's ldap_table(5), which asks about one address, becomes a filter that finds all entries it
   could ever find (RFC 4515), and what it asked about. No I/O. */

#ifndef ADMIN_LDAPTABLE_FILTER_H
#define ADMIN_LDAPTABLE_FILTER_H

#include "lib/record.h"

enum { LDAPTABLE_DEPTH = 64 };

/* filter: added to. uses: a record of
   address=ATTRIBUTE or "ATTRIBUTE PREFIX" (%s; smtp:%s), local=ATTRIBUTE (%u), domain=ATTRIBUTE (%d, *@%d), catchall=ATTRIBUTE (@%d);
   loose=TERM (a value around %: any value is asked for now), lost=TERM (a term with % that is left out: below "!", or with >=);
   class=VALUE (objectClass=VALUE, not below "!"), other=TERM (any further term without %, not below "!", without its parentheses),
   any-class=yes ("|" joins terms with a class), all-classes=yes ("&" does), any-other=yes, all-others=yes (the same of other).
   False with a sentence in error if it is no filter. */
bool ldaptable_filter(const char *query, text *filter, text *uses, text *error);

#endif
