/* call: one program asks another over a unix socket in run/. A request and an answer are one SOCK_SEQPACKET packet
   each: a record, and the work itself as file descriptors (SCM_RIGHTS). What goes between whom is in doc/calls.md. */

#ifndef LIB_CALL_H
#define LIB_CALL_H

#include "lib/record.h"

#define CALL_PACKET_MAX 65536 /* bytes of one record */
#define CALL_FDS_MAX 4

struct call_fds {
  int fd[CALL_FDS_MAX];
  unsigned int count;
};

enum call_result { CALL_BROKEN = -1, CALL_CLOSED, CALL_DONE };

/* From now on run/ is found below that folder, for a process that leaves its home. The string stays the caller's. */
void call_from(const char *home);

/* Connects to run/SERVICE. A service that is being restarted is waited for, up to 3 s. -1 with errno if it is not there. */
int call_open(const char *service);

/* The same without waiting, for an event loop: -1 with errno (ENOENT, ECONNREFUSED, EAGAIN: try again later).
   The socket is non-blocking. */
int call_open_now(const char *service);

/* Sends one packet; the descriptors stay the caller's. False with errno. */
bool call_send(int socket, const text *record, const int *fds, unsigned int count);

/* Receives one packet into record (cleared first) and *fds, whose descriptors are the caller's to close (close-on-exec).
   CALL_BROKEN with errno: EPROTO not a record or too long, ETIMEDOUT after so many seconds, EAGAIN if the socket is
   non-blocking and nothing is there. seconds 0: no limit. fds may be 0: then any that come are closed. */
enum call_result call_receive(int socket, text *record, struct call_fds *fds, unsigned int seconds);

/* Opens, sends, receives, closes. Anything but CALL_DONE means: the service is out of reach, a temporary failure. */
enum call_result call_ask(const char *service, const text *request, const int *fds, unsigned int count,
                          text *answer, struct call_fds *answer_fds, unsigned int seconds);

void call_close_fds(struct call_fds *fds);

#endif
