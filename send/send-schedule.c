/* send-schedule: the owner of the queue: which message is tried when, where it goes, and what becomes of it.

   One loop; fd 0 is the listening socket run/send-schedule. Runs as mail-send; reads control/ and tables/, writes queue/. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/ready.h"
#include "lib/sandbox.h"
#include "lib/signals.h"
#include "send/attempt.h"
#include "send/control.h"
#include "send/limit.h"
#include "send/link.h"
#include "send/scan.h"
#include "send/wish.h"

#define USAGE "send-schedule   (fd 0: the listening socket run/send-schedule)"

enum {
  EVENTS = 64,
  STARTS_AT_ONCE = 50,      /* messages opened in one pass, of each kind */
  HOUSEKEEPING_MS = 60000,  /* notices that were lost, control files, old lanes */
  WATCH_MS = 500,           /* connections without work */
  RENEW_MS = 5000,          /* so long nothing is begun, so that all under way can end before a renewal */
  STOP_MS = 7000,           /* ... or a stop: less than after what s6 kills (service/setup, timeout-kill) */
  REPORTS_MS = 1000,        /* ... and for the reports of what did not */
  SECONDS_MAX = 315360000   /* ten years: no interval is longer */
};

static int signals;

static void read_settings(struct send_settings *to)
{
  to->local_max = (unsigned int)conf_number("concurrencylocal", 10, 1000);
  to->remote_max = (unsigned int)conf_number("concurrencyremote", 100, 1000);
  to->each_max = (unsigned int)conf_number("concurrencydestination", 20, 1000);
  to->connection_ms = conf_number("connectiontime", 300, SECONDS_MAX) * 1000;
  to->backoff.first_seconds = conf_seconds("retryfirst", 300, SECONDS_MAX);
  to->backoff.longest_seconds = conf_seconds("retrymax", 14400, SECONDS_MAX);
  to->backoff.lifetime_seconds = conf_seconds("queuelifetime", 432000, SECONDS_MAX);
  to->bounce_lifetime_seconds = conf_seconds("bouncelifetime", to->backoff.lifetime_seconds, SECONDS_MAX);
  to->backoff.warning_seconds = conf_seconds("delaywarning", 14400, SECONDS_MAX);
  if (!to->each_max) conf_fault("control/concurrencydestination: must be at least 1");
  if (!to->backoff.first_seconds) conf_fault("control/retryfirst: must be at least 1 (second)");
  if (!to->backoff.longest_seconds) conf_fault("control/retrymax: must be at least 1 (second)");
}

static void check_settings(void)
{
  text me = TEXT_ZERO;

  conf_me(&me); /* the reports need it, and would be the first to miss it */
  text_free(&me);
}

static void lock_queue(void)
{
  int lock = open("queue/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (lock == -1) die_unable("open queue/lock");
  if (flock(lock, LOCK_EX | LOCK_NB) == -1) {
    if (errno == EWOULDBLOCK) die_temporary("another send-schedule owns this queue (queue/lock)");
    die_unable("lock queue/lock");
  }
}

static void raise_limit(void)
{
  struct rlimit files;

  if (getrlimit(RLIMIT_NOFILE, &files) == -1) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

static void watch_signals(const struct send_schedule *s)
{
  static enum send_source source = SEND_SOURCE_SIGNALS;
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = &source };

  signals = signals_open();
  if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, signals, &event) == -1) die_unable("watch signals");
}

static void enter_sandbox(void)
{
  static const char *const reads[] = { "control", "tables", "texts", 0 };
  static const char *const writes[] = { "queue", "state/limits/mail-send", 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes };

  sandbox_enter(&sandbox);
}

/* It is one process, and stays it; the sandbox is made by another. */
static void forbid_processes(void)
{
  const struct rlimit none = { 0, 0 };

  if (setrlimit(RLIMIT_NPROC, &none) == -1 || setrlimit(RLIMIT_CORE, &none) == -1) die_unable("limit the process");
}

static void look_at_clocks(struct send_schedule *s)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  s->now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  clock_gettime(CLOCK_REALTIME, &now);
  s->now_seconds = now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

static void init(struct send_schedule *s)
{
  home_enter();
  umask(077);
  check_settings();
  read_settings(&s->settings);
  lock_queue();
  raise_limit();
  s->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (s->epoll == -1) die_unable("make an epoll");
  send_lanes_init(&s->lanes, s->settings.local_max, s->settings.each_max);
  send_limits_read(s);
  send_control_init(s);
  watch_signals(s);
  send_scan_start(s);
  enter_sandbox();
  forbid_processes();
  look_at_clocks(s);
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* When something is to be done that no descriptor tells. */
static uint64_t next_ms(const struct send_schedule *s, uint64_t housekeeping_ms)
{
  const struct send_entry *first = send_waiting_first(&s->waiting);
  uint64_t next = housekeeping_ms;

  if (send_control_is_busy(s) || (!s->is_stopping && (s->ready.count || send_scan_is_busy()))) return s->now_ms;
  if (first && !s->is_stopping) next = earlier(next, first->due_ms);
  if (s->links || s->lanes.ring) next = earlier(next, s->now_ms + WATCH_MS);
  if (s->rights.count && !s->is_stopping) next = earlier(next, send_rights_are_busy(s) ? s->now_ms : s->rights.look_ms);
  return next;
}

static void start_renewal(struct send_schedule *s)
{
  s->wants_renewal = false;
  s->is_stopping = s->is_renewing = true;
  s->end_by_ms = s->now_ms + RENEW_MS;
  log_event("renewing", (char *)0);
}

/* A delivery that takes longer holds nothing up, and is not cut off, which could double it: next minute again. */
static void put_off_renewal(struct send_schedule *s)
{
  s->is_stopping = s->is_renewing = false;
  s->wants_renewal = true;
  log_event("waiting", "reason", "deliveries are under way: renewing is tried again in a minute", (char *)0);
}

/* Until it has ended all mail waits: for that no host and no mailbox is too slow. */
static void cut_off(struct send_schedule *s)
{
  send_links_cut(s);
  s->end_by_ms = s->now_ms + REPORTS_MS;
}

static void note_stop(struct send_schedule *s)
{
  if (s->is_stopping && !s->is_renewing) {
    log_event("stopped", "reason", "told twice", (char *)0);
    _exit(END_DONE);
  }
  s->is_stopping = true;
  s->is_renewing = s->wants_renewal = false;
  s->end_by_ms = s->now_ms + STOP_MS;
  log_event("stopping", (char *)0);
}

static void read_signals(struct send_schedule *s)
{
  struct signalfd_siginfo info;

  while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
    if (info.ssi_signo == SIGTERM)
      note_stop(s);
    else if (!s->is_stopping)
      start_renewal(s);
}

static void wait_and_work(struct send_schedule *s, uint64_t until_ms)
{
  struct epoll_event events[EVENTS];
  uint64_t wait = until_ms > s->now_ms ? until_ms - s->now_ms : 0;
  int count = epoll_wait(s->epoll, events, EVENTS, (int)earlier(wait, HOUSEKEEPING_MS));

  look_at_clocks(s);
  for (int i = 0; i < count; i++)
    switch (*(enum send_source *)events[i].data.ptr) {
    case SEND_SOURCE_LISTENING: send_control_accept(s); break;
    case SEND_SOURCE_SIGNALS: read_signals(s); break;
    case SEND_SOURCE_CALLER: send_control_work(s, events[i].data.ptr); break;
    case SEND_SOURCE_LINK: send_link_work(s, events[i].data.ptr); break;
    }
  send_links_bury(s);
  send_control_bury(s);
}

/* Those who wait in line at a lane, one after another of each, as long as there is room anywhere. However many lanes have none, the
   others are found. */
static void serve_lines(struct send_schedule *s)
{
  for (unsigned int passed = 0, started = 0; started < STARTS_AT_ONCE * 4 && passed < s->lanes.ring_count;) {
    struct send_lane *lane = send_lanes_next_in_ring(&s->lanes);
    if (!send_lane_rests(lane, s->now_ms) && !send_link_has_room(s, lane)) {
      passed++;
      continue;
    }
    struct send_entry *e = send_lane_take(&s->lanes, lane);
    if (e) send_attempt_turn(s, e, lane);
    started++;
    passed = 0;
  }
}

static void start_new(struct send_schedule *s)
{
  struct send_entry *e;

  for (unsigned int i = 0; i < STARTS_AT_ONCE && (e = send_list_take(&s->ready)); i++) send_attempt_start(s, e);
}

static void start_due(struct send_schedule *s)
{
  struct send_entry *e;

  for (unsigned int i = 0; i < STARTS_AT_ONCE && (e = send_waiting_first(&s->waiting)) && e->due_ms <= s->now_ms; i++) {
    send_waiting_forget_due(&s->waiting, e);
    send_attempt_start(s, e);
  }
}

static void work(struct send_schedule *s)
{
  send_links_watch(s);
  send_wish_go_on(s);
  if (s->is_stopping) return;
  send_rights_go_on(s);
  serve_lines(s);
  start_new(s);
  start_due(s);
  if (send_scan_is_busy()) send_scan_work(s);
  send_control_go_on(s);
}

/* A slip in a file does not stop all mail: what held until now goes on, and the log says so each minute. */
static void read_settings_again(struct send_schedule *s)
{
  struct send_settings settings = s->settings;
  text faults = TEXT_ZERO;

  conf_note_faults(&faults);
  read_settings(&settings);
  if (!faults.len) s->settings = settings;
  send_lanes_set_limits(&s->lanes, s->settings.local_max, s->settings.each_max);
  send_limits_read(s);
  conf_note_faults(0);
  if (faults.len) log_event("settings-kept", "reason", faults.s, (char *)0);
  text_free(&faults);
}

static void keep_house(struct send_schedule *s)
{
  if (s->wants_renewal && !s->is_stopping) start_renewal(s);
  read_settings_again(s);
  send_attempts_keep_house(s);
  send_lanes_sweep(&s->lanes, s->now_ms);
  send_scan_start_new(s);
}

/* What has come to something is written down; its other recipients wait for the next start. */
static void put_away(struct send_schedule *s)
{
  for (size_t slot = 0; slot < s->waiting.slot_count; slot++)
    for (struct send_entry *e = s->waiting.slots[slot], *chain; e; e = chain) {
      struct send_attempt *a = e->attempt;
      chain = e->chain;
      if (a && !a->running && a->waiting < a->count) send_attempt_stop(s, a);
    }
  send_wish_go_on(s);
}

/* The next image finds the listening socket on fd 0, and everything else in the queue. */
_Noreturn static void renew(const char *const *argv)
{
  execvp(argv[0], (char *const *)argv);
  die_unable("execute ", argv[0], " anew");
}

static void run(struct send_schedule *s)
{
  uint64_t housekeeping_ms = s->now_ms + HOUSEKEEPING_MS;

  while (!s->is_stopping || send_links_are_busy(s)) {
    wait_and_work(s, next_ms(s, housekeeping_ms));
    if (s->is_stopping && s->now_ms >= s->end_by_ms && send_links_are_busy(s)) (s->is_renewing ? put_off_renewal : cut_off)(s);
    if (s->now_ms >= housekeeping_ms) {
      keep_house(s);
      housekeeping_ms = s->now_ms + HOUSEKEEPING_MS;
    }
    work(s);
  }
  put_away(s);
}

int main(int argc, const char *const *argv)
{
  static struct send_schedule s;

  PROG = "send-schedule";
  if (argc > 1) die_usage(USAGE);
  init(&s);
  ready_tell();
  log_event("serving", (char *)0);
  run(&s);
  if (s.is_renewing) renew(argv);
  log_event("stopped", (char *)0);
  return END_DONE;
}
