#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "queue/select.h"
#include "queue/show.h"
#include "queue/summary.h"

/* Servers word the same thing in as many ways as they have messages: the code and the status are the cause, words an example. */
static void find_cause(const struct envelope_recipient *r, const struct said *said, text *cause, text *example)
{
  text_clear(cause);
  text_clear(example);
  if (r->state == ENVELOPE_HELD)
    text_add(cause, "held by the operator");
  else if (r->state == ENVELOPE_BARRED)
    text_add(cause, "held, its sender may not send any more");
  else if (!strchr(ENVELOPE_TO_TRY, r->state))
    text_add(cause, "its report is not queued yet");
  else if (!said->attempt)
    text_add(cause, "not tried yet");
  else {
    if (said->code) text_add_format(cause, "%03u ", said->code);
    text_add(cause, said->status.len ? said->status.s : "no status");
    if (said->remote.len) {
      text_add(example, said->remote.s);
      text_add(example, ": ");
    }
    text_add(example, said->text.s);
  }
  text_string(cause);
  text_string(example);
}

void queue_summary_add(struct queue_summary *s, const struct queue_look *l)
{
  static text cause = TEXT_ZERO, example = TEXT_ZERO, domain = TEXT_ZERO;
  const struct envelope *e = &l->file.envelope;

  s->messages++;
  for (size_t i = 0; i < e->count; i++) {
    if (!queue_show_is_to_go(&e->recipients[i])) continue;
    find_cause(&e->recipients[i], &l->said[i], &cause, &example);
    queue_tally_add(&s->causes, cause.s, example.s, s->messages, e->birth_seconds);
    text_copy(&domain, queue_select_destination(&e->recipients[i]));
    text_lower(&domain);
    queue_tally_add(&s->destinations, text_string(&domain), example.len ? example.s : cause.s, s->messages, e->birth_seconds);
  }
}

void queue_summary_text(const struct queue_tally *t, const char *what, uint64_t now_seconds, text *out)
{
  struct queue_tally_row **rows = queue_tally_sort(t);
  text age = TEXT_ZERO;

  text_add_format(out, "recipients  messages  oldest       %s\n", what);
  for (struct queue_tally_row **row = rows; *row; row++) {
    text_clear(&age);
    queue_show_span(&age, now_seconds > (*row)->oldest_seconds ? now_seconds - (*row)->oldest_seconds : 0);
    text_add_format(out, "%10zu  %8zu  %-11s  ", (*row)->recipients, (*row)->messages, text_string(&age));
    queue_show_plain(out, (*row)->key);
    if (*(*row)->example) {
      text_add(out, ": ");
      queue_show_plain(out, (*row)->example);
    }
    text_add_char(out, '\n');
  }
  text_free(&age);
  free(rows);
}

void queue_summary_json(const struct queue_tally *t, const char *key, const char *what, text *out)
{
  struct queue_tally_row **rows = queue_tally_sort(t);

  json_key(out, key);
  text_add_char(out, '[');
  for (struct queue_tally_row **row = rows; *row; row++) {
    text_add(out, row == rows ? "{" : ",{");
    json_pair(out, what, (*row)->key);
    json_number(out, "recipients", (*row)->recipients);
    json_number(out, "messages", (*row)->messages);
    json_number(out, "oldest", (*row)->oldest_seconds);
    json_pair(out, "example", (*row)->example);
    text_add_char(out, '}');
  }
  text_add_char(out, ']');
  free(rows);
}
