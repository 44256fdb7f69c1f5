#include "imap/follow.h"

#include <string.h>

/* "...{N}" and the line's end. An empty literal is one, too: the line goes on. */
static bool announces_literal(struct imap_follow *f)
{
  size_t end = f->tail_length, digits = 0;

  if (end < 4 || memcmp(f->tail + end - 3, "}\r\n", 3)) return false;
  for (end -= 3; digits < end && ascii_is_digit(f->tail[end - digits - 1]); digits++) {}
  return digits && digits < end && f->tail[end - digits - 1] == '{' && number_scan_bytes(f->tail + end - digits, digits, INT64_MAX, &f->literal);
}

static void keep_tail(struct imap_follow *f, const char *bytes, size_t length)
{
  const size_t size = sizeof f->tail;

  if (length >= size) {
    memcpy(f->tail, bytes + length - size, size);
    f->tail_length = size;
    return;
  }
  size_t kept = f->tail_length + length > size ? size - length : f->tail_length;
  memmove(f->tail, f->tail + f->tail_length - kept, kept);
  memcpy(f->tail + kept, bytes, length);
  f->tail_length = kept + length;
}

/* Up to the end of the line, or of the bytes. */
static void pass_line(struct imap_follow *f, const char *bytes, size_t length)
{
  keep_tail(f, bytes, length);
  if (bytes[length - 1] != '\n') return;
  f->literal = 0;
  f->state = announces_literal(f) ? IMAP_FOLLOW_IN_LINE : IMAP_FOLLOW_AT_START;
  f->tail_length = 0;
}

static enum imap_follow_result keep_line(struct imap_follow *f, const char *bytes, size_t length)
{
  text_add_bytes(&f->line, bytes, length);
  if (f->line.len > IMAP_FOLLOW_LINE_MAX) return IMAP_FOLLOW_BROKEN;
  if (bytes[length - 1] != '\n') return IMAP_FOLLOW_MORE;
  f->state = IMAP_FOLLOW_KEPT;
  while (f->line.len && (f->line.s[f->line.len - 1] == '\n' || f->line.s[f->line.len - 1] == '\r')) f->line.len--;
  if (f->line.s[0] == '+') return IMAP_FOLLOW_CONTINUE;
  if (f->line.len < 2 || f->line.s[1] != ' ') return IMAP_FOLLOW_BROKEN;
  text rest = TEXT_ZERO;
  text_copy_bytes(&rest, f->line.s + 2, f->line.len - 2);
  text_copy_bytes(&f->line, rest.s, rest.len);
  text_free(&rest);
  return IMAP_FOLLOW_DONE;
}

static enum imap_follow_result begin_line(struct imap_follow *f, char first)
{
  f->tail_length = 0;
  text_clear(&f->line);
  f->state = first == '*' ? IMAP_FOLLOW_IN_LINE : IMAP_FOLLOW_KEEPS;
  return first == '*' || first == '+' || first == *IMAP_FOLLOW_TAG ? IMAP_FOLLOW_MORE : IMAP_FOLLOW_BROKEN;
}

enum imap_follow_result imap_follow_add(struct imap_follow *f, const char *bytes, size_t length, size_t *used, struct bytes *pass)
{
  *pass = (struct bytes){ bytes, 0 };
  *used = 0;
  if (!length) return IMAP_FOLLOW_MORE;
  if (f->literal) {
    *used = f->literal < length ? (size_t)f->literal : length;
    f->literal -= *used;
    pass->len = *used;
    return IMAP_FOLLOW_MORE;
  }
  if ((f->state == IMAP_FOLLOW_AT_START || f->state == IMAP_FOLLOW_KEPT) && begin_line(f, *bytes) == IMAP_FOLLOW_BROKEN) return IMAP_FOLLOW_BROKEN;
  const char *newline = memchr(bytes, '\n', length);
  *used = newline ? (size_t)(newline - bytes) + 1 : length;
  if (f->state == IMAP_FOLLOW_KEEPS) return keep_line(f, bytes, *used);
  pass->len = *used;
  pass_line(f, bytes, *used);
  return IMAP_FOLLOW_MORE;
}

bool imap_follow_is_inside(const struct imap_follow *f) { return f->literal || f->state == IMAP_FOLLOW_IN_LINE; }

void imap_follow_free(struct imap_follow *f) { text_free(&f->line); }
