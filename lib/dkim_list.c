#include "lib/dkim_list.h"

#include <string.h>

#include "lib/address.h"

/* The next word of a line, in lower case; false at its end. */
static bool next_word(const char **line, text *word)
{
  while (ascii_is_space(**line)) (*line)++;
  text_clear(word);
  for (; **line && !ascii_is_space(**line); (*line)++) text_add_char(word, ascii_lower(**line));
  text_string(word);
  return word->len > 0;
}

static bool read_selectors(const char *line, text *selectors, text *error)
{
  text word = TEXT_ZERO;
  unsigned int count = 0;
  bool is_off = false;

  text_clear(selectors);
  for (; !error->len && next_word(&line, &word); count++) {
    if (text_is(&word, "off"))
      is_off = true;
    else if (!domain_check(word.s, word.len))
      text_add_format(error, "control/dkim: not a selector: %s", word.s);
    else
      text_add_bytes(selectors, word.s, word.len + 1);
  }
  if (!error->len && (!count || count > DKIM_SELECTORS_MAX || (is_off && count > 1)))
    text_add_format(error, "control/dkim: behind a domain come 1 to %u selectors, or off", (unsigned int)DKIM_SELECTORS_MAX);
  text_string(error);
  text_free(&word);
  return !error->len;
}

enum dkim_list dkim_list_find(const text *lines, const char *domain, text *selectors, text *error)
{
  text word = TEXT_ZERO, folded = TEXT_ZERO, one = TEXT_ZERO;
  bool has_own = false;

  text_clear(selectors);
  text_clear(error);
  for (size_t at = 0; at < lines->len && !error->len; at += strlen(lines->s + at) + 1) {
    const char *line = lines->s + at;
    next_word(&line, &word);
    bool is_all = text_is(&word, "*");
    if (!is_all && !domain_fold(word.s, word.len, &folded))
      text_add_format(error, "control/dkim: not a domain: %s", word.s);
    else if (read_selectors(line, &one, error) && (is_all ? !has_own : text_is(&folded, domain))) {
      text_copy_bytes(selectors, one.s, one.len);
      has_own = !is_all;
    }
  }
  text_string(error);
  bool is_bad = error->len > 0, is_on = selectors->len > 0;
  text_free(&word), text_free(&folded), text_free(&one);
  return is_bad ? DKIM_LIST_BAD : is_on ? DKIM_LIST_ON : DKIM_LIST_OFF;
}
