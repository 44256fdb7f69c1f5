/* tcp-bind: listens on a TCP port as root, then becomes a user and executes a program with the socket on fd 0.

   Reads nothing from the network. Runs as root until it executes the program. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/text.h"
#include "service/bind.h"

#define USAGE "tcp-bind [ -b backlog ] [ -d fd ] address port user program..."

union address {
  struct sockaddr any;
  struct sockaddr_in ip4;
  struct sockaddr_in6 ip6;
};

static socklen_t address_parse(union address *a, const char *ip, uint16_t port)
{
  memset(a, 0, sizeof *a);
  if (inet_pton(AF_INET, ip, &a->ip4.sin_addr) == 1) {
    a->ip4.sin_family = AF_INET;
    a->ip4.sin_port = htons(port);
    return sizeof a->ip4;
  }
  if (inet_pton(AF_INET6, ip, &a->ip6.sin6_addr) == 1) {
    a->ip6.sin6_family = AF_INET6;
    a->ip6.sin6_port = htons(port);
    return sizeof a->ip6;
  }
  die_permanent(ip, " is not an IPv4 or IPv6 address");
}

static void set(int s, int level, int name, int value, const char *what)
{
  if (setsockopt(s, level, name, &value, sizeof value) == -1) die_unable("set ", what, " on the socket");
}

/* -1 with errno. Connections inherit TCP_NODELAY from the socket that accepts them: no call for it in each session. */
static int listen_on(const union address *a, socklen_t length, int backlog)
{
  int s = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (s == -1) return -1;
  set(s, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  set(s, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  if (a->any.sa_family == AF_INET6) set(s, IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
  if (!bind(s, &a->any, length) && !listen(s, backlog)) return s;
  int reason = errno;
  close(s);
  errno = reason;
  return -1;
}

int main(int argc, const char *const *argv)
{
  struct bind_options options;
  union address address;
  uint64_t port;

  PROG = "tcp-bind";
  argv += bind_options_parse(&options, "b:d:", argc, argv, USAGE);
  for (int i = 0; i < 4; i++)
    if (!argv[i]) die_usage(USAGE);
  if (!number_scan(argv[1], UINT16_MAX, &port)) die_permanent(argv[1], " is not a port");

  socklen_t length = address_parse(&address, argv[0], (uint16_t)port);
  int s = listen_on(&address, length, options.backlog);
  if (s == -1 && !strcmp(argv[0], "::") && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) { /* a kernel without IPv6 */
    length = address_parse(&address, "0.0.0.0", (uint16_t)port);
    s = listen_on(&address, length, options.backlog);
  }
  if (s == -1) die_unable("listen on ", argv[0], " port ", argv[1]);
  bind_hand_on(s, &options, argv[2], argv + 3);
}
