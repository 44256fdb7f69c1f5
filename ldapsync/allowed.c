#include <string.h>

#include "ldapsync/allowed.h"
#include "ldapsync/control.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"

enum { LIMIT_MAX = 1000000000 };

static const char *const limit_key[] = { "limit", 0 };

/* "limit: N". */
static bool is_limit(const char *line, size_t length) { return length > 6 && bytes_are_nocase(line, "limit", 5) && memchr(line, ':', length); }

static bool take_limit(const char *path, const char *line, size_t length, uint64_t *limit)
{
  text fields = TEXT_ZERO, error = TEXT_ZERO;
  bool good = conf_fields_parse(path, line, length, limit_key, &fields, &error) && record_number(&fields, "limit", LIMIT_MAX, limit);

  text_free(&fields);
  text_free(&error);
  return good;
}

static bool add_sender(text *senders, struct names *seen, const char *line, size_t length)
{
  text value = TEXT_ZERO, folded = TEXT_ZERO;

  text_add_bytes(&value, line, length);
  const char *kind = strlen(text_string(&value)) == length ? control_subject(value.s, &folded) : 0;
  bool good = kind && strcmp(kind, "suffix");
  if (good && names_add(seen, folded.s)) record_add(senders, kind, folded.s);
  text_free(&value);
  text_free(&folded);
  return good;
}

/* The first so many of the senders: what is beyond the limit was not granted (L-15). */
static size_t add_limited(text *record, const text *senders, uint64_t limit)
{
  size_t at = 0, length, left_out = 0;

  for (const char *one; (one = record_walk(senders, &at, &length));)
    if (limit) {
      text_add_bytes(record, one, strlen(one) + 1);
      limit--;
    } else
      left_out++;
  return left_out;
}

bool allowed_parse(text *record, const char *path, const text *bytes, size_t *left_out, text *error)
{
  text senders = TEXT_ZERO;
  struct names seen = NAMES_ZERO;
  size_t at = 0, number = 0, length;
  const char *line, *wrong = 0;
  uint64_t limit = UINT64_MAX;

  while (!wrong && conf_next_line(bytes, &at, &number, &line, &length))
    if (is_limit(line, length)) {
      if (!take_limit(path, line, length, &limit)) wrong = "limit is a number";
    } else if (!add_sender(&senders, &seen, line, length))
      wrong = "not an address or a domain";
  text_clear(record);
  record_add(record, "file", path);
  if (limit != UINT64_MAX) record_add_number(record, "limit", limit);
  *left_out = add_limited(record, &senders, limit);
  text_free(&senders);
  names_free(&seen);
  return !wrong || control_wrong(error, path, number, wrong);
}

static void read_allowed(void *to, const char *path, const char *file)
{
  text bytes = TEXT_ZERO, login = TEXT_ZERO, record = TEXT_ZERO, error = TEXT_ZERO;
  size_t left_out = 0;

  if (!control_name(file, &login)) die_permanent(path, ": its name has a % that is no %XX");
  text_lower(&login);
  if (strchr(login.s, '@')) control_address(login.s, &login);
  if (file_read(path, &bytes)) {
    if (!allowed_parse(&record, path, &bytes, &left_out, &error)) die_permanent(error.s);
    if (left_out) {
      text_add_format(&error, "%zu senders are beyond the limit of %s: only the first ones are allowed", left_out, record_get(&record, "limit"));
      strerr_warnw(path, ": ", text_string(&error));
    }
    if (!table_add(to, "allowed", login.s, &record)) die_permanent(path, ": another file is for the same login");
  }
  text_free(&bytes);
  text_free(&login);
  text_free(&record);
  text_free(&error);
}

void allowed_read(struct table *policy) { control_folder("allowedsenders", read_allowed, policy); }
