/* lib/cidr and lib/proxy: addresses, networks, and the header of a balancer, as tables. */

#include <netinet/in.h>

#include "lib/cidr.h"
#include "lib/peer.h"
#include "lib/proxy.h"
#include "tests/check.h"

const char *PROG = "lib_proxy";

static const struct {
  const char *network, *ip;
  bool is_network, has;
} networks[] = {
  { "10.0.0.0/8", "10.255.1.2", true, true },
  { "10.0.0.0/8", "11.0.0.1", true, false },
  { "10.1.2.3/8", "10.9.9.9", true, true },
  { "192.0.2.1", "192.0.2.1", true, true },
  { "192.0.2.1", "192.0.2.2", true, false },
  { "192.0.2.0/25", "192.0.2.127", true, true },
  { "192.0.2.0/25", "192.0.2.128", true, false },
  { "0.0.0.0/0", "203.0.113.9", true, true },
  { "0.0.0.0/0", "::1", true, false },
  { "::/0", "2001:db8::1", true, true },
  { "::/0", "192.0.2.1", true, false },
  { "2001:db8::/33", "2001:db8:7fff::1", true, true },
  { "2001:db8::/33", "2001:db8:8000::1", true, false },
  { "192.0.2.0/24", "::ffff:192.0.2.9", true, true },
  { "192.0.2.0/33", "192.0.2.9", false, false },
  { "192.0.2.0/", "192.0.2.9", false, false },
  { "192.0.2.0/-1", "192.0.2.9", false, false },
  { "192.0.2/24", "192.0.2.9", false, false },
  { "2001:db8::/129", "::1", false, false },
  { "example.org", "::1", false, false },
  { "", "::1", false, false },
};

static void test_networks(void)
{
  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
    struct cidr c;
    struct ip ip;
    bool is_network = cidr_parse(&c, networks[i].network);
    bool good = is_network == networks[i].is_network && ip_parse(&ip, networks[i].ip);
    if (good && is_network) good = cidr_has(&c, &ip) == networks[i].has;
    check(good, networks[i].network);
    if (!good) printf("# %s\n", networks[i].ip);
  }
  text shown = TEXT_ZERO;
  struct ip ip;
  ip_parse(&ip, "2001:db8:1:2:3::4");
  cidr_add(&shown, &ip, 32, 64);
  text_add_char(&shown, ' ');
  ip_parse(&ip, "192.0.2.77");
  cidr_add(&shown, &ip, 32, 64);
  text_add_char(&shown, ' ');
  cidr_add(&shown, &ip, 24, 64);
  check_is(text_string(&shown), "2001:db8:1:2::/64 192.0.2.77 192.0.2.0/24", "networks are shown");
}

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\xc6\x33\x64\x02\x30\x39\x00\x19"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x30\x39\x00\x19"
#define BYTES(literal) literal, sizeof literal - 1

static const struct {
  const char *what;
  const char *bytes;
  size_t length;
  enum proxy_result result;
  const char *remote; /* 0: the balancer itself */
  const char *rest;
} headers[] = {
  { "v1 over IPv4", BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\nEHLO"), PROXY_DONE, "192.0.2.1", "EHLO" },
  { "v1 over IPv6", BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 12345 25\r\n"), PROXY_DONE, "2001:db8::1", "" },
  { "v1 UNKNOWN", BYTES("PROXY UNKNOWN\r\nx"), PROXY_DONE, 0, "x" },
  { "v1 UNKNOWN with more", BYTES("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), PROXY_DONE, 0, "" },
  { "v1 in part", BYTES("PROXY TCP4 192.0.2.1"), PROXY_MORE, 0, 0 },
  { "the first letter", BYTES("P"), PROXY_MORE, 0, 0 },
  { "a bare LF", BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\n"), PROXY_BAD, 0, 0 },
  { "a family that does not fit", BYTES("PROXY TCP6 192.0.2.1 198.51.100.2 12345 25\r\n"), PROXY_BAD, 0, 0 },
  { "two spaces", BYTES("PROXY TCP4 192.0.2.1  198.51.100.2 12345 25\r\n"), PROXY_BAD, 0, 0 },
  { "a port too large", BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n"), PROXY_BAD, 0, 0 },
  { "a port with a zero in front", BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 012 25\r\n"), PROXY_BAD, 0, 0 },
  { "a word too many", BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 1 25 9\r\n"), PROXY_BAD, 0, 0 },
  { "a word too few", BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n"), PROXY_BAD, 0, 0 },
  { "a NUL", BYTES("PROXY TCP4 192.0.2.1\0 198.51.100.2 1 25\r\n"), PROXY_BAD, 0, 0 },
  { "UDP", BYTES("PROXY UDP4 192.0.2.1 198.51.100.2 1 25\r\n"), PROXY_BAD, 0, 0 },
  { "no end", BYTES("PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), PROXY_BAD, 0, 0 },
  { "no header", BYTES("EHLO client.example\r\n"), PROXY_BAD, 0, 0 },
  { "v2 over IPv4", BYTES(SIGNATURE "\x21\x11\x00\x0c" V4 "EHLO"), PROXY_DONE, "192.0.2.1", "EHLO" },
  { "v2 over IPv6", BYTES(SIGNATURE "\x21\x21\x00\x24" V6), PROXY_DONE, "2001:db8::1", "" },
  { "v2 with a TLV", BYTES(SIGNATURE "\x21\x11\x00\x11" V4 "\x04\x00\x02xxNOOP"), PROXY_DONE, "192.0.2.1", "NOOP" },
  { "v2 LOCAL", BYTES(SIGNATURE "\x20\x00\x00\x00NOOP"), PROXY_DONE, 0, "NOOP" },
  { "v2 LOCAL with an address", BYTES(SIGNATURE "\x20\x11\x00\x0c" V4), PROXY_DONE, 0, "" },
  { "v2 of no family", BYTES(SIGNATURE "\x21\x00\x00\x00"), PROXY_DONE, 0, "" },
  { "v2 in part", BYTES(SIGNATURE "\x21\x11\x00\x0c\xc0"), PROXY_MORE, 0, 0 },
  { "v2, the signature in part", BYTES("\r\n\r\n\0"), PROXY_MORE, 0, 0 },
  { "v2, too short for its family", BYTES(SIGNATURE "\x21\x11\x00\x0b" V4), PROXY_BAD, 0, 0 },
  { "v2 over UDP", BYTES(SIGNATURE "\x21\x12\x00\x0c" V4), PROXY_BAD, 0, 0 },
  { "v2 over a unix socket", BYTES(SIGNATURE "\x21\x31\x00\xd8"), PROXY_BAD, 0, 0 },
  { "version 3", BYTES(SIGNATURE "\x31\x11\x00\x0c" V4), PROXY_BAD, 0, 0 },
  { "an unknown command", BYTES(SIGNATURE "\x22\x11\x00\x0c" V4), PROXY_BAD, 0, 0 },
  { "v2, longer than we read", BYTES(SIGNATURE "\x21\x11\xff\xff" V4), PROXY_BAD, 0, 0 },
};

static void test_headers(void)
{
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    struct proxy p = { .is_local = false };
    struct peer peer = { .is_tcp = true };
    size_t used = 0;
    enum proxy_result result = proxy_parse(&p, headers[i].bytes, headers[i].length, &used);
    if (!check(result == headers[i].result, headers[i].what) || result != PROXY_DONE) continue;
    check(headers[i].length - used == strlen(headers[i].rest) && !memcmp(headers[i].bytes + used, headers[i].rest, headers[i].length - used),
          "... and what follows is left");
    if (!check(p.is_local == !headers[i].remote, "... and for whom it speaks") || p.is_local) continue;
    peer_set(&peer, &p.remote, &p.local);
    check_is(peer.remote_ip, headers[i].remote, "... its address");
    check(peer.remote_port == 12345 && peer.local_port == 25, "... and its ports");
  }
}

int main(void)
{
  test_networks();
  test_headers();
  return check_done();
}
