#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>

#include "lib/conf.h"
#include "lib/conf_known.h"
#include "lib/die.h"

static text *noted;

void conf_note_faults(text *faults) { noted = faults; }

void conf_fault(const char *sentence)
{
  if (!noted) die_permanent(sentence);
  if (!noted->len) text_copy(noted, sentence);
  text_string(noted);
}

static void fault(const char *name, const char *what, const char *value)
{
  text sentence = TEXT_ZERO;

  text_add_format(&sentence, "control/%s%s%s", name, what, value);
  conf_fault(text_string(&sentence));
  text_free(&sentence);
}

bool conf_next_line(const text *bytes, size_t *at, size_t *number, const char **line, size_t *length)
{
  while (*at < bytes->len) {
    const char *start = bytes->s + *at;
    const char *newline = memchr(start, '\n', bytes->len - *at);
    size_t size = newline ? (size_t)(newline - start) : bytes->len - *at;

    *at += size + 1;
    ++*number;
    while (size && (ascii_is_space(*start) || *start == '\r')) start++, size--;
    while (size && (ascii_is_space(start[size - 1]) || start[size - 1] == '\r')) size--;
    if (!size || *start == '#') continue;
    *line = start;
    *length = size;
    return true;
  }
  return false;
}

static bool read_file(const char *path, text *bytes)
{
  text_clear(bytes);
  return openslurpclose(bytes, path);
}

static const char *control_path(text *path, const char *name)
{
  text_copy(path, "control/");
  text_add(path, name);
  return text_string(path);
}

static bool read_control(const char *name, text *bytes)
{
  enum conf_known known = conf_known(name, bytes);
  text path = TEXT_ZERO;

  if (known != CONF_UNKNOWN) return known == CONF_KNOWN;
  bool there = read_file(control_path(&path, name), bytes);
  if (!there && errno != ENOENT) die_unable("read ", path.s);
  text_free(&path);
  return there;
}

bool conf_value(const char *name, text *value, const char *otherwise)
{
  text bytes = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool found = read_control(name, &bytes) && conf_next_line(&bytes, &at, &number, &line, &length);

  if (found && memchr(line, 0, length)) {
    fault(name, ": a NUL byte in the value", "");
    found = false;
  }
  if (found)
    text_copy_bytes(value, line, length);
  else
    text_copy(value, otherwise);
  text_string(value);
  text_free(&bytes);
  return found;
}

typedef bool scan_function(const char *bytes, size_t length, uint64_t max, uint64_t *value);

static uint64_t read_number(const char *name, uint64_t otherwise, uint64_t max, scan_function *scan, const char *what)
{
  text bytes = TEXT_ZERO, where = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  uint64_t value = otherwise;

  if (read_control(name, &bytes) && conf_next_line(&bytes, &at, &number, &line, &length) && !scan(line, length, max, &value)) {
    text_add_format(&where, "control/%s line %zu: not %s from 0 to %llu: %.*s", name, number, what,
                    (unsigned long long)max, (int)(length > 100 ? 100 : length), line);
    conf_fault(text_string(&where));
    value = otherwise;
  }
  text_free(&where);
  text_free(&bytes);
  return value;
}

uint64_t conf_number(const char *name, uint64_t otherwise, uint64_t max)
{
  return read_number(name, otherwise, max, number_scan_bytes, "a number");
}

bool conf_seconds_parse(const char *bytes, size_t length, uint64_t max, uint64_t *seconds)
{
  static const struct {
    char letter;
    uint64_t seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
  uint64_t each = 1, number;

  for (size_t i = 0; length && i < sizeof units / sizeof *units; i++)
    if (bytes[length - 1] == units[i].letter) {
      each = units[i].seconds;
      length--;
      break;
    }
  if (!number_scan_bytes(bytes, length, max / each, &number)) return false;
  *seconds = number * each;
  return true;
}

uint64_t conf_seconds(const char *name, uint64_t otherwise, uint64_t max)
{
  return read_number(name, otherwise, max, conf_seconds_parse, "a time (seconds, or a number with m, h or d behind it)");
}

bool conf_is_yes(const char *name, bool otherwise)
{
  text value = TEXT_ZERO;

  conf_value(name, &value, otherwise ? "yes" : "no");
  bool is_yes = text_is(&value, "yes");
  if (!is_yes && !text_is(&value, "no")) {
    fault(name, " is yes or no, not ", value.s);
    is_yes = otherwise;
  }
  text_free(&value);
  return is_yes;
}

bool conf_size_parse(const char *bytes, size_t length, uint64_t *size)
{
  static const char units[] = "KMG";
  unsigned int shift = 0;

  for (unsigned int i = 0; length > 1 && units[i]; i++)
    if ((bytes[length - 1] & ~0x20) == units[i]) shift = 10 * (i + 1);
  if (!number_scan_bytes(bytes, length - (shift != 0), (uint64_t)INT64_MAX >> shift, size)) return false;
  *size <<= shift;
  return true;
}

uint64_t conf_size(const char *name, uint64_t otherwise)
{
  text value = TEXT_ZERO;
  uint64_t size = otherwise;

  if (conf_value(name, &value, "") && !conf_size_parse(value.s, value.len, &size)) {
    fault(name, ": not a size such as 500M: ", value.s);
    size = otherwise;
  }
  text_free(&value);
  return size;
}

bool conf_lines(const char *name, text *lines)
{
  text bytes = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool there = read_control(name, &bytes);

  text_clear(lines);
  while (there && conf_next_line(&bytes, &at, &number, &line, &length)) {
    if (memchr(line, 0, length)) {
      fault(name, ": a NUL byte in an entry", "");
      continue;
    }
    text_add_bytes(lines, line, length);
    text_add_char(lines, 0);
  }
  text_free(&bytes);
  return there;
}

static bool is_known(const char *const *known, const char *key)
{
  for (; *known; known++)
    if (!strcmp(*known, key)) return true;
  return false;
}

/* "Key: value"; the sentence in error says what is wrong with it. */
static bool add_field(const char *line, size_t length, const char *const *known, text *record, text *error)
{
  const char *colon = memchr(line, ':', length);
  text key = TEXT_ZERO;
  bool good = false;

  if (!colon || memchr(line, 0, length)) {
    text_add(error, "not a \"key: value\" line");
    return false;
  }
  size_t key_length = (size_t)(colon - line);
  while (key_length && ascii_is_space(line[key_length - 1])) key_length--;
  text_copy_bytes(&key, line, key_length);
  text_lower(&key);
  const char *value = colon + 1, *end = line + length;
  while (value < end && ascii_is_space(*value)) value++;
  if (is_known(known, text_string(&key))) {
    record_add_bytes(record, key.s, value, (size_t)(end - value));
    good = true;
  } else
    text_add_format(error, "unknown key \"%s\"", key.s);
  text_free(&key);
  return good;
}

bool conf_fields_parse(const char *name, const char *bytes, size_t length, const char *const *known, text *record,
                       text *error)
{
  text all = { .s = (char *)bytes, .len = length };
  size_t at = 0, number = 0, line_length;
  const char *line;
  text wrong = TEXT_ZERO;
  bool good = true;

  text_clear(record);
  text_clear(error);
  while (good && conf_next_line(&all, &at, &number, &line, &line_length))
    good = add_field(line, line_length, known, record, &wrong);
  if (!good) text_add_format(error, "%s line %zu: %s", name, number, text_string(&wrong));
  text_string(error);
  text_free(&wrong);
  return good;
}

bool conf_fields(const char *path, const char *const *known, text *record, text *error)
{
  text bytes = TEXT_ZERO;
  bool good;

  text_clear(record);
  text_clear(error);
  text_string(error);
  if (!read_file(path, &bytes)) return false;
  good = conf_fields_parse(path, bytes.s, bytes.len, known, record, error);
  text_free(&bytes);
  return good;
}

bool conf_address(const char *name, const char *host, text *address, const char *otherwise)
{
  text me = TEXT_ZERO, domain = TEXT_ZERO;
  bool is_said = conf_value(name, address, otherwise);

  if (address->len && !strchr(text_string(address), '@')) {
    conf_me(&me);
    conf_value(host, &domain, text_string(&me));
    text_add_char(address, '@');
    text_add_text(address, &domain);
  }
  text_string(address);
  text_free(&me);
  text_free(&domain);
  return is_said;
}

void conf_me(text *me)
{
  if (!conf_value("me", me, ""))
    die_permanent("control/me is missing: write this host's full name into it, as in its MX record");
}
