#include "ldapsync/usn.h"

#include <inttypes.h>
#include <string.h>

#include "lib/hex.h"

#define EDITION "ad 1 "

void usn_place_format(const struct usn_place *p, text *bytes)
{
  text_clear(bytes);
  text_add_format(bytes, EDITION "%.*s %" PRIu64, (int)p->controller.len, p->controller.s, p->usn);
}

bool usn_place_parse(struct usn_place *p, const text *bytes)
{
  const size_t head = strlen(EDITION);
  size_t at = head;
  uint64_t usn;

  if (bytes->len < head || memcmp(bytes->s, EDITION, head)) return false;
  while (at < bytes->len && hex_digit(bytes->s[at]) >= 0) at++;
  if (at == head || at == bytes->len || bytes->s[at] != ' ') return false;
  if (!number_scan_bytes(bytes->s + at + 1, bytes->len - at - 1, INT64_MAX, &usn)) return false;
  text_copy_bytes(&p->controller, bytes->s + head, at - head);
  p->usn = usn;
  return true;
}

void usn_filter(text *filter, uint64_t after, uint64_t last)
{
  text_clear(filter);
  if (last - after > USN_SINGLE) {
    text_add_format(filter, "(uSNChanged>=%" PRIu64 ")", after + 1);
    text_string(filter);
    return;
  }
  text_add(filter, "(|");
  for (uint64_t usn = after + 1; usn <= last; usn++) text_add_format(filter, "(uSNChanged=%" PRIu64 ")", usn);
  text_add_char(filter, ')');
  text_string(filter);
}

/* The bytes of a value as RFC 4515 writes any byte. */
static void add_value(text *filter, const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    text_add_char(filter, '\\');
    hex_add(filter, bytes + i, 1);
  }
}

void usn_id_filter(text *filter, const char *ids, size_t count, const char *and_filter)
{
  text_copy(filter, "(&(|");
  for (size_t i = 0; i < count; i++) {
    text_add(filter, "(objectGUID=");
    add_value(filter, ids + i * USN_ID, USN_ID);
    text_add_char(filter, ')');
  }
  text_add_char(filter, ')');
  text_add(filter, and_filter);
  text_add_char(filter, ')');
  text_string(filter);
}

static bool is_in(const char *dn, const char *context)
{
  size_t length = strlen(dn), end = strlen(context);

  if (!end || length < end || !string_is_nocase(dn + length - end, context)) return false;
  return length == end || dn[length - end - 1] == ',';
}

const char *usn_context(const text *contexts, const char *dn)
{
  const char *found = 0;

  for (size_t at = 0; at < contexts->len; at += strlen(contexts->s + at) + 1)
    if (is_in(dn, contexts->s + at) && (!found || strlen(contexts->s + at) > strlen(found))) found = contexts->s + at;
  return found;
}
