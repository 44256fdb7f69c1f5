#include "pop3/shown.h"

#include <string.h>

#include "lib/header.h"

struct pop3_shown pop3_shown_of(const char *bytes, size_t length)
{
  return (struct pop3_shown){ .octets = octets_of(bytes, length) };
}

struct pop3_shown pop3_shown_top(const char *bytes, size_t length, uint64_t lines)
{
  size_t at = header_length(bytes, length);

  for (const char *end; lines && at < length && (end = memchr(bytes + at, '\n', length - at)); lines--) at = (size_t)(end - bytes) + 1;
  return pop3_shown_of(bytes, lines ? length : at);
}

/* The next piece that is not empty. */
static bool has_piece(struct pop3_shown *s)
{
  while (!s->piece.len)
    if (!octets_next(&s->octets, &s->piece)) return false;
  return true;
}

/* Up to the end of a line that one with a dot follows. */
static size_t plain_run(const struct bytes *piece)
{
  const char *dot = memmem(piece->s, piece->len, "\n.", 2);

  return dot ? (size_t)(dot - piece->s) + 1 : piece->len;
}

bool pop3_shown_next(struct pop3_shown *s, struct bytes *run)
{
  if (!has_piece(s)) {
    *run = (struct bytes){ "\r\n", 2 };
    bool has_end = !s->in_line;
    s->in_line = false;
    return !has_end;
  }
  if (!s->in_line && !s->owes_line && *s->piece.s == '.') {
    *run = (struct bytes){ ".", 1 };
    s->owes_line = true;
    return true;
  }
  *run = (struct bytes){ s->piece.s, plain_run(&s->piece) };
  s->piece.s += run->len;
  s->piece.len -= run->len;
  s->owes_line = false;
  s->in_line = run->s[run->len - 1] != '\n';
  return true;
}
