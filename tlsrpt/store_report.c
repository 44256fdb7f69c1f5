/* The part of the store that knows reports: when they are due, where they go, and what is in them. */

#include "tlsrpt/store.h"

#include "lib/date.h"
#include "lib/id.h"
#include "tlsrpt/store_words.h"

static void copy(text *to, const char *value)
{
  text_copy(to, value);
  text_string(to);
}

/* The columns are those of WORD_TAKE and WORD_LATEST. */
static void read_report(struct sql *s, unsigned int word, struct tlsrpt_report *r)
{
  r->id = sql_integer(s, word, 0);
  copy(&r->domain, sql_string(s, word, 1));
  copy(&r->name, sql_string(s, word, 2));
  r->begin = (uint64_t)sql_integer(s, word, 3);
  r->end = (uint64_t)sql_integer(s, word, 4);
  r->first = (uint64_t)sql_integer(s, word, 5);
  r->tries = (uint64_t)sql_integer(s, word, 6);
}

/* One row is all that is wanted; a statement that was not ended would hold the file. */
static void finish(struct sql *s, unsigned int word)
{
  while (sql_row(s, word)) continue;
}

uint64_t tlsrpt_store_hurry(struct tlsrpt_store *s, uint64_t from, uint64_t to, uint64_t now)
{
  bool good = sql_do(&s->sql, WORD_HURRY, "iii", (int64_t)from, (int64_t)to, (int64_t)now);
  uint64_t count = good ? (uint64_t)sql_changed(&s->sql) : 0;

  return tlsrpt_store_commit(s, true) ? count : 0;
}

uint64_t tlsrpt_store_next_due(struct tlsrpt_store *s)
{
  uint64_t due = UINT64_MAX;

  sql_ask(&s->sql, WORD_NEXT_DUE, "");
  if (sql_row(&s->sql, WORD_NEXT_DUE) && *sql_string(&s->sql, WORD_NEXT_DUE, 0)) due = (uint64_t)sql_integer(&s->sql, WORD_NEXT_DUE, 0);
  finish(&s->sql, WORD_NEXT_DUE);
  return due;
}

/* Its name is written down before anybody is told it. */
bool tlsrpt_store_take(struct tlsrpt_store *s, uint64_t now, struct tlsrpt_report *r)
{
  sql_ask(&s->sql, WORD_TAKE, "ii", (int64_t)now, (int64_t)0);
  bool found = sql_row(&s->sql, WORD_TAKE);
  if (found) read_report(&s->sql, WORD_TAKE, r);
  if (found) finish(&s->sql, WORD_TAKE);
  if (!found) return false;
  if (!r->name.len) id_make(&r->name);
  if (!r->first) r->first = now;
  r->tries++;
  return sql_do(&s->sql, WORD_TRY, "iti", r->id, r->name.s, (int64_t)r->first) && tlsrpt_store_commit(s, true);
}

void tlsrpt_store_free_all(struct tlsrpt_store *s) { sql_do(&s->sql, WORD_FREE_ALL, ""); }

void tlsrpt_store_put_off(struct tlsrpt_store *s, const struct tlsrpt_report *r, uint64_t due)
{
  sql_do(&s->sql, WORD_PUT_OFF, "ii", r->id, (int64_t)due);
  tlsrpt_store_commit(s, true);
}

void tlsrpt_store_forget(struct tlsrpt_store *s, const struct tlsrpt_report *r)
{
  sql_do(&s->sql, WORD_FORGET, "i", r->id);
  sql_do(&s->sql, WORD_FORGET_PERIODS, "");
  tlsrpt_store_commit(s, true);
}

void tlsrpt_store_add_delivery(struct tlsrpt_store *s, const struct tlsrpt_report *r, const text *endpoint)
{
  text name = TEXT_ZERO;

  id_make(&name);
  sql_do(&s->sql, WORD_ADD_DELIVERY, "ibt", r->id, endpoint->s, endpoint->len, name.s);
  text_free(&name);
}

bool tlsrpt_store_has_deliveries(struct tlsrpt_store *s, const struct tlsrpt_report *r)
{
  sql_ask(&s->sql, WORD_DELIVERIES, "i", r->id);
  bool has = sql_row(&s->sql, WORD_DELIVERIES) && sql_integer(&s->sql, WORD_DELIVERIES, 0);
  finish(&s->sql, WORD_DELIVERIES);
  return has;
}

bool tlsrpt_store_next_delivery(struct tlsrpt_store *s, const struct tlsrpt_report *r, struct tlsrpt_delivery *d)
{
  sql_ask(&s->sql, WORD_NEXT_DELIVERY, "ii", r->id, d->id);
  if (!sql_row(&s->sql, WORD_NEXT_DELIVERY)) return false;
  d->id = sql_integer(&s->sql, WORD_NEXT_DELIVERY, 0);
  const char *endpoint = sql_string(&s->sql, WORD_NEXT_DELIVERY, 1);
  text_copy_bytes(&d->endpoint, endpoint, sql_length(&s->sql, WORD_NEXT_DELIVERY, 1));
  copy(&d->name, sql_string(&s->sql, WORD_NEXT_DELIVERY, 2));
  finish(&s->sql, WORD_NEXT_DELIVERY);
  return true;
}

void tlsrpt_store_note_done(struct tlsrpt_store *s, const struct tlsrpt_delivery *d)
{
  sql_do(&s->sql, WORD_DONE, "i", d->id);
  tlsrpt_store_commit(s, true);
}

bool tlsrpt_store_next_policy(struct tlsrpt_store *s, const struct tlsrpt_report *r, struct tlsrpt_policy *p)
{
  struct sql *sql = &s->sql;

  sql_ask(sql, WORD_NEXT_POLICY, "ii", r->id, p->id);
  if (!sql_row(sql, WORD_NEXT_POLICY)) return false;
  *p = (struct tlsrpt_policy){ .id = sql_integer(sql, WORD_NEXT_POLICY, 0),
                               .type = sql_string(sql, WORD_NEXT_POLICY, 1),
                               .lines = sql_string(sql, WORD_NEXT_POLICY, 2),
                               .patterns = sql_string(sql, WORD_NEXT_POLICY, 3),
                               .lines_length = sql_length(sql, WORD_NEXT_POLICY, 2),
                               .patterns_length = sql_length(sql, WORD_NEXT_POLICY, 3),
                               .good = (uint64_t)sql_integer(sql, WORD_NEXT_POLICY, 4),
                               .bad = (uint64_t)sql_integer(sql, WORD_NEXT_POLICY, 5) };
  return true;
}

bool tlsrpt_store_next_failure(struct tlsrpt_store *s, const struct tlsrpt_policy *p, struct tlsrpt_failure *f)
{
  struct sql *sql = &s->sql;

  sql_ask(sql, WORD_NEXT_FAILURE, "ii", p->id, f->id);
  if (!sql_row(sql, WORD_NEXT_FAILURE)) return false;
  *f = (struct tlsrpt_failure){ .id = sql_integer(sql, WORD_NEXT_FAILURE, 0),
                                .result = sql_string(sql, WORD_NEXT_FAILURE, 1),
                                .source = sql_string(sql, WORD_NEXT_FAILURE, 2),
                                .host = sql_string(sql, WORD_NEXT_FAILURE, 3),
                                .helo = sql_string(sql, WORD_NEXT_FAILURE, 4),
                                .ip = sql_string(sql, WORD_NEXT_FAILURE, 5),
                                .reason = sql_string(sql, WORD_NEXT_FAILURE, 6),
                                .information = sql_string(sql, WORD_NEXT_FAILURE, 7),
                                .count = (uint64_t)sql_integer(sql, WORD_NEXT_FAILURE, 8) };
  return true;
}

bool tlsrpt_store_find(struct tlsrpt_store *s, const char *domain, uint64_t now, struct tlsrpt_report *r)
{
  sql_ask(&s->sql, WORD_LATEST, "ti", domain, (int64_t)now);
  bool found = sql_row(&s->sql, WORD_LATEST);
  if (found) read_report(&s->sql, WORD_LATEST, r);
  if (found) finish(&s->sql, WORD_LATEST);
  return found;
}

static void show_period(struct tlsrpt_store *s, int64_t period, text *out)
{
  struct sql *sql = &s->sql;

  sql_ask(sql, WORD_SHOW, "i", period);
  while (sql_row(sql, WORD_SHOW)) {
    text_add_format(out, "  %s %s: %lld successful, %lld failed", sql_string(sql, WORD_SHOW, 0), sql_string(sql, WORD_SHOW, 1),
                    (long long)sql_integer(sql, WORD_SHOW, 2), (long long)sql_integer(sql, WORD_SHOW, 3));
    uint64_t due = (uint64_t)sql_integer(sql, WORD_SHOW, 4);
    if (due) text_add(out, sql_integer(sql, WORD_SHOW, 5) ? "; tried again after " : "; is looked at after ");
    if (due) date_add_internet(out, due);
    text_add(out, "\n");
  }
}

void tlsrpt_store_show(struct tlsrpt_store *s, text *out)
{
  struct sql *sql = &s->sql;
  int64_t id = 0;

  for (;;) {
    sql_ask(sql, WORD_SHOW_PERIODS, "i", id);
    if (!sql_row(sql, WORD_SHOW_PERIODS)) break;
    id = sql_integer(sql, WORD_SHOW_PERIODS, 0);
    uint64_t end = (uint64_t)sql_integer(sql, WORD_SHOW_PERIODS, 2);
    int64_t lost = sql_integer(sql, WORD_SHOW_PERIODS, 3);
    date_add_internet(out, (uint64_t)sql_integer(sql, WORD_SHOW_PERIODS, 1));
    text_add(out, " to ");
    if (end)
      date_add_internet(out, end - 1);
    else
      text_add(out, "now");
    if (lost) text_add_format(out, ", and %lld sessions that could not be counted", (long long)lost);
    text_add(out, "\n");
    show_period(s, id, out);
  }
}

void tlsrpt_report_free(struct tlsrpt_report *r)
{
  text_free(&r->domain);
  text_free(&r->name);
}

void tlsrpt_delivery_free(struct tlsrpt_delivery *d)
{
  text_free(&d->endpoint);
  text_free(&d->name);
}
