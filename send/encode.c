#include <string.h>

#include "lib/base64.h"
#include "send/encode.h"

enum { LINE_CHARACTERS = 76, LINE_BYTES = LINE_CHARACTERS / 4 * 3 };

static const char hex[] = "0123456789ABCDEF";

static void add_escaped(unsigned char c, text *out)
{
  text_add_char(out, '=');
  text_add_char(out, hex[c >> 4]);
  text_add_char(out, hex[c & 15]);
}

/* A blank at the end of a line may get lost on the way (RFC 2045 6.7, rule 3); so might one before a soft line break. */
void send_encode_quoted(struct encode *e, const char *bytes, size_t length, bool is_end, text *out)
{
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    bool is_blank = c == ' ' || c == '\t';
    bool is_plain = is_blank ? i + 1 < length : c > ' ' && c < 0x7f && c != '=';
    size_t width = is_plain ? 1 : 3, room = is_end && i + 1 == length ? LINE_CHARACTERS : LINE_CHARACTERS - 1;
    if (e->column + width > room) {
      text_add(out, "=\r\n");
      e->column = 0;
    }
    if (is_plain)
      text_add_char(out, (char)c);
    else
      add_escaped(c, out);
    e->column += width;
  }
}

void send_encode_quoted_line_end(struct encode *e, text *out)
{
  text_add(out, "\r\n");
  e->column = 0;
}

void send_encode_quoted_8bit(const char *bytes, size_t length, text *out)
{
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)bytes[i] & 0x80)
      add_escaped((unsigned char)bytes[i], out);
    else
      text_add_char(out, bytes[i]);
}

static void add_group(struct encode *e, text *out)
{
  if (e->column == LINE_BYTES) {
    text_add(out, "\r\n");
    e->column = 0;
  }
  base64_add(out, (const char *)e->held, e->held_count);
  e->column += 3;
  e->held_count = 0;
}

void send_encode_base64(struct encode *e, const char *bytes, size_t length, text *out)
{
  for (size_t i = 0; i < length; i++) {
    e->held[e->held_count++] = (unsigned char)bytes[i];
    if (e->held_count == 3) add_group(e, out);
  }
}

void send_encode_base64_end(struct encode *e, text *out)
{
  if (e->held_count) add_group(e, out);
}
