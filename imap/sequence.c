#include <stdlib.h>

#include "imap/sequence.h"
#include "lib/die.h"

static void add_range(struct imap_sequence *s, uint32_t first, uint32_t last)
{
  if (s->count == s->room) {
    size_t room = s->room ? s->room * 2 : 8;
    struct imap_range *ranges = reallocarray(s->ranges, room, sizeof *ranges);
    if (!ranges) die_nomem();
    s->ranges = ranges;
    s->room = room;
  }
  s->ranges[s->count++] = (struct imap_range){ first, last };
}

/* seq-number: a number from 1 to 2^32-1, or "*". The place behind it, or 0. */
static const char *parse_number(const char *at, const char *end, uint32_t *number)
{
  uint64_t value;
  size_t digits = 0;

  if (at < end && *at == '*') {
    *number = IMAP_SEQUENCE_STAR;
    return at + 1;
  }
  while (at + digits < end && ascii_is_digit(at[digits])) digits++;
  if (!digits || at[0] == '0' || !number_scan_bytes(at, digits, UINT32_MAX, &value)) return 0;
  *number = (uint32_t)value;
  return at + digits;
}

const char *imap_sequence_parse(struct imap_sequence *s, const char *at, const char *end)
{
  s->count = 0;
  for (;; at++) {
    uint32_t first, last;
    at = parse_number(at, end, &first);
    last = first;
    if (at && at < end && *at == ':') at = parse_number(at + 1, end, &last);
    if (!at) break;
    add_range(s, first, last);
    if (at == end || *at != ',') return at;
  }
  s->count = 0;
  return 0;
}

static int compare(const void *a, const void *b)
{
  const struct imap_range *left = a, *right = b;
  return (left->first > right->first) - (left->first < right->first);
}

static struct imap_range in_order(struct imap_range r, uint32_t highest)
{
  if (r.first == IMAP_SEQUENCE_STAR) r.first = highest;
  if (r.last == IMAP_SEQUENCE_STAR) r.last = highest;
  return r.first <= r.last ? r : (struct imap_range){ r.last, r.first };
}

void imap_sequence_resolve(struct imap_sequence *s, uint32_t highest)
{
  size_t kept = 0;

  if (!s->count) return;
  for (size_t i = 0; i < s->count; i++) s->ranges[i] = in_order(s->ranges[i], highest);
  qsort(s->ranges, s->count, sizeof *s->ranges, compare);
  for (size_t i = 1; i < s->count; i++) {
    struct imap_range *range = &s->ranges[kept], next = s->ranges[i];
    if (range->last == UINT32_MAX || next.first <= range->last + 1) {
      if (next.last > range->last) range->last = next.last;
    } else
      s->ranges[++kept] = next;
  }
  s->count = kept + 1;
}

uint32_t imap_sequence_highest(const struct imap_sequence *s) { return s->count ? s->ranges[s->count - 1].last : 0; }

bool imap_sequence_has(const struct imap_sequence *s, uint32_t number)
{
  size_t low = 0, high = s->count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (number < s->ranges[middle].first) high = middle;
    else if (number > s->ranges[middle].last) low = middle + 1;
    else return true;
  }
  return false;
}

void imap_sequence_add(struct imap_sequence *s, uint32_t number)
{
  struct imap_range *last = s->count ? &s->ranges[s->count - 1] : 0;

  if (last && last->last < UINT32_MAX && number == last->last + 1) last->last = number;
  else add_range(s, number, number);
}

static void add_number(text *out, uint32_t number)
{
  if (number == IMAP_SEQUENCE_STAR) text_add_char(out, '*');
  else text_add_number(out, number);
}

void imap_sequence_format(const struct imap_sequence *s, text *out)
{
  for (size_t i = 0; i < s->count; i++) {
    if (i) text_add_char(out, ',');
    add_number(out, s->ranges[i].first);
    if (s->ranges[i].last == s->ranges[i].first) continue;
    text_add_char(out, ':');
    add_number(out, s->ranges[i].last);
  }
}

void imap_sequence_free(struct imap_sequence *s)
{
  free(s->ranges);
  *s = (struct imap_sequence)IMAP_SEQUENCE_ZERO;
}
