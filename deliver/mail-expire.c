/* mail-expire: once a day old spam goes out of the Junk folders (N-67, N-31, N-95).

   Runs as mail-expire, which can open no mailbox: it walks the tables and asks mailbox-spawn about one mailbox after the other; that one knows
   the settings, becomes the mailbox's uid and does it. Writes state/metrics/mail-expire, whose age is when the last pass was. With words it is
   the operator's: one pass now. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <skalibs/allreadwrite.h>

#include "deliver/expire.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/metric.h"
#include "lib/options.h"
#include "lib/owner.h"
#include "lib/ready.h"
#include "lib/sandbox.h"
#include "lib/signals.h"
#include "lib/tables.h"

#define USAGE "mail-expire, or mail-expire once [--dry-run]"
#define FOLDER "state/metrics/mail-expire"
#define METRICS FOLDER "/expire.prom"
#define METRICS_NEW FOLDER "/.expire.new"

enum { DAY_SECONDS = 86400, AGAIN_SECONDS = 900, ANSWER_SECONDS = 120 };

struct pass {
  bool is_dry, is_shown;
  uint64_t mailboxes; /* those that something was taken out of */
  uint64_t messages, bytes, failed;
};

static int signals = -1;

/* Waits for so long for a signal to stop. One that came stays. */
static bool is_told_to_stop(unsigned int seconds)
{
  struct pollfd told = { .fd = signals, .events = POLLIN };

  return poll(&told, 1, (int)seconds * 1000) == 1;
}

static void show(const text *line)
{
  if (allwrite(1, line->s, line->len) != line->len) die_unable("write to fd 1");
}

static void tell(const struct pass *p, const char *name, const text *answer)
{
  const char *messages = record_get(answer, "messages"), *bytes = record_get(answer, "bytes");
  text line = TEXT_ZERO;

  text_add_format(&line, "%s %s %s\n", name, messages, bytes);
  if (p->is_shown)
    show(&line);
  else
    log_event("expired", "mailbox", name, "messages", messages, "bytes", bytes, "unfinished", record_get(answer, "unfinished"), (char *)0);
  text_free(&line);
}

/* False: mailbox-spawn is away. Any other trouble is that of one mailbox, whose owner may have made it. */
static bool expire(struct pass *p, const char *key, const char *name)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  uint64_t messages = 0, bytes = 0;

  record_add(&request, "what", "expire");
  record_add(&request, "mailbox", key);
  if (p->is_dry) record_add(&request, "dry", "yes");
  enum call_result result = call_ask("mailbox-spawn", &request, 0, 0, &answer, 0, ANSWER_SECONDS);
  bool is_away = result == CALL_BROKEN && (errno == ECONNREFUSED || errno == ENOENT);
  const char *error = result != CALL_DONE ? "no answer" : record_get(&answer, "error");
  if (is_away || *error) log_event(is_away ? "away" : "failed", "mailbox", name, "error", error, (char *)0);
  p->failed += *error != 0;
  if (result == CALL_DONE && record_number(&answer, "messages", UINT32_MAX, &messages) && messages) {
    record_number(&answer, "bytes", INT64_MAX, &bytes);
    tell(p, name, &answer);
    p->mailboxes++;
    p->messages += messages;
    p->bytes += bytes;
  }
  text_free(&request);
  text_free(&answer);
  return !is_away;
}

/* In one generation of the tables from the beginning to the end. False: not through all mailboxes. */
static bool walk(struct pass *p)
{
  struct tables tables = TABLES_ZERO;
  text key = TEXT_ZERO, record = TEXT_ZERO;
  uint64_t at = 0;
  enum lookup_result result = LOOKUP_BROKEN;

  if (tables_open(&tables, "policy"))
    while ((result = tables_walk(&tables, &at, &key, &record)) == LOOKUP_FOUND) {
      if (strncmp(text_string(&key), "mailbox:", 8) || !deliver_expire_days(&record)) continue;
      const char *name = record_get(&record, "name");
      if (is_told_to_stop(0) || !expire(p, key.s + 8, *name ? name : record_get(&record, "path"))) break;
    }
  if (result == LOOKUP_BROKEN) log_event("away", "error", "the tables cannot be read", (char *)0);
  tables_close(&tables);
  text_free(&key);
  text_free(&record);
  return result == LOOKUP_ABSENT;
}

static void write_metrics(const struct pass *p)
{
  text before = TEXT_ZERO, out = TEXT_ZERO;

  metric_read(METRICS, &before);
  metric_add(&out, "postroom_expire_finished_timestamp_seconds", "gauge", "When mail-expire had last been through all mailboxes.", (uint64_t)time(0));
  metric_add(&out, "postroom_expire_failed_mailboxes", "gauge", "Mailboxes of that pass in which old spam could not be looked for.", p->failed);
  metric_add(&out, "postroom_expire_messages_total", "counter", "Messages that were removed as old spam.", metric_last(&before, "postroom_expire_messages_total") + p->messages);
  metric_add(&out, "postroom_expire_bytes_total", "counter", "Their bytes.", metric_last(&before, "postroom_expire_bytes_total") + p->bytes);
  metric_write(METRICS, METRICS_NEW, &out);
  text_free(&before);
  text_free(&out);
}

static bool run(struct pass *p)
{
  text words = TEXT_ZERO;
  bool is_whole = walk(p);

  text_add_format(&words, "%llu messages, %llu bytes, in %llu mailboxes; %llu failed", (unsigned long long)p->messages, (unsigned long long)p->bytes,
                  (unsigned long long)p->mailboxes, (unsigned long long)p->failed);
  if (!p->is_shown) log_event("pass", "removed", text_string(&words), "whole", is_whole ? "yes" : "no", (char *)0);
  if (is_whole && !p->is_dry) write_metrics(p);
  text_add_char(&words, '\n');
  if (p->is_shown) show(&words);
  text_free(&words);
  return is_whole;
}

/* Seconds until a day after the last pass; 0 if that is not known, or the clock was set back behind it. */
static unsigned int until_next(void)
{
  struct stat st;
  time_t now = time(0);

  if (stat(METRICS, &st) == -1 || st.st_mtim.tv_sec > now || now - st.st_mtim.tv_sec >= DAY_SECONDS) return 0;
  return (unsigned int)(DAY_SECONDS - (now - st.st_mtim.tv_sec));
}

static void become_harmless(void)
{
  static const char *const reads[] = { "control", "tables", 0 };
  static const char *const writes[] = { FOLDER, 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes };
  static const char *const groups[] = { 0 };

  owner_become(FOLDER, "mail-expire", groups);
  sandbox_enter(&sandbox);
  deliver_expire_days(&(text)TEXT_ZERO); /* dies of a wrong control/spamretention now and not at night */
}

/* The wait is by a clock that nobody sets: only what is old is asked of the calendar. */
static void serve(void)
{
  unsigned int wait = until_next();

  signals = signals_open();
  ready_tell();
  while (!is_told_to_stop(wait)) {
    struct pass p = { 0 };
    wait = run(&p) ? DAY_SECONDS : AGAIN_SECONDS;
  }
}

int main(int argc, const char **argv)
{
  struct pass once = { .is_shown = true };
  const struct option_word words[] = { { "--dry-run", &once.is_dry }, { 0, 0 } };

  PROG = "mail-expire";
  bool is_service = argc == 1;
  if (!is_service && (options_read(argv + 1, words, USAGE) != 1 || strcmp(argv[1], "once"))) die_usage(USAGE);
  home_enter();
  become_harmless();
  if (!is_service) return run(&once) && !once.failed ? END_DONE : END_TEMPORARY;
  serve();
  return END_DONE;
}
