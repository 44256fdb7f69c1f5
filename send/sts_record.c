#include "send/sts_record.h"

#include <string.h>

#define VERSION "v=STSv1"

enum { NAME_MAX_LENGTH = 32 };

static const char *skip_space(const char *at)
{
  while (ascii_is_space(*at)) at++;
  return at;
}

/* sts-field-delim = *WSP ";" *WSP; 0 if there is none. */
static const char *skip_delimiter(const char *at)
{
  at = skip_space(at);
  return *at == ';' ? skip_space(at + 1) : 0;
}

static bool is_about_sts(const char *record)
{
  return !strncmp(record, VERSION, sizeof VERSION - 1) && skip_delimiter(record + sizeof VERSION - 1);
}

static bool is_alphanumeric(char c) { return ascii_is_alpha(c) || ascii_is_digit(c); }

/* sts-ext-name; 0: it is none. */
static size_t name_length(const char *at)
{
  size_t length = 0;

  if (!is_alphanumeric(*at)) return 0;
  while (is_alphanumeric(at[length]) || (at[length] && strchr("_-.", at[length]))) length++;
  return length <= NAME_MAX_LENGTH ? length : 0;
}

static bool is_value_char(char c) { return ascii_is_printable(c) && c != ' ' && c != ';' && c != '='; }

static bool take_id(char *id, const char *value, size_t length)
{
  if (!length || length > STS_ID_MAX) return false;
  for (size_t i = 0; i < length; i++)
    if (!is_alphanumeric(value[i])) return false;
  memcpy(id, value, length);
  id[length] = 0;
  return true;
}

/* One field, name=value; where it ends. 0 with the error. */
static const char *take_field(const char *at, char *id, const char **error)
{
  size_t name = name_length(at), value = 0;
  const char *start = at + name + 1;

  *error = "a field is not name=value";
  if (!name || at[name] != '=') return 0;
  while (is_value_char(start[value])) value++;
  if (!value) return 0;
  *error = "the id is not 1 to 32 letters and digits";
  if (name == 2 && !memcmp(at, "id", 2) && !*id && !take_id(id, start, value)) return 0;
  return start + value; /* unknown fields, and a second id, are nothing */
}

static bool parse(const char *record, char *id, const char **error)
{
  const char *at = record + sizeof VERSION - 1, *next;

  while ((next = skip_delimiter(at)) && *next)
    if (!(at = take_field(next, id, error))) return false;
  *error = "something stands behind a field";
  if (!next && *skip_space(at)) return false;
  *error = "there is no id";
  return *id;
}

enum sts_record_result send_sts_record_find(const text *records, char *id, const char **error)
{
  const char *found = 0;

  *id = 0;
  *error = "";
  for (size_t at = 0; at < records->len; at += strlen(records->s + at) + 1) {
    if (!is_about_sts(records->s + at)) continue;
    *error = "there are several records";
    if (found) return STS_RECORD_INVALID;
    found = records->s + at;
  }
  if (!found) return STS_RECORD_ABSENT;
  if (!parse(found, id, error)) {
    *id = 0;
    return STS_RECORD_INVALID;
  }
  *error = "";
  return STS_RECORD_FOUND;
}
