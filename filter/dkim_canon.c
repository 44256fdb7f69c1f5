#include "filter/dkim_canon.h"

static bool is_line_end(struct bytes value, size_t at)
{
  return value.s[at] == '\r' && at + 1 < value.len && value.s[at + 1] == '\n';
}

void dkim_canon_field(text *out, struct bytes name, struct bytes value)
{
  bool has_space = false, has_any = false;

  for (size_t i = 0; i < name.len; i++) text_add_char(out, ascii_lower(name.s[i]));
  text_add_char(out, ':');
  for (size_t at = 0; at < value.len; at++) {
    if (is_line_end(value, at))
      at++;
    else if (ascii_is_space(value.s[at]))
      has_space = true;
    else {
      if (has_space && has_any) text_add_char(out, ' ');
      has_space = false;
      has_any = true;
      text_add_char(out, value.s[at]);
    }
  }
}

static void flush(struct dkim_body *b)
{
  if (b->length) b->take(b->to, b->piece, b->length);
  b->length = 0;
}

static void put(struct dkim_body *b, char c)
{
  if (b->length == sizeof b->piece) flush(b);
  b->piece[b->length++] = c;
}

static void put_line_end(struct dkim_body *b)
{
  put(b, '\r');
  put(b, '\n');
}

/* What is neither white space nor an end: all that was held back before it counts. */
static void put_byte(struct dkim_body *b, char c)
{
  for (; b->lines; b->lines--) put_line_end(b);
  if (b->has_space) put(b, ' ');
  b->has_space = false;
  b->has_any = true;
  put(b, c);
}

void dkim_body_feed(struct dkim_body *b, const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    char c = bytes[i];
    if (b->after_cr && c == '\n') {
      b->lines++;
      b->after_cr = b->has_space = false;
      continue;
    }
    if (b->after_cr) put_byte(b, '\r');
    b->after_cr = c == '\r';
    if (b->after_cr) continue;
    if (ascii_is_space(c))
      b->has_space = true;
    else
      put_byte(b, c);
  }
}

void dkim_body_end(struct dkim_body *b)
{
  if (b->after_cr) put_byte(b, '\r');
  if (b->has_any) put_line_end(b);
  flush(b);
}
