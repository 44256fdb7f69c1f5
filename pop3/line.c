#include "pop3/line.h"

#include <string.h>

/* A password may have been in it. */
static void empty(struct pop3_line *l)
{
  if (l->bytes.len) explicit_bzero(l->bytes.s, l->bytes.len);
  text_clear(&l->bytes);
}

static void keep(struct pop3_line *l, const char *bytes, size_t length)
{
  if (l->is_skipped || length > l->max + 1 - l->bytes.len) { /* one more: the CR of the line's end */
    l->is_skipped = true;
    empty(l);
    return;
  }
  text_add_bytes(&l->bytes, bytes, length);
}

static enum pop3_line_result finish(struct pop3_line *l)
{
  if (l->bytes.len && l->bytes.s[l->bytes.len - 1] == '\r') l->bytes.len--;
  bool is_too_long = l->is_skipped || l->bytes.len > l->max;
  l->is_full = true;
  l->is_skipped = false;
  return is_too_long ? POP3_LINE_TOO_LONG : POP3_LINE_DONE;
}

enum pop3_line_result pop3_line_add(struct pop3_line *l, const char *bytes, size_t length, size_t *used)
{
  const char *end = length ? memchr(bytes, '\n', length) : 0;
  size_t taken = end ? (size_t)(end - bytes) : length;

  if (l->is_full) {
    empty(l);
    l->is_full = false;
  }
  keep(l, bytes, taken);
  *used = taken + (end != 0);
  return end ? finish(l) : POP3_LINE_MORE;
}

void pop3_line_wipe(struct pop3_line *l)
{
  text_wipe(&l->bytes);
  l->bytes = (text)TEXT_ZERO;
  l->is_full = l->is_skipped = false;
}
