#include <stdint.h>
#include <string.h>

#include "imap/utf7.h"

/* RFC 3501 5.1.3: the alphabet of base64 with "," for "/". */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(unsigned char c) { return c >= 0x20 && c <= 0x7e; }

static int digit_of(char c)
{
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == ',' ? 63 : -1;
}

static void add_utf8(text *out, uint32_t c)
{
  if (c < 0x80) {
    text_add_char(out, (char)c);
    return;
  }
  if (c < 0x800) text_add_char(out, (char)(0xc0 | c >> 6));
  else {
    if (c < 0x10000) text_add_char(out, (char)(0xe0 | c >> 12));
    else {
      text_add_char(out, (char)(0xf0 | c >> 18));
      text_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
    }
    text_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
  }
  text_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* One character of UTF-8 from the bytes; its length, or 0 if they are not valid (RFC 3629: shortest form, no
   surrogates, up to U+10FFFF). */
static size_t take_utf8(const char *bytes, size_t length, uint32_t *c)
{
  static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
  unsigned char lead = (unsigned char)bytes[0];
  size_t size = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;

  if (!size || size > length) return 0;
  *c = size == 1 ? lead : lead & (0x7fU >> size);
  for (size_t i = 1; i < size; i++) {
    if (((unsigned char)bytes[i] & 0xc0) != 0x80) return 0;
    *c = *c << 6 | ((unsigned char)bytes[i] & 0x3f);
  }
  if (*c < lowest[size] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000)) return 0;
  return size;
}

/* The UTF-16 units of one shifted sequence, as they come. */
struct units {
  uint32_t high; /* a high surrogate that waits for its other half */
  text *out;
};

static bool add_unit(struct units *u, uint32_t unit)
{
  if (u->high) {
    if (unit < 0xdc00 || unit > 0xdfff) return false;
    add_utf8(u->out, 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00));
    u->high = 0;
    return true;
  }
  if (unit >= 0xdc00 && unit <= 0xdfff) return false;
  if (unit >= 0xd800 && unit <= 0xdbff) {
    u->high = unit;
    return true;
  }
  if (is_direct((unsigned char)unit) && unit < 0x80) return false; /* it must stand for itself */
  if (!unit) return false;
  add_utf8(u->out, unit);
  return true;
}

/* From behind "&" up to "-"; the place behind that, or 0. Bits left over must be fewer than a digit and zero. */
static const char *decode_shifted(const char *at, const char *end, text *out)
{
  struct units units = { 0, out };
  uint32_t bits = 0;
  unsigned int count = 0;

  for (; at < end && *at != '-'; at++) {
    int digit = digit_of(*at);
    if (digit < 0) return 0;
    bits = bits << 6 | (uint32_t)digit;
    count += 6;
    if (count < 16) continue;
    count -= 16;
    if (!add_unit(&units, bits >> count & 0xffff)) return 0;
    bits &= (1U << count) - 1;
  }
  return at < end && count < 6 && !bits && !units.high ? at + 1 : 0;
}

bool imap_utf7_decode(const char *name, size_t length, text *utf8)
{
  size_t before = utf8->len;
  const char *at = length ? name : "", *end = at + length;
  bool after_shift = false;

  while (at < end) {
    if (*at != '&') {
      if (!is_direct((unsigned char)*at)) break;
      text_add_char(utf8, *at++);
      after_shift = false;
    } else if (end - at > 1 && at[1] == '-') {
      text_add_char(utf8, '&');
      at += 2;
      after_shift = false;
    } else {
      at = after_shift ? 0 : decode_shifted(at + 1, end, utf8); /* two in a row would be one */
      if (!at) break;
      after_shift = true;
    }
  }
  if (at == end) return true;
  utf8->len = before;
  return false;
}

struct shift {
  text *out;
  uint32_t bits;
  unsigned int count;
};

static void encode_unit(struct shift *s, uint32_t unit)
{
  s->bits = s->bits << 16 | unit;
  for (s->count += 16; s->count >= 6;) {
    s->count -= 6;
    text_add_char(s->out, alphabet[s->bits >> s->count & 0x3f]);
  }
  s->bits &= (1U << s->count) - 1;
}

/* The characters that cannot stand for themselves; the place of the first that can, or 0 if it is no UTF-8. */
static const char *encode_shifted(const char *at, const char *end, text *out)
{
  struct shift shift = { out, 0, 0 };

  text_add_char(out, '&');
  while (at < end && !is_direct((unsigned char)*at)) {
    uint32_t c;
    size_t size = take_utf8(at, (size_t)(end - at), &c);
    if (!size || !c) return 0;
    if (c >= 0x10000) {
      encode_unit(&shift, 0xd800 + ((c - 0x10000) >> 10));
      encode_unit(&shift, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else
      encode_unit(&shift, c);
    at += size;
  }
  if (shift.count) text_add_char(out, alphabet[shift.bits << (6 - shift.count) & 0x3f]);
  text_add_char(out, '-');
  return at;
}

bool imap_utf7_encode(const char *utf8, size_t length, text *name)
{
  size_t before = name->len;
  const char *at = length ? utf8 : "", *end = at + length;

  while (at && at < end) {
    if (!is_direct((unsigned char)*at)) at = encode_shifted(at, end, name);
    else {
      text_add(name, *at == '&' ? "&-" : (char[2]){ *at, 0 });
      at++;
    }
  }
  if (at) return true;
  name->len = before;
  return false;
}
