#include "lib/apppassword.h"

#include <string.h>

#include <skalibs/random.h>

#include "lib/hex.h"
#include "lib/json.h"
#include "lib/scheme.h"

enum { ID_DIGITS = 16, CHARACTERS = 28, GROUP = 4 }; /* 5 bits a character */

static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* without l, o, 0 and 1, which look alike */
static const char *const services[] = { "imap", "pop3", "sieve", "submit", 0 };

/* The next word of a line; false at its end. */
static bool take_word(const char **at, text *word)
{
  size_t length = strcspn(*at, " ");

  text_copy_bytes(word, *at, length);
  *at += length;
  while (**at == ' ') ++*at;
  return *text_string(word);
}

static bool is_id(const char *id)
{
  size_t digits = 0;
  while (hex_digit(id[digits]) >= 0) digits++;
  return digits == ID_DIGITS && !id[digits];
}

bool apppassword_name_check(const char *name)
{
  size_t length = strlen(name);

  if (!length || length > APPPASSWORD_NAME_MAX || *name == ' ' || name[length - 1] == ' ') return false;
  for (size_t size; *name; name += size)
    if ((unsigned char)*name < ' ' || *name == 0x7f || !(size = json_utf8_length(name))) return false;
  return true;
}

bool apppassword_services(const char *words, text *list)
{
  bool is_all = !strcmp(words, "all");
  const char *unknown = is_all ? words + strlen(words) : words;

  text_clear(list);
  for (const char *at = unknown; *at;) {
    size_t length = strcspn(at, ",");
    bool is_known = false;
    for (const char *const *s = services; *s; s++) is_known |= strlen(*s) == length && !memcmp(*s, at, length);
    if (!is_known) return false;
    at += length + (at[length] == ',');
  }
  for (const char *const *s = services; *s; s++) {
    struct apppassword wanted = { .services = TEXT_ZERO };
    text_add_format(&wanted.services, "%s,", words);
    if (is_all || apppassword_serves(&wanted, *s)) text_add_format(list, "%s,", *s);
    text_free(&wanted.services);
  }
  text_string(list);
  return list->len;
}

bool apppassword_serves(const struct apppassword *a, const char *service)
{
  size_t length = strlen(service);

  for (size_t at = 0; at < a->services.len;) {
    const char *comma = memchr(a->services.s + at, ',', a->services.len - at);
    size_t size = comma ? (size_t)(comma - (a->services.s + at)) : a->services.len - at;
    if (size == length && !memcmp(a->services.s + at, service, length)) return true;
    at += size + 1;
  }
  return false;
}

bool apppassword_parse(struct apppassword *a, const char *line)
{
  const char *hash;
  text word = TEXT_ZERO;
  bool good = take_word(&line, &a->id) && is_id(a->id.s) && take_word(&line, &word) && apppassword_services(word.s, &a->services) &&
              take_word(&line, &word) && number_scan(word.s, UINT32_MAX, &a->made) && take_word(&line, &a->stored) &&
              scheme_parse(a->stored.s, &hash) == SCHEME_SSHA256 && apppassword_name_check(line);

  text_copy(&a->name, good ? line : "");
  text_string(&a->name);
  text_free(&word);
  return good;
}

void apppassword_format(const struct apppassword *a, text *line)
{
  text_add_text(line, &a->id);
  text_add_char(line, ' ');
  text_add_bytes(line, a->services.s, a->services.len - 1);
  text_add_format(line, " %llu ", (unsigned long long)a->made);
  text_add_text(line, &a->stored);
  text_add_char(line, ' ');
  text_add_text(line, &a->name);
}

void apppassword_free(struct apppassword *a)
{
  text_free(&a->id);
  text_free(&a->services);
  text_wipe(&a->stored);
  text_free(&a->name);
}

void apppassword_make(text *plain, text *shown)
{
  unsigned char bytes[CHARACTERS];

  random_buf((char *)bytes, sizeof bytes);
  for (unsigned int i = 0; i < CHARACTERS; i++) {
    if (i && !(i % GROUP)) text_add_char(shown, '-');
    text_add_char(plain, alphabet[bytes[i] % (sizeof alphabet - 1)]);
    text_add_char(shown, plain->s[plain->len - 1]);
  }
  explicit_bzero(bytes, sizeof bytes);
  text_string(plain), text_string(shown);
}

bool apppassword_plain(const char *typed, text *plain)
{
  text_clear(plain);
  for (; *typed && plain->len <= CHARACTERS; typed++) {
    if (*typed == ' ' || *typed == '-') continue;
    if (!strchr(alphabet, ascii_lower(*typed))) return false;
    text_add_char(plain, ascii_lower(*typed));
  }
  text_string(plain);
  return plain->len == CHARACTERS;
}
