/* proxy: the PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a line, or a few bytes, with which a
   load balancer says whom it speaks for. proxy_parse does no I/O. */

#ifndef LIB_PROXY_H
#define LIB_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { PROXY_MAX_BYTES = 4096 }; /* a v1 line has at most 107; v2 may carry a certificate's facts (TLVs), which we pass over */

enum proxy_result {
  PROXY_BAD = -1,
  PROXY_MORE, /* all of the bytes belong to the header, and more do */
  PROXY_DONE
};

struct proxy {
  bool is_local; /* the balancer speaks for itself (LOCAL, UNKNOWN): no addresses */
  struct sockaddr_storage remote, local;
};

/* used: PROXY_DONE: how many of the bytes are the header. */
enum proxy_result proxy_parse(struct proxy *p, const char *bytes, size_t length, size_t *used);

/* Takes the header, and not a byte more, from a socket that blocks. False: it is none, or took longer than that; reason
   says which. */
bool proxy_read(int socket, unsigned int seconds, struct proxy *p, const char **reason);

#endif
