#include "lib/limits_page.h"

#include <string.h>

/* sum (8 bytes), used (2), zeros (6), then used bytes of entries: length of name (2), of value (2), name, value. */
enum { USED_AT = 8, HEAD_BYTES = 16, LENGTHS_BYTES = 4, ROOM_BYTES = LIMITS_PAGE_BYTES - HEAD_BYTES, EXPIRES_BYTES = 8 };

static size_t number_at(const struct limits_page *page, size_t at)
{
  uint16_t number;
  memcpy(&number, page->bytes + at, sizeof number);
  return number;
}

static void set_number(struct limits_page *page, size_t at, size_t value)
{
  uint16_t number = (uint16_t)value;
  memcpy(page->bytes + at, &number, sizeof number);
}

static size_t end_of(const struct limits_page *page) { return HEAD_BYTES + number_at(page, USED_AT); }
static size_t name_length(const struct limits_page *page, size_t at) { return number_at(page, at); }
static size_t value_length(const struct limits_page *page, size_t at) { return number_at(page, at + 2); }
static size_t entry_length(const struct limits_page *page, size_t at) { return LENGTHS_BYTES + name_length(page, at) + value_length(page, at); }
static const char *name_at(const struct limits_page *page, size_t at) { return (const char *)page->bytes + at + LENGTHS_BYTES; }
static const char *value_at(const struct limits_page *page, size_t at) { return name_at(page, at) + name_length(page, at); }

static uint64_t expires_at(const struct limits_page *page, size_t at)
{
  uint64_t expires;
  memcpy(&expires, value_at(page, at), sizeof expires);
  return expires;
}

/* Tells a page that was written half; who writes one on purpose can make the sum, too. */
static uint64_t sum_of(const struct limits_page *page)
{
  uint64_t sum = 14695981039346656037u, word = 0;
  size_t end = end_of(page);

  for (size_t at = USED_AT; at < end; at += sizeof word) {
    word = 0;
    memcpy(&word, page->bytes + at, end - at < sizeof word ? end - at : sizeof word);
    sum = (sum ^ word) * 1099511628211u;
    sum ^= sum >> 29;
  }
  return sum;
}

static bool has_good_entries(const struct limits_page *page)
{
  size_t end = end_of(page), at = HEAD_BYTES;

  while (at + LENGTHS_BYTES <= end) {
    if (!name_length(page, at) || value_length(page, at) < EXPIRES_BYTES || entry_length(page, at) > end - at) return false;
    if (memchr(name_at(page, at), 0, name_length(page, at)) != name_at(page, at) + name_length(page, at) - 1) return false;
    at += entry_length(page, at);
  }
  return at == end;
}

bool limits_page_is_whole(const struct limits_page *page)
{
  uint64_t sum;

  memcpy(&sum, page->bytes, sizeof sum);
  if (number_at(page, USED_AT) > ROOM_BYTES) return false;
  if (!sum && !number_at(page, USED_AT)) return true;
  return sum == sum_of(page) && has_good_entries(page);
}

void limits_page_clear(struct limits_page *page) { memset(page->bytes, 0, sizeof page->bytes); }

void limits_page_seal(struct limits_page *page)
{
  size_t end = end_of(page);
  uint64_t sum = sum_of(page);

  memset(page->bytes + end, 0, sizeof page->bytes - end);
  memcpy(page->bytes, &sum, sizeof sum);
}

/* Where the entry stands; 0: nowhere. */
static size_t place_of(const struct limits_page *page, const char *name, size_t length)
{
  for (size_t at = HEAD_BYTES; at < end_of(page); at += entry_length(page, at))
    if (name_length(page, at) == length && !memcmp(name_at(page, at), name, length)) return at;
  return 0;
}

static void drop(struct limits_page *page, size_t at)
{
  size_t end = end_of(page), length = entry_length(page, at);

  memmove(page->bytes + at, page->bytes + at + length, end - at - length);
  set_number(page, USED_AT, end - length - HEAD_BYTES);
}

bool limits_page_find(const struct limits_page *page, const char *name, size_t length, struct limits_value *value)
{
  size_t at = place_of(page, name, length);

  if (at) *value = (struct limits_value){ value_at(page, at), value_length(page, at) };
  return at > 0;
}

bool limits_page_next(const struct limits_page *page, size_t *at, const char **name, struct limits_value *value)
{
  if (!*at) *at = HEAD_BYTES;
  if (*at >= end_of(page)) return false;
  *name = name_at(page, *at);
  *value = (struct limits_value){ value_at(page, *at), value_length(page, *at) };
  *at += entry_length(page, *at);
  return true;
}

static void drop_old(struct limits_page *page, uint64_t now)
{
  for (size_t at = HEAD_BYTES; at < end_of(page);)
    if (expires_at(page, at) <= now)
      drop(page, at);
    else
      at += entry_length(page, at);
}

static void drop_first_to_end(struct limits_page *page)
{
  size_t first = HEAD_BYTES;

  for (size_t at = HEAD_BYTES; at < end_of(page); at += entry_length(page, at))
    if (expires_at(page, at) < expires_at(page, first)) first = at;
  drop(page, first);
}

static bool has_room(const struct limits_page *page, size_t bytes) { return bytes <= LIMITS_PAGE_BYTES - end_of(page); }

bool limits_page_put(struct limits_page *page, const char *name, size_t length, const struct limits_value *value, uint64_t now)
{
  size_t bytes = LENGTHS_BYTES + length + value->len;

  if (bytes > ROOM_BYTES) return false;
  limits_page_remove(page, name, length);
  if (!has_room(page, bytes)) drop_old(page, now);
  while (!has_room(page, bytes)) drop_first_to_end(page);
  size_t at = end_of(page);
  set_number(page, at, length);
  set_number(page, at + 2, value->len);
  memcpy(page->bytes + at + LENGTHS_BYTES, name, length);
  memcpy(page->bytes + at + LENGTHS_BYTES + length, value->s, value->len);
  set_number(page, USED_AT, at + bytes - HEAD_BYTES);
  return true;
}

bool limits_page_remove(struct limits_page *page, const char *name, size_t length)
{
  size_t at = place_of(page, name, length);

  if (at) drop(page, at);
  return at > 0;
}
