/* json: a report as RFC 8460 4.4 has it, and the names that belong to it. */

#ifndef TLSRPT_JSON_H
#define TLSRPT_JSON_H

#include "tlsrpt/store.h"

/* Who reports: control/tlsreportcontact, an address, and control/tlsreportorg. */
void tlsrpt_contact(text *address);
void tlsrpt_submitter(text *domain); /* of that address (RFC 8460 5.3) */

void tlsrpt_report_name(const struct tlsrpt_report *r, text *name);      /* "ID@SUBMITTER" */
void tlsrpt_report_file(const struct tlsrpt_report *r, text *name);      /* RFC 8460 5.1, without what says how it is coded */
void tlsrpt_json(struct tlsrpt_store *s, const struct tlsrpt_report *r, text *json);

#endif
