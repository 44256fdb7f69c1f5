/* tcp-bind: listens on a TCP port as root, then becomes a user and executes a program with the socket on fd 0; the sockets of
   further addresses are those that $SERVE_SOCKETS names.

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

#define USAGE "tcp-bind [ -b backlog ] [ -d fd ] addresses port user program..."

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
static int listen_on(const union address *a, socklen_t length, int backlog, bool is_v6_only)
{
  int s = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (s == -1) return -1;
  set(s, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  set(s, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  if (a->any.sa_family == AF_INET6) set(s, IPPROTO_IPV6, IPV6_V6ONLY, is_v6_only, "IPV6_V6ONLY");
  if (!bind(s, &a->any, length) && !listen(s, backlog)) return s;
  int reason = errno;
  close(s);
  errno = reason;
  return -1;
}

/* `::` alone is all of both families; beside other addresses it is all of IPv6. */
static int listen_at(const char *ip, const char *port_word, uint16_t port, int backlog, bool is_alone)
{
  union address address;
  socklen_t length = address_parse(&address, ip, port);
  int s = listen_on(&address, length, backlog, !is_alone);

  if (s == -1 && is_alone && !strcmp(ip, "::") && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) { /* a kernel without IPv6 */
    length = address_parse(&address, "0.0.0.0", port);
    s = listen_on(&address, length, backlog, false);
  }
  if (s == -1) die_unable("listen on ", ip, " port ", port_word);
  return s;
}

/* The words of a string, each ended by a NUL; how many. */
static unsigned int split(text *words, const char *string)
{
  unsigned int count = 0;

  for (; *string; string++) {
    bool is_space = ascii_is_space(*string) || *string == '\n' || *string == '\r';
    if (!is_space) text_add_char(words, *string);
    if (words->len && words->s[words->len - 1] && (is_space || !string[1])) {
      text_add_char(words, 0);
      count++;
    }
  }
  return count;
}

int main(int argc, const char *const *argv)
{
  struct bind_options options;
  text addresses = TEXT_ZERO;
  uint64_t port;
  int first = -1;

  PROG = "tcp-bind";
  argv += bind_options_parse(&options, "b:d:", argc, argv, USAGE);
  for (int i = 0; i < 4; i++)
    if (!argv[i]) die_usage(USAGE);
  if (!number_scan(argv[1], UINT16_MAX, &port)) die_permanent(argv[1], " is not a port");
  unsigned int count = split(&addresses, argv[0]);
  if (!count || count > BIND_SOCKETS_MAX) die_permanent("from 1 to 16 addresses, not: ", argv[0]);

  for (size_t at = 0; at < addresses.len; at += strlen(addresses.s + at) + 1) {
    int s = listen_at(addresses.s + at, argv[1], (uint16_t)port, options.backlog, count == 1);
    if (first == -1)
      first = s;
    else
      options.more[options.more_count++] = s;
  }
  bind_hand_on(first, &options, argv[2], argv + 3);
}
