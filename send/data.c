#include "send/data.h"

#include <string.h>

bool send_data_is_plain(const char *bytes, size_t length, bool *has_dot)
{
  const char *end = bytes + length;

  *has_dot = false;
  while (bytes < end) {
    const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
    const char *cr = memchr(bytes, '\r', (size_t)(end - bytes));
    if (!newline || !cr || cr + 1 != newline || cr - bytes > DATA_LINE_MAX) return false;
    *has_dot |= *bytes == '.';
    bytes = newline + 1;
  }
  return true;
}

bool send_data_is_clean(const char *bytes, size_t length)
{
  bool has_dot;
  return send_data_is_plain(bytes, length, &has_dot) && !has_dot;
}

bool send_data_has_8bit(const char *bytes, size_t length)
{
  unsigned char all = 0;

  for (size_t i = 0; i < length; i++) all |= (unsigned char)bytes[i];
  return all & 0x80;
}

static void end_line(struct data *d, text *out)
{
  text_add_bytes(out, "\r\n", 2);
  d->column = 0;
}

/* Bytes without CR and LF. */
static void add_run(struct data *d, const char *bytes, size_t length, text *out)
{
  while (length) {
    size_t part;

    if (d->column == DATA_LINE_MAX) {
      end_line(d, out);
      text_add_char(out, ' ');
      d->column = 1;
    }
    if (!d->column && *bytes == '.') text_add_char(out, '.');
    part = DATA_LINE_MAX - d->column;
    if (part > length) part = length;
    text_add_bytes(out, bytes, part);
    d->column += part;
    bytes += part;
    length -= part;
  }
}

void send_data_add(struct data *d, const char *bytes, size_t length, text *out)
{
  for (size_t at = 0, run; at < length; at = run) {
    for (run = at; run < length && bytes[run] != '\r' && bytes[run] != '\n'; run++) continue;
    if (run > at) {
      if (d->after_cr) end_line(d, out); /* a bare CR */
      d->after_cr = false;
      add_run(d, bytes + at, run - at, out);
    }
    if (run == length) break;
    if (bytes[run] == '\n' || d->after_cr) end_line(d, out);
    d->after_cr = bytes[run] == '\r';
    run++;
  }
}

void send_data_end(struct data *d, text *out)
{
  if (d->column || d->after_cr) end_line(d, out);
  d->after_cr = false;
  text_add(out, DATA_END);
}
