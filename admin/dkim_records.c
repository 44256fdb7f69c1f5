#include "admin/dkim_records.h"

#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/dkim_list.h"

/* The first line of state/dkim/SELECTOR.DOMAIN.txt, or of SELECTOR.txt. As dkim-sign, whoever has a key of his own has no other. */
static void read_record(const char *selector, const char *domain, text *record)
{
  text path = TEXT_ZERO;

  text_add_format(&path, "state/dkim/%s.%s.txt", selector, domain);
  text_clear(record);
  bool is_there = openslurpclose(record, text_string(&path));
  if (!is_there && errno == ENOENT) {
    text_clear(&path);
    text_add_format(&path, "state/dkim/%s.txt", selector);
    is_there = openslurpclose(record, text_string(&path));
  }
  if (!is_there && errno != ENOENT) die_unable("read ", path.s);
  const char *end = record->len ? memchr(record->s, '\n', record->len) : 0;
  if (end) record->len = (size_t)(end - record->s);
  text_string(record);
  text_free(&path);
}

void dkim_records_read(const char *domain, text *records)
{
  text lines = TEXT_ZERO, selectors = TEXT_ZERO, error = TEXT_ZERO, name = TEXT_ZERO, record = TEXT_ZERO;

  text_clear(records);
  if (conf_lines("dkim", &lines) && dkim_list_find(&lines, domain, &selectors, &error) == DKIM_LIST_BAD) die_permanent(error.s);
  for (size_t at = 0; at < selectors.len; at += strlen(selectors.s + at) + 1) {
    text_clear(&name);
    text_add_format(&name, "%s._domainkey.%s", selectors.s + at, domain);
    read_record(selectors.s + at, domain, &record);
    record_add(records, "name", text_string(&name));
    record_add(records, "text", record.s);
  }
  text_free(&lines), text_free(&selectors), text_free(&error), text_free(&name), text_free(&record);
}

/* The value of p=, without white space; empty if there is none. */
static void find_key(const char *record, text *key)
{
  text_clear(key);
  while (record) {
    while (ascii_is_space(*record) || *record == ';') record++;
    const char *next = strchr(record, ';');
    if (*record == 'p') {
      const char *at = record + 1;
      while (ascii_is_space(*at)) at++;
      if (*at == '=') {
        for (at++; *at && *at != ';'; at++)
          if (!ascii_is_space(*at)) text_add_char(key, *at);
        break;
      }
    }
    record = next;
  }
  text_string(key);
}

bool dkim_records_agree(const char *a, const char *b)
{
  text one = TEXT_ZERO, two = TEXT_ZERO;

  find_key(a, &one);
  find_key(b, &two);
  bool agree = one.len && text_is(&one, two.s);
  text_free(&one);
  text_free(&two);
  return agree;
}
