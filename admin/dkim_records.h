/* dkim_records: what the DNS has to say of the keys that sign a domain's mail: control/dkim, state/dkim/ (service/dkim). */

#ifndef ADMIN_DKIM_RECORDS_H
#define ADMIN_DKIM_RECORDS_H

#include "lib/record.h"

/* name=SELECTOR._domainkey.DOMAIN and text=RECORD of each selector, in their order; the text is empty if state/dkim/ has none. Nothing
   if the domain's mail is not signed. A control/dkim that cannot be understood ends the program. */
void dkim_records_read(const char *domain, text *records);

/* Do two records hold the same key? Only p= is looked at, without white space. */
bool dkim_records_agree(const char *a, const char *b);

#endif
