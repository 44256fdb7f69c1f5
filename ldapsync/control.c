#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#include "ldapsync/control.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hex.h"

void control_folder(const char *folder, control_take *take, void *to)
{
  text names = TEXT_ZERO, path = TEXT_ZERO, base = TEXT_ZERO;

  text_copy(&base, "control/");
  text_add(&base, folder);
  if (!folder_names(text_string(&base), 0, &names) && errno != ENOENT) die_unable("read the folder ", base.s);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    text_clear(&path);
    text_add_format(&path, "%s/%s", base.s, names.s + at);
    take(to, text_string(&path), names.s + at);
  }
  text_free(&names);
  text_free(&path);
  text_free(&base);
}

void control_fields(const char *path, const char *const *known, text *fields)
{
  text error = TEXT_ZERO;

  if (!conf_fields(path, known, fields, &error)) {
    if (error.len) die_permanent(error.s);
    die_unable("read ", path);
  }
  text_free(&error);
}

void control_records(const char *path, control_parse *parse, struct table *policy)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;

  if (file_read(path, &bytes) && !parse(policy, path, &bytes, &error)) die_permanent(error.s);
  text_free(&bytes);
  text_free(&error);
}

bool control_wrong(text *error, const char *name, size_t line, const char *what)
{
  text sentence = TEXT_ZERO; /* what may lie in error */

  text_add_format(&sentence, "%s line %zu: %s", name, line, what);
  text_copy_bytes(error, sentence.s, sentence.len);
  text_string(error);
  text_free(&sentence);
  return false;
}

static bool is_field(const char *line, size_t length, const char *key, const char *value)
{
  size_t key_length = strlen(key), value_length = strlen(value);

  return length >= key_length + value_length && bytes_are_nocase(line, key, key_length) &&
         !memcmp(line + length - value_length, value, value_length);
}

void control_refuse(const char *path, const char *key, const char *value, const char *what)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;

  file_read(path, &bytes);
  while (conf_next_line(&bytes, &at, &number, &line, &length))
    if (is_field(line, length, key, value)) {
      control_wrong(&error, path, number, what);
      die_permanent(error.s);
    }
  die_permanent(path, ": ", what);
}

bool control_name(const char *file, text *name)
{
  text_clear(name);
  for (; *file; file++) {
    if (*file != '%') {
      text_add_char(name, *file);
      continue;
    }
    int high = hex_digit(file[1]), low = high < 0 ? -1 : hex_digit(file[2]);
    if (low < 0 || !(high | low)) return false;
    text_add_char(name, (char)(high * 16 + low));
    file += 2;
  }
  text_string(name);
  return true;
}

bool control_address(const char *value, text *folded)
{
  struct address a = ADDRESS_ZERO;
  bool good = address_parse(&a, value, strlen(value)) == ADDRESS_FULL;

  if (good) text_copy(folded, a.folded.s);
  text_string(folded);
  address_free(&a);
  return good;
}

bool control_domain(const char *value, text *folded) { return domain_fold(value, strlen(value), folded); }

bool control_local(const char *value, text *folded)
{
  text whole = TEXT_ZERO;

  text_add(&whole, value);
  text_add(&whole, "@x.test");
  bool good = control_address(text_string(&whole), folded);
  if (good) folded->len -= strlen("@x.test");
  text_string(folded);
  text_free(&whole);
  return good;
}

const char *control_subject(const char *value, text *folded)
{
  if (strchr(value, '@')) return control_address(value, folded) ? "address" : 0;
  if (*value != '.') return control_domain(value, folded) ? "domain" : 0;
  text suffix = TEXT_ZERO;
  bool good = control_domain(value + 1, &suffix);
  text_copy(folded, ".");
  text_add_text(folded, &suffix);
  text_string(folded);
  text_free(&suffix);
  return good ? "suffix" : 0;
}

bool control_word(const char **at, const char *end, text *word)
{
  while (*at < end && ascii_is_space(**at)) ++*at;
  const char *start = *at;
  while (*at < end && !ascii_is_space(**at)) ++*at;
  text_copy_bytes(word, start, (size_t)(*at - start));
  text_string(word);
  return *at > start;
}
