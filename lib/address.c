#include <arpa/inet.h>
#include <string.h>

#include "lib/address.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, LITERAL_MAX = 60 }; /* RFC 1035 2.3.4; the longest IPv6 literal is 53 bytes */

struct cursor {
  const char *at;
  const char *end;
};

static bool is_atext(char c) /* RFC 5322 3.2.3 */
{
  return ascii_is_alpha(c) || ascii_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_label_char(char c)
{
  return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

static bool take(struct cursor *c, char wanted)
{
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

/* RFC 5321 4.1.2 Dot-string: atoms with single dots between them. */
static bool take_dot_string(struct cursor *c, text *local)
{
  const char *start = c->at;
  bool after_atom = false;

  for (; c->at < c->end && (is_atext(*c->at) || (*c->at == '.' && after_atom)); c->at++) after_atom = *c->at != '.';
  text_copy_bytes(local, start, (size_t)(c->at - start));
  return after_atom;
}

/* RFC 5321 4.1.2 Quoted-string, behind its first quote; local becomes what it means. */
static bool take_quoted(struct cursor *c, text *local)
{
  text_copy(local, ""); /* it may stay empty */
  while (c->at < c->end) {
    char byte = *c->at++;
    if (byte == '"') return true;
    if (byte == '\\') {
      if (c->at == c->end) return false;
      byte = *c->at++;
    }
    if (!ascii_is_printable(byte)) return false;
    text_add_char(local, byte);
  }
  return false;
}

bool domain_check(const char *bytes, size_t length)
{
  size_t label = 0;

  if (!length || length > DOMAIN_MAX) return false;
  for (size_t i = 0; i < length; i++)
    if (bytes[i] == '.') {
      if (!label || bytes[i - 1] == '-') return false;
      label = 0;
    } else if (!is_label_char(bytes[i]) || (!label && bytes[i] == '-') || ++label > LABEL_MAX)
      return false;
  return label && bytes[length - 1] != '-';
}

/* RFC 5321 4.1.3. Other tags than IPv6 are not registered. */
bool domain_literal_check(const char *bytes, size_t length)
{
  char inside[LITERAL_MAX];
  unsigned char address[sizeof(struct in6_addr)];

  if (length < 3 || length > sizeof inside || bytes[0] != '[' || bytes[length - 1] != ']') return false;
  memcpy(inside, bytes + 1, length - 2);
  inside[length - 2] = 0;
  if (strlen(inside) != length - 2) return false;
  if (bytes_are_nocase(inside, "IPv6:", 5)) return inet_pton(AF_INET6, inside + 5, address) == 1;
  return inet_pton(AF_INET, inside, address) == 1;
}

/* A domain or an address literal, as far as it goes. */
static bool take_domain(struct cursor *c, bool *is_literal)
{
  const char *start = c->at;

  *is_literal = take(c, '[');
  if (*is_literal) {
    while (c->at < c->end && *c->at != ']') c->at++;
    return take(c, ']') && domain_literal_check(start, (size_t)(c->at - start));
  }
  while (c->at < c->end && (is_label_char(*c->at) || *c->at == '.')) c->at++;
  return domain_check(start, (size_t)(c->at - start));
}

static bool is_dot_string(const text *local)
{
  struct cursor c = { .at = local->s, .end = local->s + local->len };
  text whole = TEXT_ZERO;
  bool is = take_dot_string(&c, &whole) && c.at == c.end;

  text_free(&whole);
  return is;
}

static void add_local(text *shown, const text *local)
{
  if (is_dot_string(local)) {
    text_add_text(shown, local);
    return;
  }
  text_add_char(shown, '"');
  for (size_t i = 0; i < local->len; i++) {
    if (local->s[i] == '"' || local->s[i] == '\\') text_add_char(shown, '\\');
    text_add_char(shown, local->s[i]);
  }
  text_add_char(shown, '"');
}

/* local holds the meaning of the local part; domain is empty for a local part alone. */
static void fill(struct address *a, const text *local, const char *domain, size_t domain_length)
{
  text_clear(&a->shown);
  add_local(&a->shown, local);
  if (domain_length) text_add_char(&a->shown, '@');
  text_add_bytes(&a->shown, domain, domain_length);
  text_string(&a->shown);

  text_copy_bytes(&a->folded, a->shown.s, a->shown.len);
  text_lower(&a->folded);
  text_string(&a->folded);

  text_copy_bytes(&a->parts, local->s, local->len);
  text_add_char(&a->parts, 0);
  text_add_bytes(&a->parts, domain, domain_length);
  text_lower(&a->parts);
  text_string(&a->parts);
  a->local = a->parts.s;
  a->domain = a->parts.s + local->len + 1;
}

static enum address_result take_mailbox(struct address *a, struct cursor *c)
{
  text local = TEXT_ZERO;
  enum address_result result = ADDRESS_BAD;

  a->is_literal = false;
  if (take(c, '"') ? take_quoted(c, &local) : take_dot_string(c, &local)) {
    bool has_domain = take(c, '@');
    const char *domain = c->at;
    if (!has_domain || take_domain(c, &a->is_literal)) {
      fill(a, &local, domain, (size_t)(c->at - domain));
      result = has_domain ? ADDRESS_FULL : ADDRESS_LOCAL;
    }
  }
  text_free(&local);
  return result;
}

/* RFC 5321 4.1.2 A-d-l: "@a.example,@b.example:", read and forgotten. */
static bool take_source_route(struct cursor *c)
{
  bool is_literal;

  if (c->at == c->end || *c->at != '@') return true;
  do
    if (!take(c, '@') || !take_domain(c, &is_literal)) return false;
  while (take(c, ','));
  return take(c, ':');
}

static bool is_eight_bit(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)bytes[i] > 0x7f) return true;
  return false;
}

enum address_result address_parse(struct address *a, const char *bytes, size_t length)
{
  struct cursor c = { .at = bytes, .end = bytes + length };

  if (is_eight_bit(bytes, length)) return ADDRESS_EIGHT_BIT;
  return take_mailbox(a, &c) == ADDRESS_FULL && c.at == c.end ? ADDRESS_FULL : ADDRESS_BAD;
}

enum address_result address_parse_path(struct address *a, const char *bytes, size_t length, size_t *used)
{
  struct cursor c = { .at = bytes, .end = bytes + length };
  enum address_result result = ADDRESS_NULL;

  *used = 0;
  if (!take(&c, '<')) return ADDRESS_BAD;
  if (!take(&c, '>')) {
    result = take_source_route(&c) ? take_mailbox(a, &c) : ADDRESS_BAD;
    if (result != ADDRESS_BAD && !take(&c, '>')) result = ADDRESS_BAD;
  }
  *used = (size_t)(c.at - bytes);
  if (result == ADDRESS_BAD && is_eight_bit(bytes, length)) return ADDRESS_EIGHT_BIT;
  return result;
}

void address_free(struct address *a)
{
  text_free(&a->shown);
  text_free(&a->folded);
  text_free(&a->parts);
  *a = (struct address)ADDRESS_ZERO;
}
