#include <string.h>

#include "lib/transfer.h"

static bool is(struct bytes encoding, const char *word)
{
  return encoding.len == strlen(word) && bytes_are_nocase(encoding.s, word, encoding.len);
}

enum transfer_kind transfer_kind_of(struct bytes encoding)
{
  if (is(encoding, "quoted-printable")) return TRANSFER_QUOTED;
  return is(encoding, "base64") ? TRANSFER_BASE64 : TRANSFER_NONE;
}

void transfer_start(struct transfer *t, enum transfer_kind kind)
{
  t->kind = kind;
  t->bits = 0;
  t->bit_count = 0;
  quoted_start(&t->quoted);
}

void transfer_free(struct transfer *t) { quoted_free(&t->quoted); }

static int digit_of(char c)
{
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a group; what follows it is another text behind the first. */
static void add_base64(struct transfer *t, const char *bytes, size_t length, text *out)
{
  text_ready(out, length + 1);
  for (size_t i = 0; i < length; i++) {
    int digit = digit_of(bytes[i]);
    if (bytes[i] == '=') t->bit_count = 0;
    if (digit < 0) continue;
    t->bits = t->bits << 6 | (uint32_t)digit;
    t->bit_count += 6;
    if (t->bit_count < 8) continue;
    t->bit_count -= 8;
    out->s[out->len++] = (char)(t->bits >> t->bit_count);
  }
}

void transfer_add(struct transfer *t, const char *bytes, size_t length, text *out)
{
  switch (t->kind) {
  case TRANSFER_NONE: text_add_bytes(out, bytes, length); break;
  case TRANSFER_QUOTED: quoted_add(&t->quoted, bytes, length, out); break;
  case TRANSFER_BASE64: add_base64(t, bytes, length, out); break;
  }
}

void transfer_end(struct transfer *t, text *out)
{
  if (t->kind == TRANSFER_QUOTED) quoted_end(&t->quoted, out);
  t->bit_count = 0;
}
