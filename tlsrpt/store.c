#include "tlsrpt/store.h"

#include <string.h>

#include "lib/date.h"
#include "lib/die.h"
#include "lib/id.h"
#include "lib/log.h"
#include "tlsrpt/store_words.h"

#define PATH "state/tlsrpt/counts"

static const uint64_t bytes_max = (uint64_t)1 << 30, day_seconds = 86400;

static uint64_t day_of(uint64_t seconds) { return seconds - seconds % day_seconds; }

/* The first row's number; 0: there is none. */
static int64_t first_number(struct tlsrpt_store *s, unsigned int word)
{
  int64_t number = sql_row(&s->sql, word) ? sql_integer(&s->sql, word, 0) : 0;

  while (number && sql_row(&s->sql, word)) continue; /* to its end, so that it holds nothing */
  return number;
}

/* The last period: it goes on if it has not ended, else the next one begins behind it. */
static void take_up(struct tlsrpt_store *s)
{
  struct sql *sql = &s->sql;

  sql_ask(sql, WORD_LAST_PERIOD, "");
  if (!sql_row(sql, WORD_LAST_PERIOD)) return;
  int64_t id = sql_integer(sql, WORD_LAST_PERIOD, 0), end = sql_integer(sql, WORD_LAST_PERIOD, 2);
  s->begin = (uint64_t)(end ? end : sql_integer(sql, WORD_LAST_PERIOD, 1));
  sql_row(sql, WORD_LAST_PERIOD);
  if (end) return;
  s->period = id;
  sql_ask(sql, WORD_COUNT_REPORTS, "i", id);
  s->domains = (uint64_t)first_number(s, WORD_COUNT_REPORTS);
}

void tlsrpt_store_open(struct tlsrpt_store *s)
{
  *s = (struct tlsrpt_store){ .period = 0 };
  sql_open(&s->sql, PATH, store_schema, store_words, bytes_max);
  sql_do(&s->sql, WORD_FREE_ALL, "");
  take_up(s);
  if (!sql_commit(&s->sql, true)) die_temporary("unable to write " PATH);
}

void tlsrpt_store_close(struct tlsrpt_store *s)
{
  tlsrpt_store_flush(s, true);
  sql_close(&s->sql);
}

static void say_lost(struct tlsrpt_store *s)
{
  text count = TEXT_ZERO;

  text_add_number(&count, s->lost);
  log_event("uncounted", "sessions", text_string(&count), (char *)0);
  sql_do(&s->sql, WORD_LOSE, "ii", s->period, (int64_t)s->lost);
  s->lost = 0;
  text_free(&count);
}

void tlsrpt_store_flush(struct tlsrpt_store *s, bool is_synced)
{
  if (s->lost && s->period) say_lost(s);
  tlsrpt_store_commit(s, is_synced);
}

/* If the disk is full, all since the last time is gone, maybe the period too: what there is is looked up anew. */
bool tlsrpt_store_commit(struct tlsrpt_store *s, bool is_synced)
{
  bool good = sql_commit(&s->sql, is_synced);

  if (!good) {
    s->lost += s->fresh;
    s->period = 0;
    take_up(s);
  }
  s->fresh = 0;
  return good;
}

static bool begin_period(struct tlsrpt_store *s, uint64_t now)
{
  if (s->period) return true;
  if (s->begin < day_of(now)) s->begin = day_of(now); /* one of today that was ended goes on where it ended */
  if (!sql_do(&s->sql, WORD_ADD_PERIOD, "i", (int64_t)s->begin)) return false;
  s->period = sql_last_id(&s->sql);
  s->domains = 0;
  return true;
}

static int64_t find_report(struct tlsrpt_store *s, const char *domain)
{
  sql_ask(&s->sql, WORD_FIND_REPORT, "it", s->period, domain);
  int64_t id = first_number(s, WORD_FIND_REPORT);
  if (id || s->domains >= TLSRPT_DOMAINS_MAX || !sql_do(&s->sql, WORD_ADD_REPORT, "it", s->period, domain)) return id;
  s->domains++;
  return sql_last_id(&s->sql);
}

struct place {
  const char *type, *lines, *patterns;
  size_t lines_length, patterns_length;
};

/* Counts the session there. 0: there is no such policy yet, and there are too many of them to add one. */
static int64_t count_policy(struct tlsrpt_store *s, int64_t report, const struct place *p, bool good, bool even_if_full)
{
  int64_t id;

  if (!sql_do(&s->sql, WORD_COUNT_POLICY, "itbbii", report, p->type, p->lines, p->lines_length, p->patterns, p->patterns_length,
              (int64_t)good, (int64_t)!good)) return 0;
  if (sql_changed(&s->sql)) {
    sql_ask(&s->sql, WORD_FIND_POLICY, "itbb", report, p->type, p->lines, p->lines_length, p->patterns, p->patterns_length);
    return first_number(s, WORD_FIND_POLICY);
  }
  sql_ask(&s->sql, WORD_POLICIES, "i", report);
  if (first_number(s, WORD_POLICIES) >= TLSRPT_POLICIES_MAX && !even_if_full) return 0;
  id = sql_do(&s->sql, WORD_ADD_POLICY, "itbbii", report, p->type, p->lines, p->lines_length, p->patterns, p->patterns_length,
              (int64_t)good, (int64_t)!good)
         ? sql_last_id(&s->sql)
         : 0;
  return id;
}

static bool count_failure(struct tlsrpt_store *s, int64_t policy, const struct tlsrpt_session *one)
{
  if (!sql_do(&s->sql, WORD_COUNT_FAILURE, "ittttttt", policy, one->result, one->source.s, one->host.s, one->helo.s, one->ip.s, one->reason.s,
              one->information.s)) return false;
  if (sql_changed(&s->sql)) return true;
  sql_ask(&s->sql, WORD_FAILURES, "i", policy);
  if (first_number(s, WORD_FAILURES) < TLSRPT_FAILURES_MAX)
    return sql_do(&s->sql, WORD_ADD_FAILURE, "ittttttt", policy, one->result, one->source.s, one->host.s, one->helo.s, one->ip.s, one->reason.s,
                  one->information.s);
  return (sql_do(&s->sql, WORD_COUNT_FAILURE, "ittttttt", policy, one->result, "", "", "", "", "", "") && sql_changed(&s->sql)) ||
         sql_do(&s->sql, WORD_ADD_FAILURE, "ittttttt", policy, one->result, "", "", "", "", "", "");
}

void tlsrpt_store_count(struct tlsrpt_store *s, const struct tlsrpt_session *one, uint64_t now)
{
  struct place place = { one->type, one->lines.s, one->patterns.s, one->lines.len, one->patterns.len };
  struct place without = { .type = one->type, .lines = "", .patterns = "" };
  bool good = tlsrpt_session_is_good(one);
  int64_t report, policy = 0;

  s->lost += one->missed;
  if (s->sql.has_failed) { /* a full disk: once a second it is seen whether that is over */
    s->lost++;
    return;
  }
  if (begin_period(s, now) && (report = find_report(s, one->domain.s)) && !(policy = count_policy(s, report, &place, good, false)))
    policy = count_policy(s, report, &without, good, true);
  if (!policy || (!good && !count_failure(s, policy, one)))
    s->lost++;
  else
    s->fresh++;
}

void tlsrpt_store_end(struct tlsrpt_store *s, uint64_t now, uint64_t delay, bool even_today)
{
  uint64_t end = day_of(s->begin) + day_seconds;

  if (!s->period || (now < end && !even_today)) return;
  if (now < end) end = now > s->begin ? now : s->begin + 1;
  if (s->lost) say_lost(s);
  sql_do(&s->sql, WORD_END_PERIOD, "ii", s->period, (int64_t)end);
  sql_do(&s->sql, WORD_DUE, "iii", s->period, (int64_t)now, (int64_t)delay + 1);
  sql_do(&s->sql, WORD_FORGET_PERIODS, "");
  if (!tlsrpt_store_commit(s, true)) return; /* it is tried again */
  s->period = 0;
  s->begin = end;
}
