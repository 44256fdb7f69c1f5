#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/log.h"

static bool is_plain(const char *value)
{
  for (; *value; value++)
    if (!ascii_is_printable(*value) || *value == ' ' || *value == '"' || *value == '\\') return false;
  return true;
}

void log_value(text *line, const char *value)
{
  if (*value && is_plain(value)) {
    text_add(line, value);
    return;
  }
  text_add_char(line, '"');
  for (; *value; value++)
    if (*value == '"' || *value == '\\') {
      text_add_char(line, '\\');
      text_add_char(line, *value);
    } else if (ascii_is_printable(*value))
      text_add_char(line, *value);
    else
      text_add_format(line, "\\x%02x", (unsigned char)*value);
  text_add_char(line, '"');
}

void log_event(const char *event, ...)
{
  static text line = TEXT_ZERO;
  va_list pairs;

  text_copy(&line, PROG);
  text_add(&line, ": ");
  text_add(&line, event);
  va_start(pairs, event);
  for (const char *key; (key = va_arg(pairs, const char *));) {
    const char *value = va_arg(pairs, const char *);
    if (!value || !*value) continue;
    text_add_char(&line, ' ');
    text_add(&line, key);
    text_add_char(&line, '=');
    log_value(&line, value);
  }
  va_end(pairs);
  text_add_char(&line, '\n');
  if (write(2, line.s, line.len) == -1) return; /* a log that is full or gone does not stop mail (check 59) */
}
