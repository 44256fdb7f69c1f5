#include "lib/saslprep.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

struct range {
  ucs4_t first, last;
};

/* RFC 3454 C.1.2: becomes a space. */
static const struct range spaces[] = { { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200b }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 }, { 0, 0 } };

/* B.1: becomes nothing. */
static const struct range nothings[] = { { 0xad, 0xad },     { 0x34f, 0x34f },   { 0x1806, 0x1806 }, { 0x180b, 0x180d }, { 0x200b, 0x200d },
                                         { 0x2060, 0x2060 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0, 0 } };

/* C.2.1, C.2.2, C.3 to C.9; the noncharacters at the end of each plane are asked for apart. */
static const struct range prohibited[] = {
  { 0, 0x1f },         { 0x7f, 0x9f },       { 0x340, 0x341 },     { 0x6dd, 0x6dd },     { 0x70f, 0x70f },     { 0x180e, 0x180e },
  { 0x200c, 0x200f },  { 0x2028, 0x202e },   { 0x2060, 0x2063 },   { 0x206a, 0x206f },   { 0x2ff0, 0x2ffb },   { 0xd800, 0xf8ff },
  { 0xfdd0, 0xfdef },  { 0xfeff, 0xfeff },   { 0xfff9, 0xffff },   { 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f },
  { 0xf0000, 0x10ffff }, { 0, 0 }
};

static bool is_in(const struct range *ranges, ucs4_t c)
{
  for (; ranges->last; ranges++)
    if (c >= ranges->first && c <= ranges->last) return true;
  return false;
}

static bool is_prohibited(ucs4_t c) { return is_in(prohibited, c) || (c & 0xfffe) == 0xfffe; }

/* RFC 3454 6: with a letter that is written from the right, none from the left, and the first and the last are such. */
static bool is_one_direction(const uint32_t *points, size_t count)
{
  bool has_right = false, has_left = false, is_right = false, first_is_right = false;

  for (size_t i = 0; i < count; i++) {
    int category = uc_bidi_category(points[i]);
    is_right = category == UC_BIDI_R || category == UC_BIDI_AL;
    if (!i) first_is_right = is_right;
    has_right |= is_right;
    has_left |= category == UC_BIDI_L;
  }
  return !has_right || (!has_left && first_is_right && is_right);
}

static size_t map(uint32_t *points, size_t count)
{
  size_t kept = 0;

  for (size_t i = 0; i < count; i++)
    if (is_in(spaces, points[i]))
      points[kept++] = ' ';
    else if (!is_in(nothings, points[i]))
      points[kept++] = points[i];
  return kept;
}

static bool is_good(const uint32_t *points, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (is_prohibited(points[i])) return false;
  return count && is_one_direction(points, count);
}

static void wipe(void *memory, size_t size)
{
  if (memory) explicit_bzero(memory, size);
  free(memory);
}

void saslprep(text *prepared, const char *password)
{
  size_t count = 0, room = 0, length = 0;
  uint32_t *points = u8_check((const uint8_t *)password, strlen(password)) ? 0 : u8_to_u32((const uint8_t *)password, strlen(password), 0, &count);
  size_t mapped = points ? map(points, count) : 0;
  uint32_t *normal = mapped ? u32_normalize(UNINORM_NFKC, points, mapped, 0, &room) : 0;
  uint8_t *made = normal && is_good(normal, room) ? u32_to_u8(normal, room, 0, &length) : 0;

  if (made)
    text_copy_bytes(prepared, (const char *)made, length);
  else
    text_copy(prepared, password);
  text_string(prepared);
  wipe(points, count * sizeof *points);
  wipe(normal, room * sizeof *normal);
  wipe(made, length);
}
