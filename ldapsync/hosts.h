/* hosts: the hosts of a relay rule or of a relayed domain, in order of preference. */

#ifndef LDAPSYNC_HOSTS_H
#define LDAPSYNC_HOSTS_H

#include "lib/record.h"

/* "a.example b.example:2525, [2001:db8::1]:25": the first is preferred; a comma joins those that are as good as each other. Adds
   KEY=HOST port=N for the first, then next=HOST:PORT or equal=HOST:PORT (as good as the one before) for each other, with
   brackets around an IPv6 address. port: of those that name none. False with a sentence in error. No I/O. */
bool hosts_add(const char *value, uint64_t port, const char *key, text *record, text *error);

#endif
