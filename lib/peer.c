#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer.h"
#include "lib/text.h"

static void show_address(char ip[static 46], uint16_t *port, const struct sockaddr_storage *address)
{
  const struct sockaddr_in6 *v6 = (const void *)address;
  const struct sockaddr_in *v4 = (const void *)address;

  ip[0] = 0;
  if (address->ss_family == AF_INET) {
    inet_ntop(AF_INET, &v4->sin_addr, ip, 46);
    *port = ntohs(v4->sin_port);
  } else if (address->ss_family == AF_INET6) {
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
      inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, ip, 46);
    else
      inet_ntop(AF_INET6, &v6->sin6_addr, ip, 46);
    *port = ntohs(v6->sin6_port);
  }
}

static void read_uid(struct peer *peer, int socket)
{
  struct ucred caller;
  socklen_t length = sizeof caller;

  peer->uid = (uid_t)-1;
  if (!getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &caller, &length)) peer->uid = caller.uid;
}

void peer_from_socket(struct peer *peer, int socket, const struct sockaddr_storage *remote)
{
  struct sockaddr_storage local = { .ss_family = AF_UNSPEC };
  socklen_t length = sizeof local;

  *peer = (struct peer){ .uid = (uid_t)-1 };
  if (remote->ss_family != AF_INET && remote->ss_family != AF_INET6) {
    read_uid(peer, socket);
    return;
  }
  peer->is_tcp = true;
  show_address(peer->remote_ip, &peer->remote_port, remote);
  if (!getsockname(socket, (struct sockaddr *)&local, &length)) show_address(peer->local_ip, &peer->local_port, &local);
}

void peer_set(struct peer *peer, const struct sockaddr_storage *remote, const struct sockaddr_storage *local)
{
  show_address(peer->remote_ip, &peer->remote_port, remote);
  show_address(peer->local_ip, &peer->local_port, local);
}

static void copy_variable(char ip[static 46], const char *name)
{
  const char *value = getenv(name);
  if (value) snprintf(ip, 46, "%s", value);
}

static uint16_t port_variable(const char *name)
{
  const char *value = getenv(name);
  uint64_t port = 0;
  return value && number_scan(value, UINT16_MAX, &port) ? (uint16_t)port : 0;
}

void peer_from_environment(struct peer *peer, int socket)
{
  const char *protocol = getenv("PROTO");

  *peer = (struct peer){ .is_tcp = protocol && !strncmp(protocol, "TCP", 3) };
  read_uid(peer, socket);
  copy_variable(peer->remote_ip, "TCPREMOTEIP");
  copy_variable(peer->local_ip, "TCPLOCALIP");
  peer->remote_port = port_variable("TCPREMOTEPORT");
  peer->local_port = port_variable("TCPLOCALPORT");
}

struct network peer_network(const struct sockaddr_storage *remote)
{
  const struct sockaddr_in6 *v6 = (const void *)remote;
  const struct sockaddr_in *v4 = (const void *)remote;
  struct network network = { .is_v4 = false };

  if (remote->ss_family == AF_INET) {
    network.is_v4 = true;
    memcpy(network.bytes, &v4->sin_addr, 4);
  } else if (remote->ss_family == AF_INET6) {
    network.is_v4 = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    memcpy(network.bytes, v6->sin6_addr.s6_addr + (network.is_v4 ? 12 : 0), network.is_v4 ? 4 : 8);
  }
  return network;
}

struct network peer_network_of_uid(uid_t uid)
{
  struct network network = { .is_v4 = false };

  memcpy(network.bytes, &uid, sizeof uid);
  return network;
}

bool network_is(const struct network *a, const struct network *b)
{
  return a->is_v4 == b->is_v4 && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool peer_is_this_host(const struct peer *peer)
{
  return !peer->is_tcp || !strncmp(peer->remote_ip, "127.", 4) || !strcmp(peer->remote_ip, "::1");
}
