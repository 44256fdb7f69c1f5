#include <string.h>

#include "lib/address.h"
#include "lib/hex.h"
#include "lib/xtext.h"
#include "smtpd/dsn.h"

enum { ORCPT_MAX = 500 }; /* RFC 3461 4.2 */

/* HEXPOINT and "}" of RFC 6533 3, behind "\x{"; *used: how many bytes. */
static bool take_point(text *out, const char *bytes, size_t length, size_t *used)
{
  uint32_t point = 0;
  size_t digits = 0;

  while (digits < length && digits < 6 && hex_upper_digit(bytes[digits]) >= 0) point = point << 4 | (uint32_t)hex_upper_digit(bytes[digits++]);
  *used = digits + 1;
  if (digits < 2 || digits == length || bytes[digits] != '}' || (digits > 2 && bytes[0] == '0')) return false;
  if (point < 0x80) {
    if (!strchr(" +=\\", (int)point) || !point) return false; /* what can stand for itself must */
    text_add_char(out, (char)point);
  } else if (point < 0x800) {
    text_add_char(out, (char)(0xc0 | point >> 6));
  } else if (point < 0x10000) {
    text_add_char(out, (char)(0xe0 | point >> 12));
    text_add_char(out, (char)(0x80 | (point >> 6 & 63)));
  } else {
    text_add_char(out, (char)(0xf0 | (point >> 18 & 7)));
    text_add_char(out, (char)(0x80 | (point >> 12 & 63)));
    text_add_char(out, (char)(0x80 | (point >> 6 & 63)));
  }
  if (point >= 0x80) text_add_char(out, (char)(0x80 | (point & 63)));
  return point <= 0x10ffff;
}

/* utf-8-addr-xtext or utf-8-addr-unitext, added to out. Surrogates are seen by the check of the whole. */
static bool add_utf8_address(text *out, bool *needs_utf8, const char *bytes, size_t length)
{
  size_t start = out->len, used;

  for (size_t i = 0; i < length; i++)
    if (bytes[i] == '\\') {
      if (length - i < 5 || memcmp(bytes + i, "\\x{", 3) || !take_point(out, bytes + i + 3, length - i - 3, &used)) return false;
      i += 2 + used;
    } else {
      bool is_eight_bit = (unsigned char)bytes[i] > 0x7f;
      if ((!ascii_is_printable(bytes[i]) && !is_eight_bit) || strchr(" +=", bytes[i])) return false;
      if (is_eight_bit) *needs_utf8 = true;
      text_add_char(out, bytes[i]);
    }
  return utf8_check(out->s + start, out->len - start);
}

/* An atom (RFC 5321 4.1.2). */
static bool is_type(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_alpha(bytes[i]) && !ascii_is_digit(bytes[i]) && bytes[i] != '-') return false;
  return length > 0;
}

bool dsn_orcpt_parse(text *orcpt, bool *needs_utf8, const char *bytes, size_t length)
{
  const char *separator = memchr(bytes, ';', length);
  size_t type = separator ? (size_t)(separator - bytes) : 0, left = length - type - 1;
  bool good;

  *needs_utf8 = false;
  if (!separator || !left || length > ORCPT_MAX || !is_type(bytes, type)) return false;
  text_copy_bytes(orcpt, bytes, type + 1);
  text_lower(orcpt);
  if (type == 5 && bytes_are_nocase(bytes, "utf-8", type))
    good = add_utf8_address(orcpt, needs_utf8, separator + 1, left);
  else
    good = xtext_check(separator + 1, left) && xtext_decode(orcpt, separator + 1, left);
  text_string(orcpt);
  return good;
}

static const char *const events[] = { "success", "failure", "delay" };
enum { EVENTS = sizeof events / sizeof *events };

static bool take_event(bool seen[static EVENTS], const char *word, size_t length)
{
  for (size_t i = 0; i < EVENTS; i++)
    if (length == strlen(events[i]) && bytes_are_nocase(word, events[i], length)) return seen[i] = true;
  return false;
}

bool dsn_notify_parse(text *notify, const char *bytes, size_t length)
{
  bool seen[EVENTS] = { false };

  if (length == 5 && bytes_are_nocase(bytes, "never", length)) {
    text_copy(notify, "never");
    text_string(notify);
    return true;
  }
  for (size_t at = 0, word; at <= length; at += word + 1) {
    for (word = 0; at + word < length && bytes[at + word] != ',';) word++;
    if (!take_event(seen, bytes + at, word)) return false;
  }
  text_clear(notify);
  for (size_t i = 0; i < EVENTS; i++)
    if (seen[i]) {
      if (notify->len) text_add_char(notify, ',');
      text_add(notify, events[i]);
    }
  text_string(notify);
  return true;
}
