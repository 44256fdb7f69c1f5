/* status: the part of a report that programs read (RFC 3464 2; RFC 6533 4 if it may hold UTF-8). */

#ifndef SEND_STATUS_H
#define SEND_STATUS_H

#include "send/report.h"

/* Adds the fields of the message and of each recipient, behind the part's own header. */
void send_status_add(const struct send_report *r, text *out);

/* May the report hold UTF-8 in its fields? Only if whom it is for has an address in it, so that it goes by SMTPUTF8 anyway. */
bool send_status_is_global(const struct send_report *r);

/* Printable ASCII stays, the rest becomes '?': nothing can end a line or begin a field. */
void send_status_add_plain(text *out, const char *value);
void send_status_add_field(text *out, const char *name, const char *value);

#endif
