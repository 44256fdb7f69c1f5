#include <stdlib.h>
#include <string.h>

#include "imap/search.h"
#include "imap/search_text.h"
#include "lib/date.h"
#include "lib/die.h"
#include "lib/header.h"

struct imap_search {
  const struct imap_command *command;
  const struct imap_search_message *message;
  bool is_open, is_parsed;
  struct bytes bytes, header;
  struct mime mime;
  struct search_text text;
};

struct imap_search *imap_search_open(const struct imap_command *c)
{
  struct imap_search *s = calloc(1, sizeof *s);

  if (!s) die_nomem();
  s->command = c;
  return s;
}

void imap_search_close(struct imap_search *s)
{
  if (!s) return;
  mime_free(&s->mime);
  imap_search_text_free(&s->text);
  free(s);
}

static bool open_message(struct imap_search *s)
{
  if (s->is_open) return true;
  if (!s->message->open(s->message->context, &s->bytes)) return false;
  s->is_open = true;
  s->header = (struct bytes){ s->bytes.s, header_length(s->bytes.s, s->bytes.len) };
  return true;
}

static void parse_message(struct imap_search *s)
{
  if (!s->is_parsed) mime_parse(&s->mime, s->bytes.s, s->bytes.len);
  s->is_parsed = true;
}

static int32_t day_of(int64_t seconds) { return (int32_t)(seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400)); }

/* SENT...: the day of the Date field where it was written; a message without one is of no day. */
static bool is_sent(const struct imap_search *s, const struct imap_search_key *key)
{
  struct header_field field;
  int64_t seconds;
  int minutes_east;
  int32_t day;

  if (!header_find(s->header.s, s->header.len, "Date", &field)) return false;
  if (!date_parse(field.value.s, field.value.len, &seconds, &minutes_east)) return false;
  day = day_of(seconds + minutes_east * 60);
  if (key->kind == IMAP_SEARCH_SENTON) return day == key->day;
  return key->kind == IMAP_SEARCH_SENTBEFORE ? day < key->day : day >= key->day;
}

static bool is_in_field(struct imap_search *s, const struct imap_search_key *key)
{
  struct bytes needle = { key->folded, key->folded_length };
  struct header_field field;

  for (size_t at = 0; header_next(s->header.s, s->header.len, &at, &field);)
    if (header_is(&field, key->field) && imap_search_text_in_value(&s->text, field.value, needle)) return true;
  return false;
}

static bool is_in_text(struct imap_search *s, const struct imap_search_key *key)
{
  struct bytes needle = { key->folded, key->folded_length };

  if (key->kind == IMAP_SEARCH_TEXT && imap_search_text_in_header(&s->text, s->header, needle)) return true;
  parse_message(s);
  return imap_search_text_in_body(&s->text, &s->mime, needle);
}

static enum imap_search_result match(struct imap_search *s, const struct imap_search_key *key);

/* AND ends at the first NO, OR at the first YES; BROKEN ends both. */
static enum imap_search_result match_keys(struct imap_search *s, const struct imap_search_key *key,
                                          enum imap_search_result end)
{
  for (; key; key = key->next) {
    enum imap_search_result result = match(s, key);
    if (result == end || result == IMAP_SEARCH_BROKEN) return result;
  }
  return end == IMAP_SEARCH_NO ? IMAP_SEARCH_YES : IMAP_SEARCH_NO;
}

/* A key that is no list. */
static bool is_true(struct imap_search *s, const struct imap_search_key *key)
{
  const struct imap_search_message *m = s->message;

  switch (key->kind) {
  case IMAP_SEARCH_EVERY: return true;
  case IMAP_SEARCH_SEQUENCE: return imap_sequence_has(&key->sequence, m->sequence);
  case IMAP_SEARCH_UID: return imap_sequence_has(&key->sequence, m->uid);
  case IMAP_SEARCH_FLAGS: return (m->flags & key->number) == key->number;
  case IMAP_SEARCH_KEYWORD: return m->has_keyword(m->context, key->string);
  case IMAP_SEARCH_BEFORE: return day_of(m->date_seconds) < key->day;
  case IMAP_SEARCH_ON: return day_of(m->date_seconds) == key->day;
  case IMAP_SEARCH_SINCE: return day_of(m->date_seconds) >= key->day;
  case IMAP_SEARCH_LARGER: return m->size > key->number;
  case IMAP_SEARCH_SMALLER: return m->size < key->number;
  case IMAP_SEARCH_HEADER: return is_in_field(s, key);
  case IMAP_SEARCH_BODY:
  case IMAP_SEARCH_TEXT: return is_in_text(s, key);
  default: return is_sent(s, key);
  }
}

static enum imap_search_result match(struct imap_search *s, const struct imap_search_key *key)
{
  enum imap_search_result result;

  switch (key->kind) {
  case IMAP_SEARCH_AND: return match_keys(s, key->first, IMAP_SEARCH_NO);
  case IMAP_SEARCH_OR: return match_keys(s, key->first, IMAP_SEARCH_YES);
  case IMAP_SEARCH_NOT:
    result = match(s, key->first);
    if (result == IMAP_SEARCH_BROKEN) return result;
    return result == IMAP_SEARCH_YES ? IMAP_SEARCH_NO : IMAP_SEARCH_YES;
  default:
    if (key->cost && !open_message(s)) return IMAP_SEARCH_BROKEN;
    return is_true(s, key) ? IMAP_SEARCH_YES : IMAP_SEARCH_NO;
  }
}

enum imap_search_result imap_search_match(struct imap_search *s, const struct imap_search_message *message)
{
  s->message = message;
  s->is_open = s->is_parsed = false;
  return match(s, s->command->search);
}
