#include "imap/subscriptions.h"

#include <string.h>

#include "imap/entry.h"

#define HEADER "V\t2\n\n"
#define HEADER_LENGTH 5

static void add_line(struct imap_names *names, const char *line, size_t length, char separator)
{
  text given = TEXT_ZERO, name = TEXT_ZERO;

  for (size_t i = 0; i < length; i++) text_add_char(&given, line[i] == separator ? IMAP_SEPARATOR : line[i]);
  if (!memchr(line, 0, length) && !imap_entry_name(text_string(&given), &name)) imap_names_add(names, &name);
  text_free(&given);
  text_free(&name);
}

void imap_subscriptions_parse(struct imap_names *names, const char *bytes, size_t length)
{
  const char *end = bytes + length;
  char separator = '.';

  if (length >= HEADER_LENGTH && !memcmp(bytes, HEADER, HEADER_LENGTH)) {
    bytes += HEADER_LENGTH;
    separator = '\t';
  }
  while (bytes < end) {
    const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
    if (!newline) newline = end;
    add_line(names, bytes, (size_t)(newline - bytes), separator);
    bytes = newline + 1;
  }
  imap_names_sort(names);
}

void imap_subscriptions_format(const struct imap_names *names, text *bytes)
{
  text_add(bytes, HEADER);
  for (size_t i = 0; i < names->count; i++) {
    for (const char *at = names->list[i]; *at; at++) text_add_char(bytes, *at == IMAP_SEPARATOR ? '\t' : *at);
    text_add_char(bytes, '\n');
  }
}
