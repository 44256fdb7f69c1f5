/* tls-report: how TLS went with the mail servers of other domains, counted, and once a day told to those who want to know
   it (RFC 8460).

   One loop; fd 0 is the listening socket run/tls-report. Runs as mail-tlsrpt; reads control/, writes state/tlsrpt. It has no
   network: report-post looks up where a report is wanted, and brings it by HTTPS; queue-add takes those by mail.
   With words it is the operator's, who asks the one that runs. */

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/ready.h"
#include "lib/sandbox.h"
#include "lib/signals.h"
#include "tlsrpt/ask.h"
#include "tlsrpt/json.h"
#include "tlsrpt/service.h"

#define USAGE "tls-report   (fd 0: the listening socket run/tls-report), or " TLSRPT_ASK_USAGE

enum {
  LISTENING, SIGNALS, OTHERS, /* the places of the polls */
  FLUSH_MS = 1000,
  HOUSEKEEPING_MS = 60000,    /* control files; what was counted is synced */
  LEAVE_MS = 5000,            /* so long jobs under way are waited for at the end; what has no answer then is asked again */
  DELAY_MAX = 43200,
  FILES_MAX = 1024,
  MEMORY_BYTES = 512 << 20
};

static int signals;
static bool wants_renewal;

static void check_contact(void)
{
  struct address address = ADDRESS_ZERO;
  text contact = TEXT_ZERO;

  tlsrpt_contact(&contact);
  if (address_parse(&address, contact.s, contact.len) != ADDRESS_FULL || address.is_literal)
    die_permanent("control/tlsreportcontact: not an address with a domain name: ", contact.s);
  address_free(&address);
  text_free(&contact);
}

void tlsrpt_read_settings(struct tlsrpt *t)
{
  check_contact();
  t->is_wanted = conf_is_yes("tlsreport", true);
  t->delay = conf_number("tlsreportdelay", 14400, DELAY_MAX);
}

static void look_at_clocks(struct tlsrpt *t)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  t->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  t->now = (uint64_t)time(0);
}

static void become_harmless(void)
{
  static const char *const reads[] = { "control", 0 };
  static const char *const writes[] = { "state/tlsrpt", 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes };
  const struct rlimit none = { 0, 0 }, files = { FILES_MAX, FILES_MAX }, memory = { MEMORY_BYTES, MEMORY_BYTES };

  if (setrlimit(RLIMIT_NOFILE, &files) == -1 || setrlimit(RLIMIT_DATA, &memory) == -1) die_unable("limit files and memory");
  sandbox_enter(&sandbox);
  if (setrlimit(RLIMIT_NPROC, &none) == -1 || setrlimit(RLIMIT_CORE, &none) == -1) die_unable("limit the process");
}

static void init(struct tlsrpt *t)
{
  text me = TEXT_ZERO;

  home_enter();
  umask(077);
  conf_me(&me); /* the reports need it, and would be the first to miss it */
  text_free(&me);
  tlsrpt_read_settings(t);
  tlsrpt_callers_init(t);
  for (unsigned int i = 0; i < TLSRPT_JOBS_MAX; i++) t->jobs[i].socket = t->jobs[i].mail = -1;
  tlsrpt_store_open(&t->store);
  signals = signals_open();
  become_harmless();
  look_at_clocks(t);
}

static bool is_told_to_stop(void)
{
  struct signalfd_siginfo info;
  bool is_told = false;

  while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
    is_told = true;
    wants_renewal = info.ssi_signo == SIGHUP;
  }
  return is_told;
}

/* Waits until wake_ms, and does what callers and services that were asked have brought. True: told to stop. */
static bool wait_and_work(struct tlsrpt *t, int64_t wake_ms, bool is_stopping)
{
  static struct pollfd polls[OTHERS + TLSRPT_CALLERS_MAX + TLSRPT_JOBS_MAX];
  struct pollfd *callers = polls + OTHERS;

  polls[LISTENING] = (struct pollfd){ .fd = is_stopping ? -1 : 0, .events = POLLIN };
  polls[SIGNALS] = (struct pollfd){ .fd = signals, .events = POLLIN };
  struct pollfd *jobs = callers + tlsrpt_callers_wait(t, callers, &wake_ms);
  size_t count = (size_t)(jobs - polls) + tlsrpt_jobs_wait(t, jobs, &wake_ms);
  int64_t wait = wake_ms - t->now_ms;
  if (poll(polls, count, wait < 0 ? 0 : (int)wait) == -1) memset(polls, 0, sizeof polls);
  look_at_clocks(t);
  tlsrpt_jobs_work(t, jobs);
  tlsrpt_callers_work(t, callers);
  if (polls[LISTENING].revents) tlsrpt_callers_accept(t);
  return polls[SIGNALS].revents && is_told_to_stop();
}

/* When a report is due, or the day ends. */
static int64_t next_ms(struct tlsrpt *t, int64_t housekeeping_ms)
{
  uint64_t due = tlsrpt_store_next_due(&t->store), midnight = t->now - t->now % 86400 + 86400;
  uint64_t next = due < midnight ? due : midnight;
  int64_t wait = next <= t->now ? FLUSH_MS : next - t->now > HOUSEKEEPING_MS / 1000 ? HOUSEKEEPING_MS : (int64_t)(next - t->now) * 1000;

  return t->now_ms + wait < housekeeping_ms ? t->now_ms + wait : housekeeping_ms;
}

static void run(struct tlsrpt *t)
{
  int64_t flush_ms = t->now_ms, housekeeping_ms = t->now_ms + HOUSEKEEPING_MS, next = t->now_ms;

  for (bool is_stopping = false; !is_stopping;) {
    is_stopping = wait_and_work(t, t->store.sql.is_open ? flush_ms : next, false);
    next = flush_ms;
    if (t->now_ms < flush_ms) continue;
    bool is_house_day = t->now_ms >= housekeeping_ms;
    if (is_house_day) {
      tlsrpt_read_settings(t);
      if (!tlsrpt_jobs_are_busy(t)) tlsrpt_store_free_all(&t->store);
      housekeeping_ms = t->now_ms + HOUSEKEEPING_MS;
    }
    tlsrpt_store_end(&t->store, t->now, t->delay, false);
    tlsrpt_store_flush(&t->store, is_house_day);
    tlsrpt_jobs_start(t);
    flush_ms = t->now_ms + FLUSH_MS;
    next = next_ms(t, housekeeping_ms);
  }
}

static void leave(struct tlsrpt *t)
{
  int64_t end_ms = t->now_ms + LEAVE_MS;

  log_event(wants_renewal ? "renewing" : "stopping", (char *)0);
  while (tlsrpt_jobs_are_busy(t) && t->now_ms < end_ms) wait_and_work(t, end_ms, true);
  tlsrpt_store_close(&t->store);
}

int main(int argc, const char *const *argv)
{
  static struct tlsrpt t;

  PROG = "tls-report";
  if (argc > 1) return tlsrpt_ask(argv + 1, USAGE);
  init(&t);
  ready_tell();
  log_event("serving", (char *)0);
  run(&t);
  leave(&t);
  if (!wants_renewal) return END_DONE;
  execvp(argv[0], (char *const *)(uintptr_t)argv); /* it finds the listening socket on fd 0 */
  die_unable("execute ", argv[0], " anew");
}
