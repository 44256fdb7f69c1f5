#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/log.h"

enum {
  VALUE_MAX = 1000, /* bytes of a value that are shown */
  LINE_MAX_BYTES = 4096 /* what a pipe takes in one piece: a longer line could be mixed with those of other processes */
};

static bool is_plain(const char *value)
{
  if (strlen(value) > VALUE_MAX) return false;
  for (; *value; value++)
    if (!ascii_is_printable(*value) || *value == ' ' || *value == '"' || *value == '\\') return false;
  return true;
}

/* As it is, or between quotes with what is not plain escaped. */
static void add_value(text *line, const char *value)
{
  const char *end = value + strnlen(value, VALUE_MAX);

  if (*value && is_plain(value)) {
    text_add(line, value);
    return;
  }
  text_add_char(line, '"');
  for (; value < end; value++)
    if (*value == '"' || *value == '\\') {
      text_add_char(line, '\\');
      text_add_char(line, *value);
    } else if (ascii_is_printable(*value))
      text_add_char(line, *value);
    else
      text_add_format(line, "\\x%02x", (unsigned char)*value);
  text_add(line, *end ? "...\"" : "\"");
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
    add_value(&line, value);
  }
  va_end(pairs);
  if (line.len >= LINE_MAX_BYTES) {
    line.len = LINE_MAX_BYTES - 4;
    text_add(&line, "...");
  }
  text_add_char(&line, '\n');
  if (write(2, line.s, line.len) == -1) return; /* a log that is full or gone does not stop mail (check 59) */
}
