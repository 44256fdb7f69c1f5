#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "lib/charset.h"
#include "lib/die.h"

enum { NAME_MAX_BYTES = 63, KEPT_MAX = 16 };

struct charset {
  iconv_t convert;
  bool has_ascii;      /* a byte below 0x80 is ASCII wherever it stands */
  char kept[KEPT_MAX]; /* the beginning of a character */
  size_t kept_length;
};

static bool begins_with(const char *name, const char *with) { return bytes_are_nocase(name, with, strlen(with)); }

/* iconv gives names a meaning beyond the set ("//IGNORE"): they are of letters, digits and a few signs only. */
static iconv_t open_convert(const char *bytes, size_t length, char *name)
{
  if (!length || length > NAME_MAX_BYTES) return (iconv_t)-1;
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_alpha(bytes[i]) && !ascii_is_digit(bytes[i]) && (!bytes[i] || !strchr("-_.:+", bytes[i])))
      return (iconv_t)-1;
  memcpy(name, bytes, length);
  name[length] = 0;
  if (string_is_nocase(name, "us-ascii") || string_is_nocase(name, "ascii")) memcpy(name, "utf-8", 6);
  return iconv_open("UTF-8", name);
}

struct charset *charset_open(const char *bytes, size_t length)
{
  char name[NAME_MAX_BYTES + 1] = "";
  iconv_t convert = open_convert(bytes, length, name);
  struct charset *c;

  if (convert == (iconv_t)-1) return 0;
  c = calloc(1, sizeof *c);
  if (!c) die_nomem();
  c->convert = convert;
  c->has_ascii = begins_with(name, "utf-8") || begins_with(name, "iso-8859-") || begins_with(name, "windows-125") ||
                 begins_with(name, "koi8-");
  return c;
}

void charset_close(struct charset *c)
{
  if (!c) return;
  iconv_close(c->convert);
  free(c);
}

bool charset_is_known(const char *name)
{
  struct charset *c = charset_open(name, strlen(name));
  charset_close(c);
  return c;
}

static void add_replacement(text *utf8) { text_add(utf8, "\xef\xbf\xbd"); }

/* Converts until iconv stops: 0 at the end, EILSEQ at bytes without a meaning, EINVAL at the beginning of a character. */
static int run(struct charset *c, char **in, size_t *length, text *utf8)
{
  for (;;) {
    text_ready(utf8, *length + *length / 2 + 64);
    char *out = utf8->s + utf8->len;
    size_t room = utf8->a - utf8->len, done = iconv(c->convert, in, length, &out, &room);
    utf8->len = (size_t)(out - utf8->s);
    if (done != (size_t)-1) return 0;
    if (errno != E2BIG) return errno;
  }
}

/* Converts what is kept as far as it goes; the beginning of a character stays. */
static void convert_kept(struct charset *c, text *utf8)
{
  char *in = c->kept;
  size_t left = c->kept_length;

  while (left) {
    int stopped = run(c, &in, &left, utf8);
    if (!stopped || (stopped == EINVAL && left < KEPT_MAX)) break;
    add_replacement(utf8);
    in++, left--;
  }
  memmove(c->kept, in, left);
  c->kept_length = left;
}

void charset_add(struct charset *c, const char *bytes, size_t length, text *utf8)
{
  size_t ascii;
  char *in;

  for (; c->kept_length && length; bytes++, length--) {
    c->kept[c->kept_length++] = *bytes;
    convert_kept(c, utf8);
  }
  if (!length) return;
  ascii = c->has_ascii ? bytes_ascii_run(bytes, length) : 0;
  text_add_bytes(utf8, bytes, ascii);
  in = (char *)bytes + ascii; /* iconv does not change it */
  length -= ascii;
  while (length) {
    int stopped = run(c, &in, &length, utf8);
    if (!stopped) break;
    if (stopped == EINVAL && length < KEPT_MAX) {
      memcpy(c->kept, in, length);
      c->kept_length = length;
      break;
    }
    add_replacement(utf8);
    in++, length--;
  }
}

void charset_end(struct charset *c, text *utf8)
{
  if (c->kept_length) add_replacement(utf8);
  c->kept_length = 0;
  iconv(c->convert, 0, 0, 0, 0);
}

bool charset_convert(const char *name, const char *bytes, size_t length, text *utf8)
{
  struct charset *c = charset_open(name, strlen(name));
  char *in = (char *)bytes;
  bool good;

  if (!c) return false;
  good = !run(c, &in, &length, utf8);
  charset_close(c);
  return good;
}
