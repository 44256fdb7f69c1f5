/* qstat: shows what is queued, and why. Reads queue/; writes nothing; asks nobody. */

#include <time.h>

#include <skalibs/allreadwrite.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/options.h"
#include "queue/list.h"
#include "queue/select.h"
#include "queue/show.h"

#define USAGE "qstat [--json|--mailq] " QUEUE_SELECT_USAGE " [ID...]"

enum form { FORM_TEXT, FORM_JSON, FORM_MAILQ };

struct wish {
  enum form form;
  struct queue_select select;
  uint64_t now;
};

struct sums {
  size_t messages;
  size_t recipients; /* to go */
  uint64_t bytes;
  uint64_t oldest_seconds; /* birth */
};

static void say(const text *words)
{
  if (allwrite(1, words->s, words->len) != words->len) die_unable("write to fd 1");
}

static void add_up(struct sums *sums, const struct queue_file *f)
{
  sums->messages++;
  sums->bytes += f->size_bytes;
  if (!sums->oldest_seconds || f->envelope.birth_seconds < sums->oldest_seconds) sums->oldest_seconds = f->envelope.birth_seconds;
  for (size_t i = 0; i < f->envelope.count; i++) sums->recipients += queue_show_is_to_go(&f->envelope.recipients[i]);
}

static void show(const struct queue_look *l, enum form form, uint64_t now)
{
  text out = TEXT_ZERO;

  switch (form) {
  case FORM_TEXT: queue_show_text(&out, &l->file, l->said, now); break;
  case FORM_JSON: queue_show_json(&out, &l->file, l->said, now); break;
  case FORM_MAILQ: queue_mailq_add(&out, &l->file, l->said); break;
  }
  say(&out);
  text_free(&out);
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
static bool show_id(const char *id, const struct wish *w, struct sums *sums)
{
  struct queue_look look = QUEUE_LOOK_ZERO;
  enum queue_result result = queue_look_open(&look, id);

  if (result == QUEUE_FOUND && queue_select_matches(&w->select, &look, w->now)) {
    if (w->form == FORM_MAILQ && !sums->messages) say_mailq_head();
    add_up(sums, &look.file);
    show(&look, w->form, w->now);
  }
  queue_look_close(&look);
  return result != QUEUE_ABSENT;
}

static void summarize(const struct sums *sums, uint64_t now)
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

static void say_mailq_sum(const struct sums *sums)
{
  text out = TEXT_ZERO;

  queue_mailq_sum(&out, sums->messages, sums->bytes);
  say(&out);
  text_free(&out);
}

static enum ending show_named(const char *const *ids, const struct wish *w, struct sums *sums)
{
  enum ending ending = END_DONE;

  for (; *ids; ids++)
    if (!show_id(*ids, w, sums)) {
      strerr_warnw(*ids, ": no such message in the queue");
      ending = END_NO;
    }
  return ending;
}

static void show_all(const struct wish *w, struct sums *sums)
{
  struct queue_list list = { 0, 0 };

  queue_list_read(&list);
  for (size_t i = 0; i < list.count; i++) show_id(list.ids[i], w, sums);
}

int main(int argc, const char **argv)
{
  bool is_json = false, is_mailq = false;
  const struct option_word words[] = { { "--json", &is_json }, { "--mailq", &is_mailq }, { 0, 0 } };
  struct sums sums = { 0, 0, 0, 0 };
  struct wish w = { .form = FORM_TEXT };
  enum ending ending = END_DONE;
  (void)argc;

  PROG = "qstat";
  queue_select_read(&w.select, argv + 1, USAGE);
  int named = options_read(argv + 1, words, USAGE);
  if (is_json && is_mailq) die_usage(USAGE);
  w.form = is_json ? FORM_JSON : is_mailq ? FORM_MAILQ : FORM_TEXT;
  home_enter();
  w.now = (uint64_t)time(0);
  if (named)
    ending = show_named(argv + 1, &w, &sums);
  else
    show_all(&w, &sums);
  if (w.form == FORM_TEXT) summarize(&sums, w.now);
  if (w.form == FORM_MAILQ) say_mailq_sum(&sums);
  return ending;
}
