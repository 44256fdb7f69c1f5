#include <stdlib.h>
#include <unicase.h>

#include "lib/bytes.h"
#include "lib/casefold.h"
#include "lib/die.h"

/* Eight letters at a time: those from A to Z get the bit that makes them small. */
static void add_ascii(const char *s, size_t length, text *folded)
{
  char *to;

  text_ready(folded, length + 1);
  to = folded->s + folded->len;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)s[i];
    to[i] = (char)(c | ((unsigned char)(c - 'A') < 26) << 5);
  }
  folded->len += length;
}

static void add_unicode(const char *s, size_t length, text *folded)
{
  uint8_t fixed[512];
  size_t room = sizeof fixed;
  uint8_t *made = u8_casefold((const uint8_t *)s, length, 0, 0, fixed, &room);

  if (!made) die_nomem();
  text_add_bytes(folded, (const char *)made, room);
  if (made != fixed) free(made);
}

void casefold_add(const char *utf8, size_t length, text *folded)
{
  for (size_t at = 0; at < length;) {
    size_t run = bytes_ascii_run(utf8 + at, length - at);
    add_ascii(utf8 + at, run, folded);
    at += run;
    for (run = 0; at + run < length && (unsigned char)utf8[at + run] >= 0x80;) run++;
    if (run) add_unicode(utf8 + at, run, folded);
    at += run;
  }
}
