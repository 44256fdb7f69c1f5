#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/networks.h"
#include "ldapsync/rules.h"
#include "lib/conf.h"

static void begin_record(text *record, const char *path, size_t number)
{
  text_clear(record);
  record_add(record, "file", path);
  record_add_number(record, "line", number);
}

static const char *skip_space(const char *at, const char *end)
{
  while (at < end && ascii_is_space(*at)) at++;
  return at;
}

/* "sender ADDRESS|DOMAIN|.DOMAIN [text]". The first rule of a subject stays. 0, or what is wrong. */
static const char *take_block(struct table *policy, const char *path, size_t number, const char *at, const char *end)
{
  text word = TEXT_ZERO, subject = TEXT_ZERO, record = TEXT_ZERO;
  const char *kind = 0, *wrong = "not \"sender ADDRESS|DOMAIN|.DOMAIN [text]\"";

  if (control_word(&at, end, &word) && text_is_nocase(&word, "sender") && control_word(&at, end, &word) &&
      (kind = control_subject(word.s, &subject))) {
    begin_record(&record, path, number);
    record_add(&record, "kind", kind);
    at = skip_space(at, end);
    if (at < end) record_add_bytes(&record, "text", at, (size_t)(end - at));
    table_add(policy, "block", subject.s, &record);
    wrong = 0;
  }
  text_free(&word);
  text_free(&subject);
  text_free(&record);
  return wrong;
}

bool block_parse(struct table *policy, const char *path, const text *bytes, text *error)
{
  size_t at = 0, number = 0, length;
  const char *line, *wrong = 0;

  while (!wrong && conf_next_line(bytes, &at, &number, &line, &length))
    wrong = memchr(line, 0, length) ? "a NUL byte" : take_block(policy, path, number, line, line + length);
  return !wrong || control_wrong(error, path, number, wrong);
}

struct bypass {
  struct table *policy;
  struct networks networks;
  text record;
};

/* What the rule is about, behind "ip", "sender" or "recipient". */
static bool add_bypass(struct bypass *b, const text *what, const text *subject, text *key)
{
  text whole = TEXT_ZERO;

  if (text_is_nocase(what, "ip")) {
    if (!network_key(subject->s, key)) return false;
    networks_add(&b->networks, b->policy, key->s, &b->record);
    return true;
  }
  if (!text_is_nocase(what, "sender") && !text_is_nocase(what, "recipient")) return false;
  const char *kind = control_subject(subject->s, key);
  if (!kind || !strcmp(kind, "suffix")) return false;
  text_add_format(&whole, "%s:%s", text_is_nocase(what, "sender") ? "sender" : "recipient", key->s);
  table_add(b->policy, "bypass", text_string(&whole), &b->record);
  text_free(&whole);
  return true;
}

/* "ip NETWORK", "sender ADDRESS|DOMAIN", "recipient ADDRESS|DOMAIN", each with or without "+av" behind it. */
static bool take_bypass(struct bypass *b, const char *path, size_t number, const char *at, const char *end)
{
  text what = TEXT_ZERO, subject = TEXT_ZERO, av = TEXT_ZERO, key = TEXT_ZERO;
  bool good = control_word(&at, end, &what) && control_word(&at, end, &subject);

  bool has_av = good && control_word(&at, end, &av);
  if (has_av) good = text_is_nocase(&av, "+av");
  if (good && skip_space(at, end) == end) {
    begin_record(&b->record, path, number);
    record_add(&b->record, "av", has_av ? "yes" : "no");
    good = add_bypass(b, &what, &subject, &key);
  } else
    good = false;
  text_free(&what);
  text_free(&subject);
  text_free(&av);
  text_free(&key);
  return good;
}

bool bypass_parse(struct table *policy, const char *path, const text *bytes, text *error)
{
  struct bypass b = { .policy = policy, .networks = { .kind = "bypass", .lengths = TEXT_ZERO }, .record = TEXT_ZERO };
  size_t at = 0, number = 0, length;
  const char *line;
  bool good = true;

  while (good && conf_next_line(bytes, &at, &number, &line, &length))
    good = !memchr(line, 0, length) && take_bypass(&b, path, number, line, line + length);
  networks_finish(&b.networks, policy);
  text_free(&b.record);
  return good || control_wrong(error, path, number, "not \"ip NETWORK\", \"sender ADDRESS|DOMAIN\" or \"recipient ADDRESS|DOMAIN\", with or without \" +av\"");
}

void block_read(struct table *policy) { control_records("control/block", block_parse, policy); }

void bypass_read(struct table *policy) { control_records("control/bypass", bypass_parse, policy); }
