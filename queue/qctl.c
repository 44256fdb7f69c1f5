/* qctl: what the operator wants done with queued messages; send-schedule does it. Run by root. */

#include <errno.h>
#include <string.h>

#include <skalibs/allreadwrite.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/id.h"
#include "lib/options.h"

#define USAGE "qctl retry|hold|release|delete ID...|--all, or qctl status"

enum {
  AT_ONCE = 200,      /* ids in one request */
  WAIT_SECONDS = 3600 /* all of a large queue may take a while */
};

struct verb {
  const char *what;
  const char *past;
};
static const struct verb verbs[] = {
  { "retry", "to be tried at once" }, { "hold", "held" }, { "release", "released" }, { "delete", "deleted" }, { 0, 0 }
};

struct sums {
  uint64_t done;
  bool is_all_good;
};

static void ask(const text *request, text *answer)
{
  switch (call_ask("send-schedule", request, 0, 0, answer, 0, WAIT_SECONDS)) {
  case CALL_DONE: break;
  case CALL_CLOSED: die_permanent("send-schedule does not answer this user: qctl is for root"); break;
  case CALL_BROKEN: die_unable("ask send-schedule (is it running?)"); break;
  }
  if (!record_is(answer, "answer", "done")) die_permanent("send-schedule says: ", record_get(answer, "error"));
}

static void warn_each(const text *answer, const char *key, const char *words, struct sums *sums)
{
  size_t at = 0;

  for (const char *id; (id = record_next(answer, key, &at));) {
    strerr_warnw(id, words);
    sums->is_all_good = false;
  }
}

static void ask_and_tell(const text *request, struct sums *sums)
{
  text answer = TEXT_ZERO;
  uint64_t count = 0;

  ask(request, &answer);
  record_number(&answer, "count", UINT64_MAX, &count);
  sums->done += count;
  warn_each(&answer, "missing", ": no such message in the queue", sums);
  warn_each(&answer, "running", ": is being delivered at this moment, nothing was done: ask again", sums);
  warn_each(&answer, "held", ": is held, nothing was done: release it, then it is tried", sums);
  warn_each(&answer, "failed", ": the disk refused, see the log of send-schedule", sums);
  text_free(&answer);
}

static void ask_for_named(const char *what, const char *const *ids, struct sums *sums)
{
  text request = TEXT_ZERO;

  while (*ids) {
    text_clear(&request);
    record_add(&request, "what", what);
    for (int i = 0; i < AT_ONCE && *ids; i++, ids++) record_add(&request, "id", *ids);
    ask_and_tell(&request, sums);
  }
  text_free(&request);
}

static void ask_for_all(const char *what, struct sums *sums)
{
  text request = TEXT_ZERO;

  record_add(&request, "what", what);
  record_add(&request, "all", "yes");
  ask_and_tell(&request, sums);
  text_free(&request);
}

static void say(text *words)
{
  if (allwrite(1, words->s, words->len) != words->len) die_unable("write to fd 1");
  text_clear(words);
}

static int show_status(void)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, out = TEXT_ZERO;

  record_add(&request, "what", "status");
  ask(&request, &answer);
  text_add_format(&out, "%s in the queue: %s open, %s new, %s wait for their next try%s\n", record_get(&answer, "count"),
                  record_get(&answer, "open"), record_get(&answer, "ready"), record_get(&answer, "later"),
                  record_is(&answer, "scanning", "yes") ? "; still reading the queue" : "");
  say(&out);
  return END_DONE;
}

static const struct verb *find_verb(const char *what)
{
  const struct verb *v = verbs;

  while (v->what && strcmp(v->what, what)) v++;
  if (!v->what) die_usage(USAGE);
  return v;
}

/* An id cannot be 64 KiB long, so that a request stays a packet. */
static void check_ids(const char *const *ids)
{
  for (; *ids; ids++)
    if (!id_check(*ids)) die_permanent(*ids, " is not the id of a message");
}

int main(int argc, const char **argv)
{
  bool are_all = false;
  const struct option_word words[] = { { "--all", &are_all }, { 0, 0 } };
  struct sums sums = { .is_all_good = true };
  text out = TEXT_ZERO;
  (void)argc;

  PROG = "qctl";
  int count = options_read(argv + 1, words, USAGE);
  home_enter();
  if (count == 1 && !are_all && !strcmp(argv[1], "status")) return show_status();
  if (!count || are_all != (count == 1)) die_usage(USAGE);
  const struct verb *verb = find_verb(argv[1]);
  check_ids(argv + 2);
  if (are_all)
    ask_for_all(verb->what, &sums);
  else
    ask_for_named(verb->what, argv + 2, &sums);
  text_add_format(&out, "%llu %s %s\n", (unsigned long long)sums.done, sums.done == 1 ? "message" : "messages", verb->past);
  say(&out);
  return sums.is_all_good ? END_DONE : END_NO;
}
