#include <arpa/inet.h>
#include <string.h>
#include <unistr.h>

#include "lib/address.h"
#include "lib/bytes.h"
#include "lib/casefold.h"
#include "lib/idna.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, LITERAL_MAX = 60 }; /* RFC 1035 2.3.4; the longest IPv6 literal is 53 bytes */

struct cursor {
  const char *at;
  const char *end;
};

static bool is_eight_bit(char c) { return (unsigned char)c > 0x7f; }

static bool has_eight_bit(const char *bytes, size_t length) { return bytes_ascii_run(bytes, length) < length; }

static bool is_atext(char c) /* RFC 5322 3.2.3, RFC 6531 3.3 */
{
  return ascii_is_alpha(c) || ascii_is_digit(c) || is_eight_bit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
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
    if (!ascii_is_printable(byte) && !is_eight_bit(byte)) return false;
    text_add_char(local, byte);
  }
  return false;
}

/* C1 controls and the separators of lines and paragraphs are valid, and nothing that a name needs: as with ASCII's controls,
   a log or a screen could take them for more. */
static bool is_control(const char *c, size_t left)
{
  return (c[0] == '\xc2' && left > 1 && (unsigned char)c[1] < 0xa0) ||
         (c[0] == '\xe2' && left > 2 && c[1] == '\x80' && (c[2] == '\xa8' || c[2] == '\xa9'));
}

bool utf8_check(const char *bytes, size_t length)
{
  if (u8_check((const uint8_t *)bytes, length)) return false;
  for (size_t i = 0; i < length; i++)
    if (is_control(bytes + i, length - i)) return false;
  return true;
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

bool domain_fold(const char *bytes, size_t length, text *folded)
{
  if (has_eight_bit(bytes, length)) {
    if (!utf8_check(bytes, length) || !idna_to_ascii(bytes, length, folded)) return false;
  } else {
    text_copy_bytes(folded, bytes, length);
    text_lower(folded);
    text_string(folded);
  }
  return domain_check(folded->s, folded->len);
}

/* A domain or an address literal, as far as it goes; folded becomes its A-labels if it is not ASCII, else empty. */
static bool take_domain(struct cursor *c, bool *is_literal, text *folded)
{
  const char *start = c->at;

  *is_literal = take(c, '[');
  if (*is_literal) {
    while (c->at < c->end && *c->at != ']') c->at++;
    return take(c, ']') && domain_literal_check(start, (size_t)(c->at - start));
  }
  while (c->at < c->end && (is_label_char(*c->at) || *c->at == '.' || is_eight_bit(*c->at))) c->at++;
  size_t length = (size_t)(c->at - start);
  return has_eight_bit(start, length) ? domain_fold(start, length, folded) : domain_check(start, length);
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

static void add_domain(text *to, const char *domain, size_t length)
{
  if (length) text_add_char(to, '@');
  text_add_bytes(to, domain, length);
  text_string(to);
}

static void fill_parts(struct address *a, const text *local, const char *domain, size_t domain_length)
{
  text_copy_bytes(&a->parts, local->s, local->len);
  text_add_char(&a->parts, 0);
  text_add_bytes(&a->parts, domain, domain_length);
  text_string(&a->parts);
}

/* What is not ASCII: the local part case-folded in NFC, the domain in A-labels. */
static void fold_utf8(struct address *a, const text *local, const char *domain, size_t domain_length)
{
  text folded = TEXT_ZERO;

  casefold_canonical_add(local->s, local->len, &folded);
  text_clear(&a->folded);
  add_local(&a->folded, &folded);
  add_domain(&a->folded, domain, domain_length);
  fill_parts(a, &folded, domain, domain_length);
  a->domain = a->parts.s + folded.len + 1;
  text_free(&folded);
}

/* local holds the meaning of the local part; the domain is as it was given, empty for a local part alone; ascii: its A-labels
   if it has others. */
static void fill(struct address *a, const text *local, const char *domain, size_t domain_length, const text *ascii)
{
  text_clear(&a->shown);
  add_local(&a->shown, local);
  add_domain(&a->shown, domain, domain_length);
  a->is_utf8 = has_eight_bit(a->shown.s, a->shown.len);
  if (a->is_utf8 && ascii->len)
    fold_utf8(a, local, ascii->s, ascii->len);
  else if (a->is_utf8)
    fold_utf8(a, local, domain, domain_length);
  else {
    text_copy_bytes(&a->folded, a->shown.s, a->shown.len);
    text_string(&a->folded);
    fill_parts(a, local, domain, domain_length);
    a->domain = a->parts.s + local->len + 1;
  }
  text_lower(&a->folded);
  text_lower(&a->parts);
  a->local = a->parts.s;
}

static enum address_result take_mailbox(struct address *a, struct cursor *c)
{
  text local = TEXT_ZERO, folded = TEXT_ZERO;
  enum address_result result = ADDRESS_BAD;

  a->is_literal = false;
  if (take(c, '"') ? take_quoted(c, &local) : take_dot_string(c, &local)) {
    bool has_domain = take(c, '@');
    const char *domain = c->at;
    if (!has_domain || take_domain(c, &a->is_literal, &folded)) {
      fill(a, &local, domain, (size_t)(c->at - domain), &folded);
      result = has_domain ? ADDRESS_FULL : ADDRESS_LOCAL;
    }
  }
  text_free(&local);
  text_free(&folded);
  return result;
}

/* RFC 5321 4.1.2 A-d-l: "@a.example,@b.example:", read and forgotten. */
static bool take_source_route(struct cursor *c)
{
  text folded = TEXT_ZERO;
  bool is_literal, good = true;

  if (c->at == c->end || *c->at != '@') return true;
  do good = take(c, '@') && take_domain(c, &is_literal, &folded);
  while (good && take(c, ','));
  text_free(&folded);
  return good && take(c, ':');
}

/* What is no UTF-8 is no address, also where no byte of it is looked at. */
static bool is_good_utf8(const char *bytes, size_t length)
{
  return !has_eight_bit(bytes, length) || utf8_check(bytes, length);
}

enum address_result address_parse(struct address *a, const char *bytes, size_t length)
{
  struct cursor c = { .at = bytes, .end = bytes + length };

  if (!is_good_utf8(bytes, length)) return ADDRESS_BAD_UTF8;
  return take_mailbox(a, &c) == ADDRESS_FULL && c.at == c.end ? ADDRESS_FULL : ADDRESS_BAD;
}

enum address_result address_parse_path(struct address *a, const char *bytes, size_t length, size_t *used)
{
  struct cursor c = { .at = bytes, .end = bytes + length };
  enum address_result result = ADDRESS_NULL;

  *used = 0;
  if (!take(&c, '<')) return ADDRESS_BAD;
  if (!is_good_utf8(bytes, length)) return ADDRESS_BAD_UTF8;
  if (!take(&c, '>')) {
    result = take_source_route(&c) ? take_mailbox(a, &c) : ADDRESS_BAD;
    if (result != ADDRESS_BAD && !take(&c, '>')) result = ADDRESS_BAD;
  }
  *used = (size_t)(c.at - bytes);
  return result;
}

void address_free(struct address *a)
{
  text_free(&a->shown);
  text_free(&a->folded);
  text_free(&a->parts);
  *a = (struct address)ADDRESS_ZERO;
}

void login_fold(text *login)
{
  struct address a = ADDRESS_ZERO;

  text_lower(login);
  if (bytes_ascii_run(login->s, login->len) < login->len && address_parse(&a, login->s, login->len) == ADDRESS_FULL)
    text_copy_bytes(login, a.folded.s, a.folded.len);
  text_string(login);
  address_free(&a);
}
