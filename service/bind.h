/* bind: what tcp-bind and unix-bind share: their options, and how they hand the listening socket on. */

#ifndef SERVICE_BIND_H
#define SERVICE_BIND_H

#include <stdbool.h>
#include <sys/types.h>

enum { BIND_SOCKETS_MAX = 16 }; /* what lib/sockets takes */

struct bind_options {
  int backlog; /* -b: connections that may wait to be accepted */
  int ready;   /* -d: the descriptor on which s6 waits for a newline, passed on in $READY_FD; -1: none */
  bool is_stream; /* -s */
  int more[BIND_SOCKETS_MAX]; /* further listening sockets: named in $SERVE_SOCKETS */
  unsigned int more_count;
};

/* Reads the options, those of letters (as subgetopt has them); gives the number of arguments they took (the program's name too). Dies with usage. */
int bind_options_parse(struct bind_options *o, const char *letters, int argc, const char *const *argv, const char *usage);

/* The group of a user. */
gid_t bind_group(const char *user);

/* Listens, moves the socket to fd 0, becomes the user with its groups, tells s6, executes argv. Never returns. */
_Noreturn void bind_hand_on(int socket, const struct bind_options *o, const char *user, const char *const *argv);

#endif
