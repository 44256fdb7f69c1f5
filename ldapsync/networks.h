/* networks: IPv4 and IPv6 networks as keys that a program finds with one look-up for each prefix length in use
   (doc/tables.md: networks:KIND, network:KIND:LENGTH:BYTES). */

#ifndef LDAPSYNC_NETWORKS_H
#define LDAPSYNC_NETWORKS_H

#include "ldapsync/table.h"

struct networks {
  const char *kind; /* mynetworks, bypass, backend */
  text lengths;     /* record: length=4/24, each once, in the order they came */
};

/* "10.77.4.0/24", "192.0.2.1", "2001:db8::/32" to "4/24:0a4d04" and so on. False if it is no network. */
bool network_key(const char *string, text *key);

/* Adds network:KIND:KEY. False if it is there already. */
bool networks_add(struct networks *n, struct table *policy, const char *key, const text *record);
void networks_finish(struct networks *n, struct table *policy); /* networks:KIND, if there is any */

/* control/mynetworks (N-98). */
void mynetworks_read(struct table *policy);
bool mynetworks_parse(struct table *policy, const char *path, const text *bytes, text *error);

#endif
