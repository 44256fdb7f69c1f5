/* qstat: shows what is queued, and why. Reads queue/; the sums of all it asks of send-schedule, which has them in memory. Writes nothing. */

#include <string.h>
#include <time.h>

#include <skalibs/allreadwrite.h>

#include "lib/cause.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/json.h"
#include "lib/options.h"
#include "queue/follow.h"
#include "queue/list.h"
#include "queue/select.h"
#include "queue/show.h"
#include "queue/summary.h"
#include "queue/sums.h"

#define USAGE "qstat [--json|--mailq|--summary|--by cause|destination] " QUEUE_SELECT_USAGE " [ID...], or qstat --follow [--json] with the same selection"

enum {
  PART_BYTES = 32 * 1024,
  LOOKS = 500 /* messages looked at, after which what was found among them is shown */
};

enum form { FORM_TEXT, FORM_JSON, FORM_MAILQ, FORM_COUNTED };

struct wish {
  enum form form;
  struct queue_select select;
  uint64_t now;
  struct queue_summary summary; /* FORM_COUNTED */
};

static void say_all(text *words)
{
  if (allwrite(1, words->s, words->len) != words->len) die_unable("write to fd 1");
  text_clear(words);
}

/* In parts, not message by message; 0: what there is goes out now. */
static void say(const text *words)
{
  static text part = TEXT_ZERO;

  if (words) text_add_text(&part, words);
  if (part.len >= PART_BYTES || (!words && part.len)) say_all(&part);
}

static void add_up(struct queue_sums *sums, const struct queue_file *f)
{
  sums->messages++;
  sums->bytes += f->size_bytes;
  if (!sums->oldest_seconds || f->envelope.birth_seconds < sums->oldest_seconds) sums->oldest_seconds = f->envelope.birth_seconds;
  for (size_t i = 0; i < f->envelope.count; i++) sums->recipients += cause_is_to_go(&f->envelope.recipients[i]);
}

static void show(const struct queue_look *l, enum form form, uint64_t now)
{
  static text out = TEXT_ZERO;

  text_clear(&out);
  switch (form) {
  case FORM_TEXT: queue_show_text(&out, &l->file, l->said, now); break;
  case FORM_JSON: queue_show_json(&out, &l->file, l->said, now); break;
  case FORM_MAILQ: queue_mailq_add(&out, &l->file, l->said); break;
  case FORM_COUNTED: break;
  }
  say(&out);
}

/* The head stands before the first message only; an empty queue has none. */
static void say_mailq_head(void)
{
  text out = TEXT_ZERO;

  queue_mailq_head(&out);
  say(&out);
  text_free(&out);
}

/* False: there is no message of this id (any more). */
static bool show_id(const char *id, struct wish *w, struct queue_sums *sums)
{
  struct queue_look look = QUEUE_LOOK_ZERO;
  enum queue_result result = queue_look_glance(&look, id);

  if (result == QUEUE_FOUND && queue_select_is_by_words(&w->select)) queue_look_hear(&look);
  if (result == QUEUE_FOUND && queue_select_matches(&w->select, &look, w->now)) {
    queue_look_hear(&look);
    if (w->form == FORM_MAILQ && !sums->messages) say_mailq_head();
    add_up(sums, &look.file);
    if (w->form == FORM_COUNTED) queue_summary_add(&w->summary, &look);
    show(&look, w->form, w->now);
  }
  queue_look_close(&look);
  return result != QUEUE_ABSENT;
}

static void summarize(const struct queue_sums *sums, uint64_t now)
{
  text out = TEXT_ZERO;

  text_add_format(&out, "%zu %s, %zu %s to go, ", sums->messages, sums->messages == 1 ? "message" : "messages", sums->recipients,
                  sums->recipients == 1 ? "recipient" : "recipients");
  queue_show_size(&out, sums->bytes);
  if (sums->messages) {
    text_add(&out, ", the oldest came ");
    queue_show_span(&out, now > sums->oldest_seconds ? now - sums->oldest_seconds : 0);
    text_add(&out, " ago");
  }
  text_add_char(&out, '\n');
  say(&out);
  text_free(&out);
}

static void say_mailq_sum(const struct queue_sums *sums)
{
  text out = TEXT_ZERO;

  queue_mailq_sum(&out, sums->messages, sums->bytes);
  say(&out);
  text_free(&out);
}

/* by: "cause", "destination", or 0 for both. */
static void say_counts(const struct wish *w, const struct queue_sums *sums, const char *by, bool is_json)
{
  bool has_causes = !by || !strcmp(by, "cause"), has_destinations = !by || !strcmp(by, "destination");
  text out = TEXT_ZERO;

  if (is_json) {
    text_add_char(&out, '{');
    json_number(&out, "messages", sums->messages);
    json_number(&out, "recipients", sums->recipients);
    json_number(&out, "bytes", sums->bytes);
    json_number(&out, "oldest", sums->oldest_seconds);
    if (has_causes) queue_summary_json(&w->summary.causes, "causes", "cause", &out);
    if (has_destinations) queue_summary_json(&w->summary.destinations, "destinations", "destination", &out);
    text_add(&out, "}\n");
  } else {
    if (has_causes) queue_summary_text(&w->summary.causes, "cause", w->now, &out);
    if (has_causes && has_destinations) text_add_char(&out, '\n');
    if (has_destinations) queue_summary_text(&w->summary.destinations, "destination", w->now, &out);
  }
  say(&out);
  text_free(&out);
  if (!is_json) summarize(sums, w->now);
}

static enum ending show_named(const char *const *ids, struct wish *w, struct queue_sums *sums)
{
  enum ending ending = END_DONE;

  for (; *ids; ids++)
    if (!show_id(*ids, w, sums)) {
      strerr_warnw(*ids, ": no such message in the queue");
      ending = END_NO;
    }
  return ending;
}

static void show_all(struct wish *w, struct queue_sums *sums)
{
  struct queue_list list = { 0, 0 };

  queue_list_read(&list);
  for (size_t i = 0; i < list.count; i++) {
    show_id(list.ids[i], w, sums);
    if (i % LOOKS == 0) say(0);
  }
}

/* The sums of all, without reading all, if send-schedule can say them. */
static bool ask_for_sums(struct wish *w, struct queue_sums *sums)
{
  text unread = TEXT_ZERO;
  size_t at = 0;
  bool is_good = w->form == FORM_COUNTED && !w->select.is_given && queue_sums_ask(sums, &w->summary, &unread);

  for (const char *id; (id = record_next(&unread, "unread", &at));) show_id(id, w, sums);
  text_free(&unread);
  return is_good;
}

int main(int argc, const char **argv)
{
  bool is_json = false, is_mailq = false, is_summary = false, is_follow = false;
  const struct option_word words[] = { { "--json", &is_json }, { "--mailq", &is_mailq }, { "--summary", &is_summary }, { "--follow", &is_follow }, { 0, 0 } };
  struct queue_sums sums = { 0, 0, 0, 0 };
  struct wish w = { .form = FORM_TEXT };
  enum ending ending = END_DONE;
  (void)argc;

  PROG = "qstat";
  queue_select_read(&w.select, argv + 1, USAGE);
  const char *by = options_take(argv + 1, "--by", USAGE);
  int named = options_read(argv + 1, words, USAGE);
  bool is_counted = is_summary || by;
  if (is_mailq && (is_json || is_counted)) die_usage(USAGE);
  if (by && strcmp(by, "cause") && strcmp(by, "destination")) die_usage(USAGE);
  if (is_follow && (named || is_mailq || is_counted)) die_usage(USAGE);
  home_enter();
  if (is_follow) queue_follow(&w.select, is_json);
  w.form = is_counted ? FORM_COUNTED : is_json ? FORM_JSON : is_mailq ? FORM_MAILQ : FORM_TEXT;
  w.now = (uint64_t)time(0);
  if (named)
    ending = show_named(argv + 1, &w, &sums);
  else if (!ask_for_sums(&w, &sums))
    show_all(&w, &sums);
  if (w.form == FORM_TEXT) summarize(&sums, w.now);
  if (w.form == FORM_MAILQ) say_mailq_sum(&sums);
  if (is_counted) say_counts(&w, &sums, is_summary ? 0 : by, is_json);
  say(0);
  return ending;
}
