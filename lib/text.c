#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <skalibs/types.h>

#include "lib/die.h"
#include "lib/text.h"

char *string_duplicate(const char *string)
{
  char *copy = strdup(string);

  if (!copy) die_nomem();
  return copy;
}

bool string_is_ascii(const char *string)
{
  while (*string && (unsigned char)*string < 0x80) string++;
  return !*string;
}

void text_ready(text *t, size_t more)
{
  if (t->s && t->len <= t->a && more <= t->a - t->len) return;
  if (!stralloc_readyplus(t, more)) die_nomem();
}

void text_clear(text *t) { t->len = 0; }

void text_free(text *t) { stralloc_free(t); }

void text_wipe(text *t)
{
  if (t->s) explicit_bzero(t->s, t->a);
  text_free(t);
}

void text_add_bytes(text *t, const char *bytes, size_t length)
{
  text_ready(t, length + 1);
  if (length) memcpy(t->s + t->len, bytes, length);
  t->len += length;
}

void text_add(text *t, const char *string) { text_add_bytes(t, string, strlen(string)); }

void text_add_text(text *t, const text *other) { text_add_bytes(t, other->s, other->len); }

void text_add_char(text *t, char c) { text_add_bytes(t, &c, 1); }

void text_add_number(text *t, uint64_t number)
{
  char digits[UINT64_FMT];
  text_add_bytes(t, digits, uint64_fmt(digits, number));
}

void text_add_padded(text *t, uint64_t number, unsigned int width)
{
  char digits[UINT64_FMT];
  size_t length = uint64_fmt(digits, number);

  for (size_t zeros = length; zeros < width; zeros++) text_add_char(t, '0');
  text_add_bytes(t, digits, length);
}

void text_add_format(text *t, const char *format, ...)
{
  va_list arguments;
  int length;

  va_start(arguments, format);
  length = vsnprintf(0, 0, format, arguments);
  va_end(arguments);
  if (length < 0) die_unable("format ", format);
  text_ready(t, (size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(t->s + t->len, (size_t)length + 1, format, arguments);
  va_end(arguments);
  t->len += (size_t)length;
}

void text_copy_bytes(text *t, const char *bytes, size_t length)
{
  text_clear(t);
  text_add_bytes(t, bytes, length);
}

void text_copy(text *t, const char *string) { text_copy_bytes(t, string, strlen(string)); }

const char *text_string(text *t)
{
  text_ready(t, 1);
  t->s[t->len] = 0;
  return t->s;
}

bool text_equal(const text *a, const text *b) { return a->len == b->len && (!a->len || !memcmp(a->s, b->s, a->len)); }

bool text_is(const text *t, const char *string)
{
  return t->len == strlen(string) && (!t->len || !memcmp(t->s, string, t->len));
}

bool text_is_nocase(const text *t, const char *string)
{
  return t->len == strlen(string) && bytes_are_nocase(t->s, string, t->len);
}

void text_lower(text *t)
{
  for (size_t i = 0; i < t->len; i++) t->s[i] = ascii_lower(t->s[i]);
}

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool ascii_is_space(char c) { return c == ' ' || c == '\t'; }

bool ascii_is_digit(char c) { return c >= '0' && c <= '9'; }

bool ascii_is_alpha(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

bool ascii_is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

bool bytes_are_nocase(const char *a, const char *b, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

bool string_is_nocase(const char *a, const char *b)
{
  size_t length = strlen(a);
  return length == strlen(b) && bytes_are_nocase(a, b, length);
}

bool number_scan_bytes(const char *bytes, size_t length, uint64_t max, uint64_t *number)
{
  uint64_t sum = 0;

  if (!length) return false;
  for (size_t i = 0; i < length; i++) {
    if (!ascii_is_digit(bytes[i])) return false;
    uint64_t digit = (uint64_t)(bytes[i] - '0');
    if (digit > max || sum > (max - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  *number = sum;
  return true;
}

bool number_scan(const char *string, uint64_t max, uint64_t *number)
{
  return number_scan_bytes(string, strlen(string), max, number);
}
