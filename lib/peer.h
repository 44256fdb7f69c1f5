/* peer: who is at the other end of a session. */

#ifndef LIB_PEER_H
#define LIB_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct peer {
  bool is_tcp;
  char remote_ip[46]; /* text form; an IPv4 address mapped into IPv6 is shown as IPv4; "" if not TCP */
  char local_ip[46];
  uint16_t remote_port;
  uint16_t local_port;
  uid_t uid; /* of the caller, if it came over a unix socket */
};

/* A client network, to count by: an IPv4 /32, an IPv6 /64. */
struct network {
  unsigned char bytes[8];
  bool is_v4;
};

void peer_from_socket(struct peer *peer, int socket, const struct sockaddr_storage *remote);
void peer_set(struct peer *peer, const struct sockaddr_storage *remote, const struct sockaddr_storage *local);
void peer_from_environment(struct peer *peer, int socket); /* UCSPI: TCPREMOTEIP and the others; or the uid of a unix socket */
struct network peer_network(const struct sockaddr_storage *remote);
struct network peer_network_of_uid(uid_t uid); /* of a unix socket's peer: each caller is a network of its own */
bool network_is(const struct network *a, const struct network *b);
bool peer_is_this_host(const struct peer *peer); /* a unix socket, a pipe, or a loopback address */

#endif
