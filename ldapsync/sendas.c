#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/report.h"
#include "ldapsync/sendas.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"

static const char *const words[] = { "groups", "lists", "public", 0 };

static bool take_word(struct sendas *s, const text *word)
{
  for (const char *const *known = words; *known; known++)
    if (text_is_nocase(word, *known)) {
      if (!record_find(&s->words, *known)) record_add(&s->words, *known, "yes");
      return true;
    }
  return false;
}

static struct sendas_login *find_login(struct sendas *s, const char *login, const char *path)
{
  struct sendas_login *found = map_find(&s->by_login, login);

  if (found) return found;
  if (s->count == s->room) {
    s->room = s->room ? s->room * 2 : 16;
    s->all = realloc(s->all, s->room * sizeof *s->all);
    if (!s->all) die_nomem();
  }
  found = s->all[s->count++] = malloc(sizeof *found);
  if (!found) die_nomem();
  found->login = string_duplicate(login);
  found->record = (text)TEXT_ZERO;
  record_add(&found->record, "file", path);
  map_add(&s->by_login, found->login, found);
  return found;
}

/* Both words of a line. */
static bool take_grant(struct sendas *s, const char *path, text *login, const text *what)
{
  text folded = TEXT_ZERO;
  const char *kind = text_is(what, "*") ? "any" : control_subject(what->s, &folded);
  bool good = kind && strcmp(kind, "suffix");

  text_lower(login);
  if (good) record_add(&find_login(s, text_string(login), path)->record, kind, text_is(what, "*") ? "yes" : folded.s);
  text_free(&folded);
  return good;
}

bool sendas_parse(struct sendas *s, const char *path, const text *bytes, text *error)
{
  text first = TEXT_ZERO, second = TEXT_ZERO, third = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool good = true;

  while (good && conf_next_line(bytes, &at, &number, &line, &length)) {
    const char *end = line + length;
    good = !memchr(line, 0, length) && control_word(&line, end, &first);
    if (good && !control_word(&line, end, &second))
      good = take_word(s, &first);
    else
      good = good && !control_word(&line, end, &third) && take_grant(s, path, &first, &second);
  }
  text_free(&first);
  text_free(&second);
  text_free(&third);
  return good || control_wrong(error, path, number, "not \"LOGIN ADDRESS|DOMAIN|*\", and none of the words groups, lists, public");
}

/* Whose grants these are; nobody's, or he has some already: that is said. */
static void find_account(struct sendas *s, const struct sendas_login *one, const struct build *b)
{
  const struct account *a = build_login(b, one->login);

  if (!a)
    report_warn("control/sendas: nobody logs in as ", one->login, ": what he may is nobody's");
  else if (map_find(&s->by_key, a->key))
    report_warn("control/sendas: ", one->login, " is somebody who is named by another login already; only those grants count");
  else
    map_add(&s->by_key, string_duplicate(a->key), (void *)&one->record);
}

void sendas_match(struct sendas *s, const struct build *b)
{
  for (size_t i = 0; i < s->by_key.room; i++) free((char *)s->by_key.slots[i].key);
  map_free(&s->by_key);
  for (size_t i = 0; i < s->count; i++) find_account(s, s->all[i], b);
}

/* What the directory grants besides. */
static void add_directory(const struct account *a, text *record)
{
  text folded = TEXT_ZERO;
  size_t at = 0;

  for (const char *value; (value = record_next(&a->facts, "send-as", &at));) {
    const char *kind = control_subject(value, &folded);
    if (!kind || strcmp(kind, "address"))
      accounts_report(a, "he cannot send as %s, which is no mail address", value);
    else {
      if (!record_find(record, "file")) record_add(record, "file", a->from.s);
      record_add(record, kind, folded.s);
    }
  }
  text_free(&folded);
}

void sendas_record(const struct sendas *s, const struct account *a, text *record)
{
  const text *granted = map_find(&s->by_key, a->key);

  text_clear(record);
  if (granted) text_add_text(record, granted);
  add_directory(a, record);
}

void sendas_words(const struct sendas *s, text *record)
{
  text_clear(record);
  if (!s->words.len) return;
  text_add_text(record, &s->words);
  record_add(record, "file", "control/sendas");
}

void sendas_read(struct sendas *s)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;

  if (file_read("control/sendas", &bytes) && !sendas_parse(s, "control/sendas", &bytes, &error)) die_permanent(error.s);
  text_free(&bytes);
}
