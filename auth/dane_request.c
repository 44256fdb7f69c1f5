#include "auth/dane_request.h"

#include <string.h>

#include "lib/hex.h"

/* A number up to 255 and the space behind it. */
static bool take_number(const char **at, uint8_t *number)
{
  size_t length = strcspn(*at, " ");
  uint64_t value;

  if (!(*at)[length] || !number_scan_bytes(*at, length, 255, &value)) return false;
  *number = (uint8_t)value;
  *at += length + 1;
  return true;
}

static bool take_record(struct dane_request *d, const char *value)
{
  struct tls_tlsa *r = &d->records[d->count];
  size_t length;

  if (!take_number(&value, &r->usage) || !take_number(&value, &r->selector) || !take_number(&value, &r->matching)) return false;
  length = strlen(value);
  if (!length || length % 2) return false;
  r->length = length / 2;
  for (size_t i = 0; i < length; i += 2) {
    int high = hex_digit(value[i]), low = hex_digit(value[i + 1]);
    if (high < 0 || low < 0) return false;
    text_add_char(&d->bytes, (char)(high << 4 | low));
  }
  return true;
}

void auth_dane_parse(struct dane_request *d, const text *request)
{
  size_t at = 0, start;

  d->name_count = d->count = 0;
  text_clear(&d->bytes);
  for (const char *name; d->name_count < DANE_NAMES_MAX && (name = record_next(request, "name", &at));)
    if (*name) d->names[d->name_count++] = name;
  at = 0;
  for (const char *value; d->count < DANE_RECORDS_MAX && (value = record_next(request, "tlsa", &at));) {
    start = d->bytes.len;
    if (take_record(d, value))
      d->count++;
    else
      d->bytes.len = start;
  }
  start = 0; /* the bytes stand where they stay now */
  for (size_t i = 0; i < d->count; start += d->records[i++].length) d->records[i].bytes = (const unsigned char *)d->bytes.s + start;
}
