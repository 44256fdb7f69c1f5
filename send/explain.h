/* explain: the part of a report that a person reads, from the words of a language (send/wording.h). */

#ifndef SEND_EXPLAIN_H
#define SEND_EXPLAIN_H

#include "send/report.h"

/* What the report is about first: failures, then delays, then what was asked for. In UTF-8. */
const char *send_explain_subject(const struct send_report *r);

/* The text, in UTF-8 of printable characters, lines end with LF. */
void send_explain(const struct send_report *r, text *out);

#endif
