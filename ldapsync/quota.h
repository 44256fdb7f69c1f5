/* quota: how much a mailbox may hold, in the words of other mail systems. No I/O. */

#ifndef LDAPSYNC_QUOTA_H
#define LDAPSYNC_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number, or one with b, K, M, G or T behind it: "100M"; Maildir++: "1000000S,100C"; Dovecot's rule: "*:storage=100M", "*:bytes=1000".
   unit: what a bare number counts, 1 for bytes; storage= counts kilobytes. How many messages there may be is not counted here.
   0: no limit. */
bool quota_parse(const char *value, size_t length, uint64_t unit, uint64_t *bytes);

uint64_t quota_unit(char letter); /* 0: it is none */

#endif
