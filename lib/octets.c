#include <string.h>

#include "lib/octets.h"

static uint64_t count_bare_lf(const char *s, size_t length)
{
  const char *begin = s, *end = s + length;
  uint64_t count = 0;

  while ((s = memchr(s, '\n', (size_t)(end - s)))) {
    count += s == begin || s[-1] != '\r';
    if (++s == end) break;
  }
  return count;
}

struct octets octets_of(const char *bytes, size_t length)
{
  struct octets o = octets_of_plain(bytes, length, true);

  if (!length) return o;
  o.size += count_bare_lf(bytes, length);
  o.is_plain = o.size == length && !memchr(bytes, 0, length);
  return o;
}

struct octets octets_of_plain(const char *bytes, size_t length, bool is_plain)
{
  if (!is_plain) return octets_of(bytes, length);
  if (!length) bytes = "";
  return (struct octets){ .s = bytes, .end = bytes + length, .is_plain = true, .size = length };
}

void octets_narrow(struct octets *o, uint64_t offset, uint64_t count)
{
  uint64_t left = o->size > offset ? o->size - offset : 0;
  struct bytes piece;

  if (o->is_plain && left) o->s += offset;
  else if (left)
    for (o->size = offset; octets_next(o, &piece);) continue;
  o->size = left < count ? left : count;
}

/* How many bytes from s on are shown as they are: up to a bare LF or a NUL. */
static size_t plain_run(const char *s, size_t length, bool after_cr)
{
  const char *nul, *newline = s;

  while ((newline = memchr(newline, '\n', length - (size_t)(newline - s)))) {
    if (newline == s ? !after_cr : newline[-1] != '\r') break;
    if ((size_t)(++newline - s) == length) {
      newline = 0;
      break;
    }
  }
  if (newline) length = (size_t)(newline - s);
  nul = length ? memchr(s, 0, length) : 0;
  return nul ? (size_t)(nul - s) : length;
}

/* One step of a range that is not plain: a run, or the one byte that is shown otherwise. */
static struct bytes convert(struct octets *o)
{
  size_t left = (size_t)(o->end - o->s), run;

  if (o->owes_lf) {
    o->owes_lf = false;
    o->s++;
    return (struct bytes){ "\n", 1 };
  }
  run = plain_run(o->s, o->size < left ? (size_t)o->size : left, o->after_cr);
  if (run) {
    o->s += run;
    o->after_cr = o->s[-1] == '\r';
    return (struct bytes){ o->s - run, run };
  }
  o->after_cr = false;
  if (!*o->s) {
    o->s++;
    return (struct bytes){ "\x80", 1 };
  }
  o->owes_lf = o->size == 1;
  o->s += !o->owes_lf;
  return (struct bytes){ "\r\n", o->owes_lf ? 1 : 2 };
}

bool octets_next(struct octets *o, struct bytes *piece)
{
  if (!o->size) return false;
  if (o->is_plain) {
    *piece = (struct bytes){ o->s, (size_t)o->size };
    o->s += o->size;
  } else
    *piece = convert(o);
  o->size -= piece->len;
  return true;
}

void octets_add(struct octets o, text *out)
{
  struct bytes piece;

  text_ready(out, (size_t)o.size + 1);
  while (octets_next(&o, &piece)) text_add_bytes(out, piece.s, piece.len);
}
