/* hosts: the hosts of a relay rule, of which the hop names the others by next= and equal= (doc/calls.md, "The hop"). No I/O. */

#ifndef SEND_HOSTS_H
#define SEND_HOSTS_H

#include "lib/record.h"

enum { HOSTS_MAX = 100 };

struct hosts {
  struct hosts_one {
    const char *value; /* in the record; 0: host= and port= */
    unsigned int rank; /* the first have 0 */
    uint32_t lot;
  } all[HOSTS_MAX];
  unsigned int count;
};

/* In the order in which they are to be tried: equal ones by the order of random numbers; by that of the record without any. */
void send_hosts_sort(struct hosts *h, const text *record, uint32_t (*random)(void));

/* "HOST:PORT" or "[v6]:PORT". */
bool send_hosts_split(const char *value, text *name, unsigned int *port);

#endif
