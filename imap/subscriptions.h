/* subscriptions: the file of that name, as Dovecot has it: version 2 ("V\t2", an empty line, then a name a line with a
   tab between its levels), or version 1 (a name a line with "." between its levels), which is only read. No I/O. */

#ifndef IMAP_SUBSCRIPTIONS_H
#define IMAP_SUBSCRIPTIONS_H

#include "imap/names.h"

void imap_subscriptions_parse(struct imap_names *names, const char *bytes, size_t length); /* adds, then sorts */
void imap_subscriptions_format(const struct imap_names *names, text *bytes);

#endif
