#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/tlspolicy.h"
#include "lib/conf.h"
#include "lib/fingerprint.h"

static const char *const words[] = { "auto", "may", "encrypt", "verify", "dane", "sts", "off", "fingerprint", 0 };

/* DOMAIN, .DOMAIN or *, as a key. */
static bool parse_subject(const text *word, text *key)
{
  const char *kind = text_is(word, "*") ? "any" : control_subject(word->s, key);

  if (!kind || !strcmp(kind, "address")) return false;
  if (!strcmp(kind, "any")) text_copy(key, "*");
  text_string(key);
  return true;
}

static bool is_word(const text *word)
{
  for (const char *const *known = words; *known; known++)
    if (text_is(word, *known)) return true;
  return false;
}

/* What is left of the line, behind "fingerprint" alone. */
static bool add_fingerprints(const char **line, const char *end, bool is_pinned, text *record, text *error)
{
  text word = TEXT_ZERO, hex = TEXT_ZERO;
  size_t count = 0;

  while (!error->len && control_word(line, end, &word))
    if (!is_pinned)
      text_add_format(error, "only fingerprint has something behind it, not: %s", word.s);
    else if (!fingerprint_parse(word.s, &hex))
      text_add_format(error, "fingerprint needs SHA-256 in hex, not: %s", word.s);
    else {
      record_add(record, "fingerprint", hex.s);
      count++;
    }
  if (!error->len && is_pinned && !count) text_add(error, "fingerprint needs the SHA-256 of a certificate, or of several");
  text_free(&word);
  text_free(&hex);
  return !error->len;
}

static bool take_line(struct table *policy, const char *path, size_t number, const char *line, const char *end, text *why)
{
  text subject = TEXT_ZERO, word = TEXT_ZERO, key = TEXT_ZERO, record = TEXT_ZERO, other = TEXT_ZERO;

  if (memchr(line, 0, (size_t)(end - line)) || !control_word(&line, end, &subject) || !control_word(&line, end, &word))
    text_add(why, "not \"DOMAIN|.DOMAIN|* POLICY\"");
  else if (!parse_subject(&subject, &key))
    text_add_format(why, "the subject is DOMAIN, .DOMAIN or *, not %s", subject.s);
  else if (!is_word(&word))
    text_add_format(why, "the policy is auto, may, encrypt, verify, dane, sts, off or fingerprint, not %s", word.s);
  else {
    record_add(&record, "policy", word.s);
    record_add(&record, "file", path);
    record_add_number(&record, "line", number);
    if (add_fingerprints(&line, end, text_is(&word, "fingerprint"), &record, why) && !table_add(policy, "tlspolicy", key.s, &record)) {
      table_find(policy, "tlspolicy", key.s, &other);
      text_add_format(why, "%s is in line %s already", key.s, record_get(&other, "line"));
    }
  }
  text_free(&subject);
  text_free(&word);
  text_free(&key);
  text_free(&record);
  return !why->len;
}

bool tlspolicy_parse(struct table *policy, const char *path, const text *bytes, text *error)
{
  text why = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool good = true;

  while (good && conf_next_line(bytes, &at, &number, &line, &length)) good = take_line(policy, path, number, line, line + length, &why);
  if (!good) control_wrong(error, path, number, text_string(&why));
  text_free(&why);
  return good;
}

void tlspolicy_read(struct table *policy) { control_records("control/tlspolicy", tlspolicy_parse, policy); }
