#include <string.h>

#include "lib/address.h"
#include "lib/base64.h"
#include "lib/header.h"
#include "lib/header_address.h"
#include "sendmail/header.h"

enum { ENCODED_MAX = 45, SHOWN_MAX = 200 };

static bool fail(text *error, const char *shown, size_t length)
{
  text_add(error, "not an address: ");
  text_add_bytes(error, shown, length > SHOWN_MAX ? SHOWN_MAX : length);
  return false;
}

/* local@domain as it stands in an envelope: quoted if it must be. A space or an at sign in it is a mistake, not a name. */
static bool add_one(struct sendmail_recipients *all, const struct header_address *one, const char *domain)
{
  const text *local = &one->local;
  struct address address = ADDRESS_ZERO;
  text plain = TEXT_ZERO, quoted = TEXT_ZERO;

  header_address_path(one, domain, &quoted);
  text_add_text(&plain, local);
  text_add_char(&plain, '@');
  text_add(&plain, one->domain.len ? "" : domain);
  text_add_text(&plain, &one->domain);
  bool good = local->len && !memchr(local->s, 0, local->len) &&
              (address_parse(&address, plain.s, plain.len) == ADDRESS_FULL ||
               (!memchr(local->s, ' ', local->len) && !memchr(local->s, '@', local->len) &&
                address_parse(&address, quoted.s, quoted.len) == ADDRESS_FULL));
  if (good) {
    text_add_bytes(&all->strings, address.shown.s, address.shown.len);
    text_add_char(&all->strings, 0);
    all->count++;
  }
  address_free(&address);
  text_free(&plain);
  text_free(&quoted);
  return good;
}

bool sendmail_addresses_add(struct sendmail_recipients *all, const char *list, size_t length, const char *domain, text *error)
{
  struct header_address one = HEADER_ADDRESS_ZERO;
  size_t before = 0;
  bool good = true;

  header_address_start(&one, (struct bytes){ list, length });
  while (good && header_address_next(&one)) {
    if (one.kind == HEADER_ADDRESS_MAILBOX && !add_one(all, &one, domain))
      good = fail(error, list + before, one.at - before);
    before = one.at;
  }
  header_address_free(&one);
  return good;
}

static bool is_one_of(const struct header_field *field, const char *const *names)
{
  for (; *names; names++)
    if (header_is(field, *names)) return true;
  return false;
}

static bool has_one_of(const text *header, const char *const *names)
{
  struct header_field field;

  for (size_t at = 0; header_next(header->s, header->len, &at, &field);)
    if (is_one_of(&field, names)) return true;
  return false;
}

bool sendmail_header_recipients(const text *header, struct sendmail_recipients *all, const char *domain, text *error)
{
  static const char *const usual[] = { "To", "Cc", "Bcc", 0 };
  static const char *const resent[] = { "Resent-To", "Resent-Cc", "Resent-Bcc", 0 };
  const char *const *names = has_one_of(header, resent) ? resent : usual;
  struct header_field field;

  for (size_t at = 0; header_next(header->s, header->len, &at, &field);)
    if (is_one_of(&field, names) && !sendmail_addresses_add(all, field.value.s, field.value.len, domain, error)) return false;
  return true;
}

static bool is_atom_text(const char *name)
{
  for (; *name; name++)
    if (!ascii_is_alpha(*name) && !ascii_is_digit(*name) && !strchr(" !#$%&'*+-/=?^_`{|}~", *name)) return false;
  return true;
}

static bool has_8bit(const char *name) { return bytes_ascii_run(name, strlen(name)) < strlen(name); }

/* A person's name: as atoms, as a quoted string, or as an encoded word (RFC 2047). */
static void add_name(text *out, const char *name)
{
  if (has_8bit(name)) {
    text_add(out, "=?utf-8?B?");
    base64_add(out, name, strlen(name));
    text_add(out, "?= ");
  } else if (is_atom_text(name)) {
    text_add(out, name);
    text_add_char(out, ' ');
  } else {
    text_add_char(out, '"');
    for (; *name; name++) {
      if (*name == '"' || *name == '\\') text_add_char(out, '\\');
      if (ascii_is_printable(*name)) text_add_char(out, *name);
    }
    text_add(out, "\" ");
  }
}

static void add_from(text *out, const struct sendmail_from *from)
{
  bool is_named = *from->name && (!has_8bit(from->name) || strlen(from->name) <= ENCODED_MAX);

  text_add(out, "From: ");
  if (is_named) add_name(out, from->name);
  if (is_named) text_add_char(out, '<');
  text_add(out, from->address);
  text_add(out, is_named ? ">\r\n" : "\r\n");
}

void sendmail_header_format(const text *header, const struct sendmail_from *from, text *out)
{
  static const char *const author[] = { "From", 0 };

  text_add_text(out, header);
  if (!has_one_of(header, author)) add_from(out, from);
  text_add(out, "\r\n");
}
