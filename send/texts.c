#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "lib/address.h"
#include "lib/conf.h"
#include "lib/header.h"
#include "lib/log.h"
#include "lib/policy_owner.h"
#include "lib/language.h"
#include "send/texts.h"

#define ENGLISH "en"

/* The operator's own before those that came with the program. */
static const char *const folders[] = { "control/texts", "texts" };
enum { FOLDERS = sizeof folders / sizeof *folders };

static const char *path_of(text *path, const char *folder, const char *language, const char *name)
{
  text_copy(path, folder);
  text_add_format(path, "/%s%s%s", language, *name ? "/" : "", name);
  return text_string(path);
}

static bool is_there(const char *language)
{
  text path = TEXT_ZERO;
  bool is = !strcmp(language, ENGLISH);

  for (size_t i = 0; !is && i < FOLDERS; i++) is = access(path_of(&path, folders[i], language, ""), X_OK) == 0;
  text_free(&path);
  return is;
}

/* The first of the tags, each shortened part by part, that there are words in. */
static bool choose(const text *tags, text *language)
{
  for (size_t at = 0; at < tags->len; at += strlen(tags->s + at) + 1) {
    text_copy(language, tags->s + at);
    do
      if (is_there(text_string(language))) return true;
    while (language_shorten(language));
  }
  return false;
}

static void add_tag(text *tags, const char *value)
{
  text tag = TEXT_ZERO;

  if (language_parse(value, strlen(value), &tag)) text_add_bytes(tags, tag.s, tag.len + 1);
  text_free(&tag);
}

static void add_record(struct tables *tables, const char *kind, const char *key, text *tags)
{
  text record = TEXT_ZERO;

  if (*key && tables_find(tables, kind, key, &record) == LOOKUP_FOUND) add_tag(tags, record_get(&record, "language"));
  text_free(&record);
}

/* What the operator says of the mailbox, or of the domain, if it is one of ours. */
static void add_address(struct tables *tables, const char *to, text *tags)
{
  struct address address = ADDRESS_ZERO;
  text mailbox = TEXT_ZERO;

  if (tables_open(tables, "policy") && address_parse(&address, to, strlen(to)) == ADDRESS_FULL) {
    if (policy_owner(tables, policy_delimiter(), &address, &mailbox)) add_record(tables, "mailbox", text_string(&mailbox), tags);
    add_record(tables, "domain", address.domain, tags);
  }
  address_free(&address);
  text_free(&mailbox);
}

static void add_field(const char *header, size_t length, const char *name, text *tags)
{
  struct header_field field;

  if (length && header_find(header, length, name, &field)) language_add(field.value.s, field.value.len, tags);
}

static void find_language(text *language, struct tables *tables, const char *to, const char *header, size_t length)
{
  text tags = TEXT_ZERO, value = TEXT_ZERO;

  add_address(tables, to, &tags);
  add_field(header, length, "Accept-Language", &tags); /* RFC 3282 2: in which he wants his answers */
  add_field(header, length, "Content-Language", &tags);
  if (conf_value("language", &value, "")) add_tag(&tags, value.s);
  add_tag(&tags, ENGLISH);
  if (!choose(&tags, language)) text_copy(language, ENGLISH);
  text_string(language);
  text_free(&tags);
  text_free(&value);
}

/* False: there is none here, or none that can be used. */
static bool read_one(struct send_wording *w, const char *folder, const char *language, enum send_wording_kind kind)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO;
  const char *error = 0;

  if (!openslurpclose(&bytes, path_of(&path, folder, language, send_wording_names[kind]))) {
    if (errno != ENOENT && errno != ENOTDIR) error = strerror(errno);
  } else if (send_wording_parse(w, kind, bytes.len ? bytes.s : "", bytes.len, &error)) {
    text_free(&path);
    text_free(&bytes);
    return true;
  }
  if (error) log_event("text-left-out", "file", path.s, "error", error, (char *)0);
  text_free(&path);
  text_free(&bytes);
  return false;
}

/* What "de-at" has not, "de" may have. */
static void read_kind(struct send_texts *t, enum send_wording_kind kind)
{
  text language = TEXT_ZERO;
  bool has = false;

  text_copy(&language, t->language.s);
  do
    for (size_t i = 0; i < FOLDERS && !has; i++) has = read_one(&t->wordings.of[kind], folders[i], text_string(&language), kind);
  while (!has && language_shorten(&language));
  if (!has) send_wording_use_english(&t->wordings.of[kind], kind);
  text_free(&language);
}

static bool check_custom(const char *bytes, size_t length)
{
  if (length > SEND_WORDING_MAX) return false;
  for (const char *at = bytes, *end = bytes + length; at < end;) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t line = (size_t)((newline ? newline : end) - at);
    if (line > SEND_WORDING_LINE_MAX || !utf8_check(at, line)) return false;
    for (size_t i = 0; i < line; i++)
      if (((unsigned char)at[i] < ' ' && at[i] != '\t') || at[i] == 0x7f) return false;
    at += line + 1;
  }
  return true;
}

static void remove_returns(text *bytes)
{
  size_t kept = 0;

  for (size_t i = 0; i < bytes->len; i++)
    if (bytes->s[i] != '\r') bytes->s[kept++] = bytes->s[i];
  bytes->len = kept;
}

static void read_custom(text *custom)
{
  static const char path[] = "control/custombouncetext";

  if (!openslurpclose(custom, path)) {
    if (errno != ENOENT) log_event("text-left-out", "file", path, "error", strerror(errno), (char *)0);
    text_clear(custom);
  }
  remove_returns(custom);
  if (!check_custom(custom->len ? custom->s : "", custom->len)) {
    log_event("text-left-out", "file", path, "error", "longer than 32768 bytes, a line longer than 900, not UTF-8, or a control character", (char *)0);
    text_clear(custom);
  }
  text_string(custom);
}

void send_texts_read(struct send_texts *t, struct tables *tables, const char *to, const char *header, size_t header_length)
{
  *t = (struct send_texts){ .language = TEXT_ZERO };
  find_language(&t->language, tables, to, header, header_length);
  t->wordings.language = t->language.s;
  for (int kind = 0; kind < SEND_WORDINGS; kind++) read_kind(t, (enum send_wording_kind)kind);
  send_wording_use_english(&t->wordings.english, SEND_WORDING_WORDS);
  read_custom(&t->custom);
}

void send_texts_free(struct send_texts *t)
{
  send_wordings_free(&t->wordings);
  text_free(&t->language);
  text_free(&t->custom);
}
