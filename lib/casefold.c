#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "lib/bytes.h"
#include "lib/casefold.h"
#include "lib/die.h"

/* All bytes are below 0x80. Eight at a time: a byte from A to Z gets the bit that makes it small. */
static void add_ascii(const char *s, size_t length, text *folded)
{
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t eight;
  size_t i = 0;
  char *to;

  text_ready(folded, length + 1);
  to = folded->s + folded->len;
  for (; length - i >= sizeof eight; i += sizeof eight) {
    memcpy(&eight, s + i, sizeof eight);
    uint64_t from_a = eight + ones * (0x80 - 'A'), behind_z = eight + ones * (0x80 - 'Z' - 1);
    eight |= (from_a & ~behind_z & ones * 0x80) >> 2;
    memcpy(to + i, &eight, sizeof eight);
  }
  for (; i < length; i++) to[i] = ascii_lower(s[i]);
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

/* The characters of two bytes (U+0080 to U+07FF: Latin, Greek, Cyrillic ...), which are most of those that have case,
   from a table that is made when it is first needed. */
enum { FIRST_LEAD = 0xc2, LEADS = 0xe0 - FIRST_LEAD, TRAILS = 64, FOLDED_MAX = 7 };
static struct { unsigned char length; char s[FOLDED_MAX]; } two_bytes[LEADS * TRAILS];

static void fill_table(void)
{
  text folded = TEXT_ZERO;

  for (unsigned int i = 0; i < LEADS * TRAILS; i++) {
    char character[2] = { (char)(FIRST_LEAD + i / TRAILS), (char)(0x80 + i % TRAILS) };
    text_clear(&folded);
    add_unicode(character, 2, &folded);
    if (folded.len > FOLDED_MAX) continue; /* none is; it would be folded as before */
    two_bytes[i].length = (unsigned char)folded.len;
    memcpy(two_bytes[i].s, folded.s, folded.len);
  }
  text_free(&folded);
}

/* One character of two bytes; false if these are something else. */
static bool add_two_bytes(const char *s, size_t length, text *folded)
{
  unsigned int lead = (unsigned char)s[0], i;

  if (length < 2 || lead < FIRST_LEAD || lead >= FIRST_LEAD + LEADS) return false;
  if (!two_bytes[0].length) fill_table();
  i = (lead - FIRST_LEAD) * TRAILS + ((unsigned char)s[1] & 0x3f);
  if (!two_bytes[i].length) return false;
  text_add_bytes(folded, two_bytes[i].s, two_bytes[i].length);
  return true;
}

/* Up to the next character of one or two bytes. */
static size_t long_run(const char *s, size_t length)
{
  size_t run = 1;
  while (run < length && (unsigned char)s[run] >= 0x80 && ((unsigned char)s[run] < 0xc0 || (unsigned char)s[run] >= 0xe0)) run++;
  return run;
}

void casefold_add(const char *utf8, size_t length, text *folded)
{
  for (size_t at = 0, run; at < length; at += run) {
    run = bytes_ascii_run(utf8 + at, length - at);
    if (run) {
      add_ascii(utf8 + at, run, folded);
      continue;
    }
    run = 2;
    if (add_two_bytes(utf8 + at, length - at, folded)) continue;
    run = long_run(utf8 + at, length - at);
    add_unicode(utf8 + at, run, folded);
  }
}

void casefold_canonical_add(const char *utf8, size_t length, text *folded)
{
  size_t room = 0, made_length = 0;
  uint8_t *apart = u8_normalize(UNINORM_NFD, (const uint8_t *)utf8, length, 0, &room);
  uint8_t *made = apart ? u8_casefold(apart, room, 0, UNINORM_NFC, 0, &made_length) : 0;

  if (!made) die_nomem();
  text_add_bytes(folded, (const char *)made, made_length);
  free(apart);
  free(made);
}
