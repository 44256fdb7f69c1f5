/* resident: the process that has the build in memory (tables-publish). It begins with a full pass, and then takes in what changes. */

#ifndef LDAPSYNC_RESIDENT_H
#define LDAPSYNC_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

struct resident_answer {
  int32_t code;  /* what tables-build would have ended with */
  bool is_again; /* it can not tell, and ends: another one, which begins anew, is to be asked */
};

/* Answers each byte on the socket, until the other end is closed. */
_Noreturn void resident_run(int socket);

#endif
