#include "imap/keywords.h"

#include <string.h>

#define KEYWORD_MAX 255

bool imap_keyword_check(const char *name, size_t length)
{
  if (!length || length > KEYWORD_MAX) return false;
  for (size_t i = 0; i < length; i++)
    if (name[i] == ' ' || !ascii_is_printable(name[i]) || strchr("(){%*\"\\]", name[i])) return false;
  return true;
}

static void set(text *slot, const char *name, size_t length)
{
  text_copy_bytes(slot, name, length);
  text_string(slot);
}

/* One line: "NUMBER NAME". */
static void parse_line(struct imap_keywords *k, const char *line, size_t length)
{
  const char *space = memchr(line, ' ', length);
  uint64_t number;

  if (!space || !number_scan_bytes(line, (size_t)(space - line), IMAP_KEYWORDS_MAX - 1, &number)) return;
  const char *name = space + 1;
  size_t name_length = length - (size_t)(name - line);
  if (imap_keyword_check(name, name_length) && !imap_keywords_find(k, name, name_length))
    set(&k->names[number], name, name_length);
}

void imap_keywords_parse(struct imap_keywords *k, const char *bytes, size_t length)
{
  const char *end = bytes + length;

  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++) text_clear(&k->names[i]);
  while (bytes < end) {
    const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
    if (!newline) newline = end;
    parse_line(k, bytes, (size_t)(newline - bytes));
    bytes = newline + 1;
  }
}

void imap_keywords_format(const struct imap_keywords *k, text *bytes)
{
  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++)
    if (k->names[i].len) {
      text_add_number(bytes, i);
      text_add_char(bytes, ' ');
      text_add_text(bytes, &k->names[i]);
      text_add_char(bytes, '\n');
    }
}

imap_marks imap_keywords_find(const struct imap_keywords *k, const char *name, size_t length)
{
  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++)
    if (k->names[i].len == length && length && bytes_are_nocase(k->names[i].s, name, length)) return IMAP_KEYWORD(i);
  return 0;
}

imap_marks imap_keywords_add(struct imap_keywords *k, const char *name, size_t length)
{
  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++)
    if (!k->names[i].len) {
      set(&k->names[i], name, length);
      return IMAP_KEYWORD(i);
    }
  return 0;
}

void imap_keywords_free(struct imap_keywords *k)
{
  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++) text_free(&k->names[i]);
}
