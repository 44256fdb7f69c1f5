#include <arpa/inet.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/networks.h"
#include "lib/conf.h"
#include "lib/die.h"

enum { ADDRESS_MAX = 64, MAPPED_BITS = 96 };

/* IPv4 in IPv6 (RFC 4291 2.5.5.2) is IPv4: so a client is seen. */
static void unmap(unsigned char *bytes, unsigned int *family, uint64_t *bits)
{
  static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

  if (*family != 6 || *bits < MAPPED_BITS || memcmp(bytes, mapped, sizeof mapped)) return;
  memmove(bytes, bytes + 12, 4);
  *family = 4;
  *bits -= MAPPED_BITS;
}

bool network_key(const char *bytes, size_t length, text *key)
{
  unsigned char address[sizeof(struct in6_addr)];
  char string[ADDRESS_MAX];
  const char *slash = length ? memchr(bytes, '/', length) : 0;
  size_t size = slash ? (size_t)(slash - bytes) : length;

  if (!size || size >= sizeof string || memchr(bytes, 0, length)) return false;
  memcpy(string, bytes, size);
  string[size] = 0;
  unsigned int family = inet_pton(AF_INET, string, address) == 1 ? 4 : inet_pton(AF_INET6, string, address) == 1 ? 6 : 0;
  uint64_t bits = family == 4 ? 32 : 128;
  if (!family || (slash && !number_scan_bytes(slash + 1, length - size - 1, bits, &bits))) return false;
  unmap(address, &family, &bits);
  text_clear(key);
  text_add_format(key, "%u/%u:", family, (unsigned int)bits);
  for (uint64_t i = 0; i < (bits + 7) / 8; i++) {
    unsigned int kept = bits - i * 8 >= 8 ? 8 : (unsigned int)(bits - i * 8);
    text_add_format(key, "%02x", address[i] & (0xff00u >> kept & 0xffu));
  }
  text_string(key);
  return true;
}

static void add_length(text *lengths, const char *key)
{
  size_t at = 0, size = strcspn(key, ":");

  for (const char *length; (length = record_next(lengths, "length", &at));)
    if (strlen(length) == size && !memcmp(length, key, size)) return;
  record_add_bytes(lengths, "length", key, size);
}

bool networks_add(struct networks *n, struct table *policy, const char *key, const text *record)
{
  text whole = TEXT_ZERO;

  text_add_format(&whole, "%s:%s", n->kind, key);
  bool is_new = table_add(policy, "network", text_string(&whole), record);
  if (is_new) add_length(&n->lengths, key);
  text_free(&whole);
  return is_new;
}

void networks_finish(struct networks *n, struct table *policy)
{
  if (n->lengths.len) table_add(policy, "networks", n->kind, &n->lengths);
  text_free(&n->lengths);
}

bool mynetworks_parse(struct table *policy, const char *path, const text *bytes, text *error)
{
  struct networks networks = { .kind = "mynetworks", .lengths = TEXT_ZERO };
  text word = TEXT_ZERO, key = TEXT_ZERO, record = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool good = true;

  while (good && conf_next_line(bytes, &at, &number, &line, &length))
    for (const char *end = line + length; good && control_word(&line, end, &word);) {
      good = network_key(word.s, word.len, &key);
      if (!good) {
        text_add_format(error, "not a network like 192.0.2.0/24 or 2001:db8::/32: %s", word.s);
        control_wrong(error, path, number, text_string(error));
        break;
      }
      text_clear(&record);
      record_add(&record, "file", path);
      record_add_number(&record, "line", number);
      networks_add(&networks, policy, key.s, &record);
    }
  networks_finish(&networks, policy);
  text_free(&word);
  text_free(&key);
  text_free(&record);
  return good;
}

void mynetworks_read(struct table *policy)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;

  if (control_bytes("control/mynetworks", &bytes) && !mynetworks_parse(policy, "control/mynetworks", &bytes, &error))
    die_permanent(error.s);
  text_free(&bytes);
  text_free(&error);
}
