#include "imap/envelope.h"
#include "imap/quote.h"
#include "lib/header.h"
#include "lib/header_address.h"

/* The fields of an ENVELOPE, in its order. */
enum { DATE, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, IN_REPLY_TO, MESSAGE_ID, FIELDS };

static const struct {
  const char name[12];
  bool has_addresses;
  bool is_joined; /* several of them are one list */
} fields[FIELDS] = {
  [DATE] = { "Date", false, false },
  [SUBJECT] = { "Subject", false, false },
  [FROM] = { "From", true, false },
  [SENDER] = { "Sender", true, false },
  [REPLY_TO] = { "Reply-To", true, false },
  [TO] = { "To", true, true },
  [CC] = { "Cc", true, true },
  [BCC] = { "Bcc", true, true },
  [IN_REPLY_TO] = { "In-Reply-To", false, false },
  [MESSAGE_ID] = { "Message-ID", false, false },
};

static void add_text_or_nil(text *out, const text *t, bool is_there)
{
  if (is_there) imap_quote_add(out, t->s, t->len);
  else text_add(out, "NIL");
}

/* A group is shown as an address without a host, its end as one without anything (RFC 3501 7.4.2). */
static void add_address(text *out, const struct header_address *a)
{
  bool is_mailbox = a->kind == HEADER_ADDRESS_MAILBOX;

  text_add_char(out, '(');
  add_text_or_nil(out, &a->name, is_mailbox && a->has_name);
  text_add_char(out, ' ');
  add_text_or_nil(out, &a->route, is_mailbox && a->has_route);
  text_add_char(out, ' ');
  if (is_mailbox) imap_quote_add(out, a->local.s, a->local.len);
  else add_text_or_nil(out, &a->name, a->kind == HEADER_ADDRESS_GROUP);
  text_add_char(out, ' ');
  add_text_or_nil(out, &a->domain, is_mailbox);
  text_add_char(out, ')');
}

static void add_value(text *out, struct header_address *a, unsigned int i, struct bytes value)
{
  if (fields[i].has_addresses) {
    header_address_start(a, value);
    while (header_address_next(a)) add_address(out, a);
    return;
  }
  text_clear(&a->name);
  header_unfold(&a->name, value);
  imap_quote_add(out, a->name.s, a->name.len);
}

static void read_field(const struct header_field *field, text *shown, bool *is_there, struct header_address *a)
{
  for (unsigned int i = 0; i < FIELDS; i++) {
    if (!header_is(field, fields[i].name)) continue;
    if (is_there[i] && !fields[i].is_joined) return;
    add_value(&shown[i], a, i, field->value);
    is_there[i] = true;
  }
}

void imap_envelope_add(text *out, const char *header, size_t length)
{
  text shown[FIELDS] = { TEXT_ZERO };
  bool is_there[FIELDS] = { false };
  struct header_address a = HEADER_ADDRESS_ZERO;
  struct header_field field;

  for (size_t at = 0; header_next(header, length, &at, &field);) read_field(&field, shown, is_there, &a);
  for (unsigned int i = 0; i < FIELDS; i++) {
    const text *value = &shown[i];
    if ((i == SENDER || i == REPLY_TO) && !value->len) value = &shown[FROM];
    text_add_char(out, i ? ' ' : '(');
    if (value->len && fields[i].has_addresses) text_add_char(out, '(');
    if (value->len) text_add_text(out, value);
    else text_add(out, "NIL");
    if (value->len && fields[i].has_addresses) text_add_char(out, ')');
  }
  text_add_char(out, ')');
  for (unsigned int i = 0; i < FIELDS; i++) text_free(&shown[i]);
  header_address_free(&a);
}
