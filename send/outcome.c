#include "send/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 1000 };

const char *send_outcome_name(enum outcome_kind kind)
{
  return kind == OUTCOME_DONE ? "done" : kind == OUTCOME_NEVER ? "never" : "later";
}

static void set(struct outcome *o, enum outcome_kind kind, const char *status, unsigned int code)
{
  o->kind = kind;
  o->code = code;
  o->is_left = false;
  snprintf(o->status, sizeof o->status, "%s", status);
  text_clear(&o->words);
}

void send_outcome_say(struct outcome *o, enum outcome_kind kind, const char *status, ...)
{
  va_list words;

  set(o, kind, status, 0);
  va_start(words, status);
  for (const char *word; (word = va_arg(words, const char *));)
    for (; *word && o->words.len < WORDS_MAX; word++) text_add_char(&o->words, ascii_is_printable(*word) ? *word : '?');
  va_end(words);
}

void send_outcome_take(struct outcome *o, const struct reply *reply, const char *detail)
{
  unsigned int class = reply->code / 100;
  enum outcome_kind kind = class == 2 ? OUTCOME_DONE : class == 5 ? OUTCOME_NEVER : OUTCOME_LATER;

  set(o, kind, "", reply->code);
  snprintf(o->status, sizeof o->status, "%u.%s", class == 2 || class == 5 ? class : 4, detail);
  if (class != 3) send_reply_status(reply, o->status);
  send_reply_words(reply, &o->words, WORDS_MAX);
}

void send_outcome_defer(struct outcome *o)
{
  if (o->kind == OUTCOME_NEVER) o->kind = OUTCOME_LATER;
  if (*o->status == '5') *o->status = '4';
}

void send_outcome_copy(struct outcome *o, const struct outcome *other)
{
  set(o, other->kind, other->status, other->code);
  text_add_text(&o->words, &other->words);
}

void send_outcome_add(text *record, const struct outcome *o, size_t words_max)
{
  text value = TEXT_ZERO;

  text_add(&value, send_outcome_name(o->kind));
  text_add_char(&value, ' ');
  text_add(&value, o->status);
  text_add_char(&value, ' ');
  text_add_padded(&value, o->code, 3);
  text_add_char(&value, ' ');
  text_add_bytes(&value, o->words.s, o->words.len < words_max ? o->words.len : words_max);
  record_add_bytes(record, "recipient", value.s, value.len);
  text_free(&value);
}

void send_outcome_free(struct outcome *o) { text_free(&o->words); }
