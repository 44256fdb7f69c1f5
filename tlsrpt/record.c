#include "tlsrpt/record.h"

#include <string.h>

#include "lib/address.h"
#include "lib/dns.h"

#define VERSION "v=TLSRPTv1"

enum { NAME_MAX_BYTES = 32, HTTPS_PORT = 443 };

struct part {
  const char *at;
  size_t length;
};

static const char *skip_space(const char *at) { return at + strspn(at, " \t"); }

/* Others are discarded, whatever they say. */
static bool is_ours(const char *record)
{
  return !strncmp(record, VERSION, strlen(VERSION)) && *skip_space(record + strlen(VERSION)) == ';';
}

static bool is_name_char(char c) { return ascii_is_alpha(c) || ascii_is_digit(c) || strchr("_-.", c); }

static bool is_extension_value(struct part p)
{
  for (size_t i = 0; i < p.length; i++)
    if (p.at[i] < 0x21 || p.at[i] > 0x7e || p.at[i] == '=') return false;
  return p.length;
}

/* The next field of a record, from behind its ";". False: it is none. */
static bool next_field(const char **at, struct part *name, struct part *value)
{
  const char *start = *at, *end;

  while (**at && is_name_char(**at)) ++*at;
  *name = (struct part){ start, (size_t)(*at - start) };
  if (!name->length || name->length > NAME_MAX_BYTES || strchr("_-.", *start) || **at != '=') return false;
  start = ++*at;
  end = *at = start + strcspn(start, ";");
  while (end > start && ascii_is_space(end[-1])) end--;
  *value = (struct part){ start, (size_t)(end - start) };
  return true;
}

static int hex_value(char c)
{
  if (ascii_is_digit(c)) return c - '0';
  c = ascii_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.1 */
static bool decode(struct part p, text *to)
{
  text_clear(to);
  for (size_t i = 0; i < p.length; i++) {
    if (p.at[i] != '%') {
      text_add_char(to, p.at[i]);
      continue;
    }
    int high = i + 2 < p.length ? hex_value(p.at[i + 1]) : -1, low = high == -1 ? -1 : hex_value(p.at[i + 2]);
    if (low == -1 || !(high | low)) return false;
    text_add_char(to, (char)(high << 4 | low));
    i += 2;
  }
  return true;
}

/* RFC 6068: the address; what stands behind "?" would make another message of it, and does not count. */
static bool add_mail(struct part p, text *endpoints)
{
  struct address address = ADDRESS_ZERO;
  text decoded = TEXT_ZERO;
  const char *query = memchr(p.at, '?', p.length);

  if (query) p.length = (size_t)(query - p.at);
  bool good = decode(p, &decoded) && address_parse(&address, decoded.s ? decoded.s : "", decoded.len) == ADDRESS_FULL && !address.is_literal;
  if (good) record_add(endpoints, "mail", address.shown.s);
  address_free(&address);
  text_free(&decoded);
  return good;
}

bool tlsrpt_uri_parse(const char *uri, size_t length, text *host, unsigned int *port)
{
  static const char scheme[] = "https://";
  const size_t begin = sizeof scheme - 1;
  uint64_t number = HTTPS_PORT;

  if (length <= begin || !bytes_are_nocase(uri, scheme, begin)) return false;
  for (size_t i = 0; i < length; i++)
    if (uri[i] < 0x21 || uri[i] > 0x7e || strchr("\"<>\\^`{|}", uri[i])) return false;
  size_t end = begin, colon;
  while (end < length && !strchr("/?#", uri[end])) end++;
  for (colon = begin; colon < end && uri[colon] != ':';) colon++;
  if (colon < end && (!number_scan_bytes(uri + colon + 1, end - colon - 1, 65535, &number) || !number)) return false;
  text_copy_bytes(host, uri + begin, colon - begin);
  text_lower(host);
  *port = (unsigned int)number;
  return dns_name_check(text_string(host)); /* so no password stands there, and no address */
}

static bool add_post(struct part p, text *endpoints)
{
  const char *fragment = memchr(p.at, '#', p.length);
  text host = TEXT_ZERO;
  unsigned int port;

  if (fragment) p.length = (size_t)(fragment - p.at);
  bool good = tlsrpt_uri_parse(p.at, p.length, &host, &port);
  if (good) record_add_bytes(endpoints, "post", p.at, p.length);
  text_free(&host);
  return good;
}

/* "!" has to be written as %21 (RFC 8460 3); in a record of DMARC a size stands behind it. */
static void add_uri(struct part p, text *endpoints)
{
  static const char mail[] = "mailto:";

  while (p.length && ascii_is_space(*p.at)) p.at++, p.length--;
  while (p.length && ascii_is_space(p.at[p.length - 1])) p.length--;
  if (memchr(p.at, '!', p.length)) return;
  if (p.length > sizeof mail - 1 && bytes_are_nocase(p.at, mail, sizeof mail - 1))
    add_mail((struct part){ p.at + sizeof mail - 1, p.length - (sizeof mail - 1) }, endpoints);
  else
    add_post(p, endpoints);
}

static void add_uris(struct part value, text *endpoints)
{
  for (const char *end = value.at + value.length;;) {
    const char *comma = memchr(value.at, ',', (size_t)(end - value.at));
    add_uri((struct part){ value.at, (size_t)((comma ? comma : end) - value.at) }, endpoints);
    if (!comma) return;
    value.at = comma + 1;
  }
}

/* From behind the version. */
static bool parse_fields(const char *at, text *endpoints, const char **error)
{
  struct part name, value;
  bool has_rua = false;

  for (at = skip_space(at); *at == ';';) {
    at = skip_space(at + 1);
    if (!*at) break; /* one ";" may end it */
    if (!next_field(&at, &name, &value)) {
      *error = "the record is broken";
      return false;
    }
    bool is_rua = name.length == 3 && !memcmp(name.at, "rua", 3);
    if (is_rua)
      add_uris(value, endpoints);
    else if (!is_extension_value(value)) {
      *error = "a value in the record is broken";
      return false;
    }
    has_rua |= is_rua;
  }
  if (!endpoints->len) *error = has_rua ? "the record's rua names no mailbox and no https URI" : "the record has no rua";
  return endpoints->len;
}

bool tlsrpt_record_parse(const text *records, text *endpoints, const char **error)
{
  const char *found = 0;
  unsigned int count = 0;

  for (size_t at = 0; at < records->len; at += strlen(records->s + at) + 1)
    if (is_ours(records->s + at)) found = records->s + at, count++;
  *error = count ? "there is more than one record" : "there is no record";
  text_clear(endpoints);
  if (count != 1) return false;
  if (parse_fields(found + strlen(VERSION), endpoints, error)) return true;
  text_clear(endpoints);
  return false;
}
