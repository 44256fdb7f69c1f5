/* qctl: what the operator wants done with queued messages; send-schedule does it. Run by root. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/id.h"
#include "lib/json.h"
#include "lib/options.h"
#include "queue/list.h"
#include "queue/select.h"
#include "queue/show.h"

#define USAGE "qctl retry|hold|release|delete|bounce ID...|--all|SELECTION [--because WORDS] [--dry-run] [--json], or qctl status [--json]; SELECTION: " QUEUE_SELECT_USAGE

enum {
  AT_ONCE = 200,       /* ids in one request */
  BECAUSE_MAX = 1000,  /* bytes of --because */
  WAIT_SECONDS = 3600  /* all of a large queue may take a while */
};

static const struct verb {
  const char *what;
  const char *past;
  const char *nothing; /* why there was nothing to do */
} verbs[] = {
  { "retry", "to be tried at once", "" },
  { "hold", "held", ": is held already: nothing to do" },
  { "release", "released", ": is not held: nothing to do" },
  { "delete", "deleted", "" },
  { "bounce", "returned to the sender", ": all its recipients have come to their end: nothing to return" },
  { 0, 0, 0 }
};

/* What is said of single messages. */
static const struct remark {
  const char *key;
  const char *words;
  const char *words_selected; /* it was there when it was selected */
  bool is_good;               /* it counts as done */
} remarks[] = {
  { "missing", ": no such message in the queue", ": left the queue meanwhile, delivered or removed", false },
  { "running", ": is being tried at this moment: nothing more to do", 0, true },
  { "noted", ": is being delivered at this moment: ", 0, true },
  { "held", ": is held, nothing was done: release it, then it is tried", 0, false },
  { "unchanged", 0, 0, true },
  { "failed", ": the disk refused, see the log of send-schedule", 0, false }
};
enum { REMARKS = sizeof remarks / sizeof *remarks };

struct wish {
  const struct verb *verb;
  const char *because;
  bool is_selected; /* the ids were found by a selection */
  bool is_json;
  uint64_t done;
  bool is_all_good;
  text named[REMARKS]; /* JSON: "id","id" */
};

static void ask(const text *request, text *answer)
{
  enum call_result result = call_ask("send-schedule", request, 0, 0, answer, 0, WAIT_SECONDS);
  bool has_hung_up = result == CALL_CLOSED || (result == CALL_BROKEN && (errno == EPIPE || errno == ECONNRESET));

  if (has_hung_up && geteuid()) die_permanent("send-schedule does not answer this user: qctl is for root");
  switch (result) {
  case CALL_DONE: break;
  case CALL_CLOSED:
    die_temporary("send-schedule ended before it answered: look at its log, and try again");
    break;
  case CALL_BROKEN: die_unable("ask send-schedule (is it running?)"); break;
  }
  if (!record_is(answer, "answer", "done")) die_permanent("send-schedule says: ", record_get(answer, "error"));
}

static void add_name(text *names, const char *id)
{
  if (names->len) text_add_char(names, ',');
  json_string(names, id);
}

static void remark(struct wish *w, unsigned int i, const char *id)
{
  const struct remark *r = &remarks[i];
  bool is_noted = !strcmp(r->key, "noted");
  const char *words = w->is_selected && r->words_selected ? r->words_selected : r->words;

  if (!r->is_good) w->is_all_good = false;
  add_name(&w->named[i], id);
  if (w->is_json || (!words && w->is_selected)) return;
  strerr_warnw(id, words ? words : w->verb->nothing, is_noted ? w->verb->past : "",
               is_noted ? " if that leaves something to do" : "");
}

static void remark_each(struct wish *w, const text *answer, unsigned int i)
{
  size_t at = 0;

  for (const char *id; (id = record_next(answer, remarks[i].key, &at));) remark(w, i, id);
}

static void ask_and_note(struct wish *w, const text *request)
{
  text answer = TEXT_ZERO;
  uint64_t count = 0;

  ask(request, &answer);
  record_number(&answer, "count", UINT64_MAX, &count);
  w->done += count;
  for (unsigned int i = 0; i < REMARKS; i++) remark_each(w, &answer, i);
  text_free(&answer);
}

static void begin_request(const struct wish *w, text *request)
{
  text_clear(request);
  record_add(request, "what", w->verb->what);
  if (w->because) record_add(request, "because", w->because);
}

static void ask_for_named(struct wish *w, const char *const *ids)
{
  text request = TEXT_ZERO;

  while (*ids) {
    begin_request(w, &request);
    for (int i = 0; i < AT_ONCE && *ids; i++, ids++) record_add(&request, "id", *ids);
    ask_and_note(w, &request);
  }
  text_free(&request);
}

static void ask_for_all(struct wish *w)
{
  text request = TEXT_ZERO;

  begin_request(w, &request);
  record_add(&request, "all", "yes");
  ask_and_note(w, &request);
  text_free(&request);
}

static void say(text *words)
{
  if (allwrite(1, words->s, words->len) != words->len) die_unable("write to fd 1");
  text_free(words);
}

static int show_status(bool is_json)
{
  static const char *const keys[] = { "count", "open", "ready", "later" };
  text request = TEXT_ZERO, answer = TEXT_ZERO, out = TEXT_ZERO;
  uint64_t number;

  record_add(&request, "what", "status");
  ask(&request, &answer);
  bool is_scanning = record_is(&answer, "scanning", "yes");
  if (is_json) {
    text_add_char(&out, '{');
    for (unsigned int i = 0; i < sizeof keys / sizeof *keys; i++)
      json_number(&out, keys[i], record_number(&answer, keys[i], UINT64_MAX, &number) ? number : 0);
    json_key(&out, "scanning");
    text_add(&out, is_scanning ? "true}\n" : "false}\n");
  } else
    text_add_format(&out, "%s in the queue: %s open, %s new, %s wait for their next try%s\n", record_get(&answer, "count"),
                    record_get(&answer, "open"), record_get(&answer, "ready"), record_get(&answer, "later"),
                    is_scanning ? "; still reading the queue" : "");
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

/* The ids that are there and are meant; what is named and not there counts as missing. */
static const char **select_ids(struct wish *w, const struct queue_select *select, const char *const *ids, size_t count)
{
  const char **found = calloc(count + 1, sizeof *found);
  uint64_t now = (uint64_t)time(0);
  size_t kept = 0;

  if (!found) die_nomem();
  for (size_t i = 0; i < count; i++) {
    struct queue_look look = QUEUE_LOOK_ZERO;
    switch (queue_look_glance(&look, ids[i])) {
    case QUEUE_FOUND:
      if (queue_select_is_by_words(select)) queue_look_hear(&look);
      if (queue_select_matches(select, &look, now)) found[kept++] = ids[i];
      break;
    case QUEUE_ABSENT:
      if (!w->is_selected) remark(w, 0, ids[i]); /* else it went while the queue was read */
      break;
    default: break;
    }
    queue_look_close(&look);
  }
  return found;
}

static const char **find_ids(struct wish *w, const struct queue_select *select, const char *const *named)
{
  struct queue_list list = { 0, 0 };
  size_t count = 0;

  while (named[count]) count++;
  if (count) return select_ids(w, select, named, count);
  w->is_selected = true;
  queue_list_read(&list);
  return select_ids(w, select, (const char *const *)list.ids, list.count);
}

static void add_named(const struct wish *w, text *out)
{
  for (unsigned int i = 0; i < REMARKS; i++) {
    json_key(out, remarks[i].key);
    text_add_char(out, '[');
    text_add_text(out, &w->named[i]);
    text_add_char(out, ']');
  }
}

static void tell(const struct wish *w)
{
  text out = TEXT_ZERO;

  if (w->is_json) {
    text_add_char(&out, '{');
    json_pair(&out, "what", w->verb->what);
    json_number(&out, "count", w->done);
    add_named(w, &out);
    text_add(&out, "}\n");
  } else
    text_add_format(&out, "%llu %s %s\n", (unsigned long long)w->done, w->done == 1 ? "message" : "messages", w->verb->past);
  say(&out);
}

/* Asks nobody: what would be asked for. */
static void tell_only(struct wish *w, const char *const *ids)
{
  text out = TEXT_ZERO, names = TEXT_ZERO;

  for (; *ids; ids++, w->done++) {
    add_name(&names, *ids);
    if (!w->is_json) text_add_format(&out, "%s\n", *ids);
  }
  if (w->is_json) {
    text_add_char(&out, '{');
    json_pair(&out, "what", w->verb->what);
    json_key(&out, "dry-run");
    text_add(&out, "true");
    json_number(&out, "count", w->done);
    json_key(&out, "ids");
    text_add_char(&out, '[');
    text_add_text(&out, &names);
    text_add_char(&out, ']');
    add_named(w, &out);
    text_add(&out, "}\n");
  } else
    text_add_format(&out, "%llu %s would be %s; nothing was done\n", (unsigned long long)w->done, w->done == 1 ? "message" : "messages",
                    strcmp(w->verb->what, "retry") ? w->verb->past : "tried at once");
  text_free(&names);
  say(&out);
}

int main(int argc, const char **argv)
{
  bool are_all = false, is_dry = false;
  struct wish w = { .is_all_good = true };
  struct queue_select select = { 0 };
  const struct option_word words[] = { { "--all", &are_all }, { "--dry-run", &is_dry }, { "--json", &w.is_json }, { 0, 0 } };
  (void)argc;

  PROG = "qctl";
  queue_select_read(&select, argv + 1, USAGE);
  w.because = options_take(argv + 1, "--because", USAGE);
  if (w.because && strlen(w.because) > BECAUSE_MAX) die_permanent("--because: more than 1000 bytes");
  int count = options_read(argv + 1, words, USAGE);
  home_enter();
  bool has_options = are_all || is_dry || select.is_given || w.because;
  if (count == 1 && !has_options && !strcmp(argv[1], "status")) return show_status(w.is_json);
  if (!count || (are_all && count > 1) || (count == 1 && !are_all && !select.is_given)) die_usage(USAGE);
  w.verb = find_verb(argv[1]);
  if (w.because && strcmp(w.verb->what, "bounce")) die_usage(USAGE);
  check_ids(argv + 2);
  if (is_dry || select.is_given) {
    const char **ids = find_ids(&w, &select, argv + 2);
    if (is_dry)
      tell_only(&w, ids);
    else
      ask_for_named(&w, ids);
  } else if (are_all)
    ask_for_all(&w);
  else
    ask_for_named(&w, argv + 2);
  if (!is_dry) tell(&w);
  return w.is_all_good ? END_DONE : END_NO;
}
