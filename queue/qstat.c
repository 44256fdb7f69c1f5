/* qstat: shows what is queued, and why. Reads queue/; writes nothing; asks nobody. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/options.h"
#include "queue/list.h"
#include "queue/show.h"

#define USAGE "qstat [--json|--mailq] [ID...]"

enum form { FORM_TEXT, FORM_JSON, FORM_MAILQ };

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

static void show(const struct queue_file *f, enum form form, uint64_t now)
{
  struct said *said = calloc(f->envelope.count, sizeof *said);
  text log = TEXT_ZERO, path = TEXT_ZERO, out = TEXT_ZERO;

  if (!said) die_nomem();
  if (openslurpclose(&log, queue_path_log(&path, f->envelope.id.s))) said_read_last(said, &f->envelope, log.s, log.len);
  switch (form) {
  case FORM_TEXT: queue_show_text(&out, f, said, now); break;
  case FORM_JSON: queue_show_json(&out, f, said, now); break;
  case FORM_MAILQ: queue_mailq_add(&out, f, said); break;
  }
  say(&out);
  for (size_t i = 0; i < f->envelope.count; i++) said_free(&said[i]);
  free(said);
  text_free(&log);
  text_free(&path);
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
static bool show_id(const char *id, enum form form, uint64_t now, struct sums *sums)
{
  struct queue_file f = QUEUE_FILE_ZERO;
  enum queue_result result = queue_open(&f, id, O_RDONLY);

  if (result == QUEUE_FOUND) {
    if (form == FORM_MAILQ && !sums->messages) say_mailq_head();
    add_up(sums, &f);
    show(&f, form, now);
  } else if (result == QUEUE_BROKEN && errno != EBADMSG)
    die_unable("read the message ", id);
  else if (result != QUEUE_ABSENT)
    strerr_warnw(id, ": not whole, or not as doc/queue.md says: run queue-check");
  queue_close(&f);
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

static enum ending show_named(const char *const *ids, enum form form, uint64_t now, struct sums *sums)
{
  enum ending ending = END_DONE;

  for (; *ids; ids++)
    if (!show_id(*ids, form, now, sums)) {
      strerr_warnw(*ids, ": no such message in the queue");
      ending = END_NO;
    }
  return ending;
}

static void show_all(enum form form, uint64_t now, struct sums *sums)
{
  struct queue_list list = { 0, 0 };

  queue_list_read(&list);
  for (size_t i = 0; i < list.count; i++) show_id(list.ids[i], form, now, sums);
}

int main(int argc, const char **argv)
{
  bool is_json = false, is_mailq = false;
  const struct option_word words[] = { { "--json", &is_json }, { "--mailq", &is_mailq }, { 0, 0 } };
  struct sums sums = { 0, 0, 0, 0 };
  enum ending ending = END_DONE;
  (void)argc;

  PROG = "qstat";
  int named = options_read(argv + 1, words, USAGE);
  if (is_json && is_mailq) die_usage(USAGE);
  const enum form form = is_json ? FORM_JSON : is_mailq ? FORM_MAILQ : FORM_TEXT;
  home_enter();
  uint64_t now = (uint64_t)time(0);
  if (named)
    ending = show_named(argv + 1, form, now, &sums);
  else
    show_all(form, now, &sums);
  if (form == FORM_TEXT) summarize(&sums, now);
  if (form == FORM_MAILQ) say_mailq_sum(&sums);
  return ending;
}
