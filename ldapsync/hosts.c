#include "ldapsync/hosts.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/dns.h"

enum { HOSTS_MAX = 50 }; /* of 255 bytes: the hop is one packet */

/* HOST, HOST:PORT, [HOST], [HOST]:PORT; an IPv6 address without brackets has more than one colon, and no port. */
static bool split(const char *word, size_t length, text *host, uint64_t *port)
{
  const char *end = word + length, *stop = end;
  unsigned char address[16];

  if (*word == '[') {
    if (!(stop = memchr(word, ']', length))) return false;
    text_copy_bytes(host, word + 1, (size_t)(stop - word - 1));
    stop++;
  } else {
    const char *colon = memchr(word, ':', length);
    if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) stop = colon;
    text_copy_bytes(host, word, (size_t)(stop - word));
  }
  text_string(host);
  if (!dns_name_check(host->s) && inet_pton(AF_INET6, host->s, address) != 1) return false;
  if (stop == end) return true;
  return *stop == ':' && number_scan_bytes(stop + 1, (size_t)(end - stop - 1), 65535, port) && *port;
}

static void add(text *record, const char *key, const text *host, uint64_t port, bool is_equal)
{
  text value = TEXT_ZERO;
  bool is_v6 = memchr(host->s, ':', host->len);

  if (key) {
    record_add_bytes(record, key, host->s, host->len);
    record_add_number(record, "port", port);
    return;
  }
  if (is_v6) text_add_char(&value, '[');
  text_add_text(&value, host);
  if (is_v6) text_add_char(&value, ']');
  text_add_char(&value, ':');
  text_add_number(&value, port);
  record_add_bytes(record, is_equal ? "equal" : "next", value.s, value.len);
  text_free(&value);
}

bool hosts_add(const char *value, uint64_t port, const char *key, text *record, text *error)
{
  text host = TEXT_ZERO;
  size_t count = 0;
  bool is_equal = false;

  for (const char *at = value; !error->len && *at;) {
    size_t length = strcspn(at, " \t,");
    uint64_t own = port;
    if (!length) {
      if (*at == ',' && (is_equal || !count)) text_add(error, "there is no host before a comma");
      is_equal |= *at++ == ',';
      continue;
    }
    if (!split(at, length, &host, &own)) {
      text_add_bytes(error, at, length);
      text_add(error, " is no host: HOST, HOST:PORT or [IPv6]:PORT");
    } else if (++count > HOSTS_MAX)
      text_add_format(error, "%s is one host too many: there may be %d", host.s, HOSTS_MAX);
    else
      add(record, count == 1 ? key : 0, &host, own, is_equal);
    is_equal = false;
    at += length;
  }
  if (!error->len && is_equal) text_add(error, "there is no host behind the comma");
  if (!error->len && !count) text_add(error, "host is missing");
  text_free(&host);
  return !error->len;
}
