#include "ldapsync/syncvalue.h"

enum { BOOLEAN = 0x01, OCTETS = 0x04, ENUMERATED = 0x0a, SEQUENCE = 0x30, SET = 0x31, REFRESH_AND_PERSIST = 3 };
enum { NEW_COOKIE = 0x80, REFRESH_DELETE = 0xa1, REFRESH_PRESENT = 0xa2, ID_SET = 0xa3 };

/* A length of BER: one byte up to 127, else so many bytes, of which LDAP (RFC 4511 5.1) knows no indefinite number. */
static bool read_length(struct syncvalue_bytes *in, size_t *length)
{
  if (!in->length) return false;
  size_t count = *in->bytes & 0x7f;
  bool is_long = *in->bytes & 0x80;

  *length = count;
  in->bytes++, in->length--;
  if (!is_long) return true;
  if (!count || count > 4 || count > in->length) return false;
  for (*length = 0; count; count--, in->length--) *length = *length << 8 | *in->bytes++;
  return true;
}

/* The next element, whatever it is. */
static bool take_any(struct syncvalue_bytes *in, unsigned int *tag, struct syncvalue_bytes *content)
{
  struct syncvalue_bytes rest = *in;
  size_t length;

  if (!rest.length) return false;
  *tag = *rest.bytes++;
  rest.length--;
  if (!read_length(&rest, &length) || length > rest.length) return false;
  *content = (struct syncvalue_bytes){ rest.bytes, length };
  *in = (struct syncvalue_bytes){ rest.bytes + length, rest.length - length };
  return true;
}

/* The next element if it is of this kind; else nothing is taken. */
static bool take(struct syncvalue_bytes *in, unsigned int wanted, struct syncvalue_bytes *content)
{
  struct syncvalue_bytes rest = *in, found;
  unsigned int tag;

  if (!take_any(&rest, &tag, &found) || tag != wanted) return false;
  *in = rest;
  *content = found;
  return true;
}

/* An optional BOOLEAN and then the end. What it is if it is absent stands in *is. */
static bool take_last_boolean(struct syncvalue_bytes *in, bool *is)
{
  struct syncvalue_bytes content;

  if (take(in, BOOLEAN, &content)) {
    if (content.length != 1) return false;
    *is = *content.bytes != 0;
  }
  return !in->length;
}

static bool take_sequence(const void *bytes, size_t length, struct syncvalue_bytes *content)
{
  struct syncvalue_bytes in = { bytes, length };
  return take(&in, SEQUENCE, content) && !in.length;
}

bool syncvalue_entry_parse(const void *bytes, size_t length, struct syncvalue_entry *e)
{
  struct syncvalue_bytes in, state, uuid;

  *e = (struct syncvalue_entry){ .cookie = { 0, 0 } };
  if (!take_sequence(bytes, length, &in) || !take(&in, ENUMERATED, &state) || !take(&in, OCTETS, &uuid)) return false;
  if (state.length != 1 || *state.bytes > SYNCVALUE_DELETE || uuid.length != SYNCVALUE_UUID) return false;
  e->state = *state.bytes;
  e->uuid = uuid.bytes;
  take(&in, OCTETS, &e->cookie);
  return !in.length;
}

static bool parse_phase(struct syncvalue_bytes *in, enum syncvalue_kind kind, struct syncvalue_info *i)
{
  i->kind = kind;
  i->is_done = true;
  take(in, OCTETS, &i->cookie);
  return take_last_boolean(in, &i->is_done);
}

static bool parse_ids(struct syncvalue_bytes *in, struct syncvalue_info *i)
{
  struct syncvalue_bytes content, ids;

  i->kind = SYNCVALUE_ID_SET;
  take(in, OCTETS, &i->cookie);
  if (take(in, BOOLEAN, &content)) {
    if (content.length != 1) return false;
    i->is_deleted = *content.bytes != 0;
  }
  if (!take(in, SET, &i->ids) || in->length) return false;
  for (ids = i->ids; ids.length;)
    if (!take(&ids, OCTETS, &content) || content.length != SYNCVALUE_UUID) return false;
  return true;
}

bool syncvalue_info_parse(const void *bytes, size_t length, struct syncvalue_info *i)
{
  struct syncvalue_bytes in = { bytes, length }, content;
  unsigned int tag;

  *i = (struct syncvalue_info){ .cookie = { 0, 0 } };
  if (!take_any(&in, &tag, &content) || in.length) return false;
  switch (tag) {
  case NEW_COOKIE:
    i->kind = SYNCVALUE_NEW_COOKIE;
    i->cookie = content;
    return true;
  case REFRESH_DELETE: return parse_phase(&content, SYNCVALUE_REFRESH_DELETE, i);
  case REFRESH_PRESENT: return parse_phase(&content, SYNCVALUE_REFRESH_PRESENT, i);
  case ID_SET: return parse_ids(&content, i);
  default: return false;
  }
}

const unsigned char *syncvalue_next_id(struct syncvalue_bytes *ids)
{
  struct syncvalue_bytes id;
  return take(ids, OCTETS, &id) ? id.bytes : 0;
}

/* A length as read_length reads it. */
static void add_length(text *out, size_t length)
{
  if (length > 0x7f) text_add_char(out, (char)0x84);
  for (unsigned int shift = 24; length > 0x7f && shift; shift -= 8) text_add_char(out, (char)(length >> shift));
  text_add_char(out, (char)length);
}

void syncvalue_request(text *value, const text *cookie)
{
  text content = TEXT_ZERO;

  text_add_bytes(&content, (const char[]){ ENUMERATED, 1, REFRESH_AND_PERSIST }, 3);
  if (cookie) {
    text_add_char(&content, OCTETS);
    add_length(&content, cookie->len);
    text_add_text(&content, cookie);
  }
  text_clear(value);
  text_add_char(value, SEQUENCE);
  add_length(value, content.len);
  text_add_text(value, &content);
  text_free(&content);
}
