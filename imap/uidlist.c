#include "imap/uidlist.h"

#include <string.h>

#include "imap/filename.h"

struct cursor {
  const char *at, *end;
};

static bool take_line(const char *bytes, size_t length, size_t *at, struct cursor *line)
{
  const char *end = *at < length ? memchr(bytes + *at, '\n', length - *at) : 0;

  if (!end) return false;
  line->at = bytes + *at;
  line->end = end;
  *at = (size_t)(end - bytes) + 1;
  return true;
}

static bool take_word(struct cursor *line, struct cursor *word)
{
  while (line->at < line->end && *line->at == ' ') line->at++;
  word->at = line->at;
  while (line->at < line->end && *line->at != ' ') line->at++;
  word->end = line->at;
  return word->end > word->at;
}

static bool number_of(const char *at, const char *end, uint32_t *number)
{
  uint64_t value;

  if (!number_scan_bytes(at, (size_t)(end - at), UINT32_MAX, &value)) return false;
  *number = (uint32_t)value;
  return true;
}

static bool is_guid(const char *at, const char *end)
{
  if (end - at != 32) return false;
  for (; at < end; at++)
    if (!ascii_is_digit(*at) && !(*at >= 'a' && *at <= 'f')) return false;
  return true;
}

static bool parse_fields(struct imap_uidlist *u, struct cursor *line)
{
  struct cursor word;

  while (take_word(line, &word))
    switch (*word.at++) {
    case 'V':
      if (!number_of(word.at, word.end, &u->validity)) return false;
      break;
    case 'N':
      if (!number_of(word.at, word.end, &u->next)) return false;
      break;
    case 'G':
      if (is_guid(word.at, word.end)) memcpy(u->guid, word.at, 32);
      break;
    }
  return u->validity && u->next;
}

bool imap_uidlist_parse(struct imap_uidlist *u, const char *bytes, size_t length, size_t *at)
{
  struct cursor line, version, validity, next;

  memset(u, 0, sizeof *u);
  *at = 0;
  if (!take_line(bytes, length, at, &line) || !take_word(&line, &version)) return false;
  if (version.end - version.at != 1) return false;
  if (*version.at == '3') return parse_fields(u, &line);
  return *version.at == '1' && take_word(&line, &validity) && take_word(&line, &next) &&
    number_of(validity.at, validity.end, &u->validity) && number_of(next.at, next.end, &u->next) && u->validity && u->next;
}

/* UID [FACT ...] :NAME, or as version 1 has it: UID NAME */
static bool parse_line(struct cursor line, struct imap_uidline *out)
{
  struct cursor uid;

  if (!take_word(&line, &uid) || !number_of(uid.at, uid.end, &out->uid) || !out->uid || out->uid == UINT32_MAX) return false;
  if (line.at == line.end) return false;
  const char *facts = ++line.at;
  const char *colon = *facts == ':' ? facts : memmem(facts, (size_t)(line.end - facts), " :", 2);
  out->facts = facts;
  out->facts_length = colon ? (size_t)(colon - facts) : 0;
  out->base = !colon ? facts : colon + (*colon == ':' ? 1 : 2);
  out->base_length = imap_filename_base(out->base, (size_t)(line.end - out->base));
  return out->base_length && !memchr(out->base, '/', out->base_length) && !memchr(out->base, 0, out->base_length);
}

bool imap_uidlist_next(struct imap_uidlist *u, const char *bytes, size_t length, size_t *at, struct imap_uidline *line)
{
  struct cursor cursor;

  while (take_line(bytes, length, at, &cursor))
    if (parse_line(cursor, line) && line->uid > u->last) {
      u->last = line->uid;
      if (line->uid >= u->next) u->next = line->uid + 1;
      return true;
    }
  return false;
}

void imap_uidlist_format(const struct imap_uidlist *u, text *bytes)
{
  text_add(bytes, "3 V");
  text_add_number(bytes, u->validity);
  text_add(bytes, " N");
  text_add_number(bytes, u->next);
  if (*u->guid) {
    text_add(bytes, " G");
    text_add(bytes, u->guid);
  }
  text_add_char(bytes, '\n');
}

void imap_uidline_format(const struct imap_uidline *line, text *bytes)
{
  text_add_number(bytes, line->uid);
  text_add_char(bytes, ' ');
  if (line->facts_length) {
    text_add_bytes(bytes, line->facts, line->facts_length);
    text_add_char(bytes, ' ');
  }
  text_add_char(bytes, ':');
  text_add_bytes(bytes, line->base, line->base_length);
  text_add_char(bytes, '\n');
}
