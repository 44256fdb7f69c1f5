#include "lib/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/text.h"

enum { V1_MAX_BYTES = 107, V2_HEAD_BYTES = 16, V2_TCP4_BYTES = 12, V2_TCP6_BYTES = 36, WORDS_MAX = 6 };

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static void set_v4(struct sockaddr_storage *to, const char *address, uint16_t port)
{
  struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };

  memcpy(&v4.sin_addr, address, 4);
  memset(to, 0, sizeof *to);
  memcpy(to, &v4, sizeof v4);
}

static void set_v6(struct sockaddr_storage *to, const char *address, uint16_t port)
{
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port };

  memcpy(&v6.sin6_addr, address, 16);
  memset(to, 0, sizeof *to);
  memcpy(to, &v6, sizeof v6);
}

static uint16_t port_at(const char *bytes) /* stays in network order */
{
  uint16_t port;
  memcpy(&port, bytes, sizeof port);
  return port;
}

static enum proxy_result parse_v2(struct proxy *p, const char *bytes, size_t length, size_t *used)
{
  if (length < V2_HEAD_BYTES) return PROXY_MORE;
  unsigned char version = (unsigned char)bytes[12], family = (unsigned char)bytes[13];
  size_t size = (size_t)((unsigned char)bytes[14] << 8 | (unsigned char)bytes[15]);

  if ((version != 0x20 && version != 0x21) || V2_HEAD_BYTES + size > PROXY_MAX_BYTES) return PROXY_BAD;
  p->is_local = version == 0x20 || family == 0x00;
  if (!p->is_local && (family == 0x11 ? size < V2_TCP4_BYTES : family == 0x21 ? size < V2_TCP6_BYTES : true))
    return PROXY_BAD;
  if (length < V2_HEAD_BYTES + size) return PROXY_MORE;
  *used = V2_HEAD_BYTES + size;
  if (p->is_local) return PROXY_DONE;
  const char *at = bytes + V2_HEAD_BYTES;
  if (family == 0x11) {
    set_v4(&p->remote, at, port_at(at + 8));
    set_v4(&p->local, at + 4, port_at(at + 10));
  } else {
    set_v6(&p->remote, at, port_at(at + 32));
    set_v6(&p->local, at + 16, port_at(at + 34));
  }
  return PROXY_DONE;
}

static bool set_text(struct sockaddr_storage *to, bool is_v4, const char *address, const char *port)
{
  char bytes[16];
  uint64_t number;

  if (inet_pton(is_v4 ? AF_INET : AF_INET6, address, bytes) != 1 || !number_scan(port, UINT16_MAX, &number)) return false;
  if (port[0] == '0' && port[1]) return false;
  if (is_v4)
    set_v4(to, bytes, htons((uint16_t)number));
  else
    set_v6(to, bytes, htons((uint16_t)number));
  return true;
}

/* "PROXY TCP4 REMOTE LOCAL REMOTEPORT LOCALPORT", one space between two words. */
static bool parse_line(struct proxy *p, char *line)
{
  char *words[WORDS_MAX] = { line };
  unsigned int count = 1;

  if (!strcmp(line, "PROXY UNKNOWN") || !strncmp(line, "PROXY UNKNOWN ", 14)) {
    p->is_local = true;
    return true;
  }
  for (char *c = line; *c; c++)
    if (*c == ' ') {
      if (count == WORDS_MAX) return false;
      *c = 0;
      words[count++] = c + 1;
    }
  if (count != WORDS_MAX || (strcmp(words[1], "TCP4") && strcmp(words[1], "TCP6"))) return false;
  bool is_v4 = words[1][3] == '4';
  p->is_local = false;
  return set_text(&p->remote, is_v4, words[2], words[4]) && set_text(&p->local, is_v4, words[3], words[5]);
}

static enum proxy_result parse_v1(struct proxy *p, const char *bytes, size_t length, size_t *used)
{
  char line[V1_MAX_BYTES + 1];
  size_t room = length < V1_MAX_BYTES ? length : V1_MAX_BYTES;
  const char *newline = memchr(bytes, '\n', room);
  size_t size = newline ? (size_t)(newline - bytes) : room;

  if (memchr(bytes, 0, size)) return PROXY_BAD;
  if (!newline) return length < V1_MAX_BYTES ? PROXY_MORE : PROXY_BAD;
  if (!size || bytes[size - 1] != '\r') return PROXY_BAD;
  memcpy(line, bytes, size - 1);
  line[size - 1] = 0;
  *used = size + 1;
  return parse_line(p, line) ? PROXY_DONE : PROXY_BAD;
}

enum proxy_result proxy_parse(struct proxy *p, const char *bytes, size_t length, size_t *used)
{
  static const char word[6] = "PROXY ";
  size_t v2 = length < sizeof signature ? length : sizeof signature, v1 = length < sizeof word ? length : sizeof word;

  if (!memcmp(bytes, signature, v2)) return v2 < sizeof signature ? PROXY_MORE : parse_v2(p, bytes, length, used);
  if (!memcmp(bytes, word, v1)) return v1 < sizeof word ? PROXY_MORE : parse_v1(p, bytes, length, used);
  return PROXY_BAD;
}
