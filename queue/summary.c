#include <stdlib.h>
#include <string.h>

#include "lib/cause.h"
#include "lib/json.h"
#include "queue/show.h"
#include "queue/summary.h"

void queue_summary_add(struct queue_summary *s, const struct queue_look *l)
{
  static text cause = TEXT_ZERO, example = TEXT_ZERO, domain = TEXT_ZERO;
  const struct envelope *e = &l->file.envelope;

  s->messages++;
  for (size_t i = 0; i < e->count; i++) {
    if (!cause_is_to_go(&e->recipients[i])) continue;
    cause_find(&e->recipients[i], &l->said[i], &cause, &example);
    tally_add(&s->causes, cause.s, example.s, 1, s->messages, e->birth_seconds);
    text_copy(&domain, cause_destination(&e->recipients[i]));
    text_lower(&domain);
    tally_add(&s->destinations, text_string(&domain), example.len ? example.s : cause.s, 1, s->messages, e->birth_seconds);
  }
}

void queue_summary_text(const struct tally *t, const char *what, uint64_t now_seconds, text *out)
{
  struct tally_row **rows = tally_sort(t);
  text age = TEXT_ZERO;

  text_add_format(out, "recipients  messages  oldest       %s\n", what);
  for (struct tally_row **row = rows; *row; row++) {
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

void queue_summary_json(const struct tally *t, const char *key, const char *what, text *out)
{
  struct tally_row **rows = tally_sort(t);

  json_key(out, key);
  text_add_char(out, '[');
  for (struct tally_row **row = rows; *row; row++) {
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
