#include <string.h>

#include "lib/record.h"

static bool is_key_char(char c) { return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-'; }

void record_add_bytes(text *record, const char *key, const char *value, size_t length)
{
  const char *nul = length ? memchr(value, 0, length) : 0;

  text_add(record, key);
  text_add_char(record, '=');
  text_add_bytes(record, value, nul ? (size_t)(nul - value) : length);
  text_add_char(record, 0);
}

void record_add(text *record, const char *key, const char *value)
{
  record_add_bytes(record, key, value, strlen(value));
}

void record_add_number(text *record, const char *key, uint64_t number)
{
  text_add(record, key);
  text_add_char(record, '=');
  text_add_number(record, number);
  text_add_char(record, 0);
}

bool record_check(const text *record)
{
  size_t at = 0;

  if (record->len && record->s[record->len - 1]) return false;
  while (at < record->len) {
    size_t start = at;
    while (is_key_char(record->s[at])) at++; /* the last byte is a NUL, which is none */
    if (at == start || record->s[at] != '=') return false;
    at += strlen(record->s + at) + 1;
  }
  return true;
}

const char *record_walk(const text *record, size_t *at, size_t *key_length)
{
  if (*at >= record->len) return 0;
  const char *string = record->s + *at;
  const char *equals = strchr(string, '=');

  *at += strlen(string) + 1;
  *key_length = equals ? (size_t)(equals - string) : strlen(string);
  return string;
}

const char *record_next(const text *record, const char *key, size_t *at)
{
  size_t length = strlen(key);

  while (*at < record->len) {
    const char *string = record->s + *at;
    *at += strlen(string) + 1;
    if (*string != *key || strncmp(string, key, length)) continue;
    if (string[length] == '=') return string + length + 1;
    if (!string[length]) return string + length;
  }
  return 0;
}

const char *record_find(const text *record, const char *key)
{
  size_t at = 0;
  return record_next(record, key, &at);
}

const char *record_get(const text *record, const char *key)
{
  const char *value = record_find(record, key);
  return value ? value : "";
}

bool record_is(const text *record, const char *key, const char *value)
{
  const char *found = record_find(record, key);
  return found && !strcmp(found, value);
}

bool record_has(const text *record, const char *key, const char *value)
{
  size_t at = 0;

  for (const char *one; (one = record_next(record, key, &at));)
    if (!strcmp(one, value)) return true;
  return false;
}

bool record_number(const text *record, const char *key, uint64_t max, uint64_t *number)
{
  const char *value = record_find(record, key);
  return value && number_scan(value, max, number);
}
