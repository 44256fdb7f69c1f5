#include <string.h>

#include "lib/hex.h"
#include "lib/quoted.h"

void quoted_start(struct quoted *q) { text_clear(&q->kept); }

void quoted_free(struct quoted *q) { text_free(&q->kept); }

/* What was kept is nothing special after all. */
static void give_back(struct quoted *q, text *out)
{
  text_add_text(out, &q->kept);
  text_clear(&q->kept);
}

/* White space is kept: it goes if the line ends here. False: the byte is still to be looked at. */
static bool after_space(struct quoted *q, char c, text *out)
{
  if (ascii_is_space(c)) {
    text_add_char(&q->kept, c);
    return true;
  }
  if (c == '\r' || c == '\n') text_clear(&q->kept);
  else give_back(q, out);
  return false;
}

/* An "=" is kept, and perhaps a digit, or white space and CR of a soft line break. */
static bool after_escape(struct quoted *q, char c, text *out)
{
  char last = q->kept.s[q->kept.len - 1];
  bool may_break = last == '=' || ascii_is_space(last);

  if (c == '\n' && (may_break || last == '\r')) {
    text_clear(&q->kept);
    return true;
  }
  if ((may_break && (ascii_is_space(c) || c == '\r')) || (last == '=' && hex_digit(c) >= 0)) {
    text_add_char(&q->kept, c);
    return true;
  }
  if (q->kept.len == 2 && hex_digit(last) >= 0 && hex_digit(c) >= 0) {
    text_clear(&q->kept);
    text_add_char(out, (char)(hex_digit(last) << 4 | hex_digit(c)));
    return true;
  }
  give_back(q, out);
  return false;
}

/* How many bytes from the first on mean themselves; white space does if more text follows it at once. */
static size_t plain_run(const char *bytes, size_t length)
{
  size_t run = 0;

  for (; run < length && bytes[run] != '='; run++) {
    if (!ascii_is_space(bytes[run])) continue;
    if (run + 1 == length || (unsigned char)bytes[run + 1] <= ' ') break;
  }
  return run;
}

/* "=XX" at the place given. */
static bool take_escape(const char *bytes, size_t length, text *out)
{
  if (length < 3 || bytes[0] != '=' || hex_digit(bytes[1]) < 0 || hex_digit(bytes[2]) < 0) return false;
  text_add_char(out, (char)(hex_digit(bytes[1]) << 4 | hex_digit(bytes[2])));
  return true;
}

void quoted_add(struct quoted *q, const char *bytes, size_t length, text *out)
{
  for (size_t at = 0; at < length;) {
    if (q->kept.len) {
      at += q->kept.s[0] == '=' ? after_escape(q, bytes[at], out) : after_space(q, bytes[at], out);
      continue;
    }
    size_t run = plain_run(bytes + at, length - at);
    text_add_bytes(out, bytes + at, run);
    at += run;
    if (take_escape(bytes + at, length - at, out)) at += 3;
    else if (at < length) text_add_char(&q->kept, bytes[at++]);
  }
}

void quoted_end(struct quoted *q, text *out)
{
  if (q->kept.len > 1 && q->kept.s[0] == '=') give_back(q, out);
  text_clear(&q->kept);
}
