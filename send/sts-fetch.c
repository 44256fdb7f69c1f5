/* sts-fetch: says which MTA-STS policy holds for a domain (RFC 8461): asks the DNS, its cache, the policy host.

   Serves calls on run/sts-fetch (doc/calls.md), one request a connection. Reads and writes state/sts. Policies that are
   used are fetched anew before they expire. Runs as mail-sts; talks to strangers' web servers, holds nothing. */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/https.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "send/sts_find.h"
#include "send/sts_show.h"
#include "send/sts_store.h"

enum {
  SESSIONS = 2000,
  SESSION_BYTES = 64 << 20,
  REQUEST_SECONDS = 10,
  SESSION_SECONDS = 900, /* for who waits for another one's fetch, and then for its own */
  SWEEP_FIRST_SECONDS = 5,
  SWEEP_SECONDS = 900,
  POLICY_LINES_BYTES = 16384 /* of the answer, for a report */
};

const char *PROG = "sts-fetch";

static int timer = -1;

/* For the report: the policy's lines, as far as there is room. */
static void add_lines(text *answer, const struct sts_policy *policy)
{
  text lines = TEXT_ZERO;

  send_sts_policy_lines(policy, &lines);
  for (size_t at = 0; at < lines.len && at < POLICY_LINES_BYTES; at += strlen(lines.s + at) + 1) record_add(answer, "policy", lines.s + at);
  text_free(&lines);
}

static void add_policy(text *answer, const struct sts_found *s)
{
  const struct sts_policy *policy = &s->entry.policy;

  record_add(answer, "answer", "policy");
  record_add(answer, "mode", send_sts_mode_word(policy->mode));
  record_add(answer, "id", s->entry.id);
  record_add(answer, "from", s->is_fetched ? "fetch" : "cache");
  for (size_t at = 0; at < policy->patterns.len; at += strlen(policy->patterns.s + at) + 1) record_add(answer, "mx", policy->patterns.s + at);
}

/* A policy of 64 KiB with nothing but names of one letter has no room in a packet. */
static void answer_policy(text *answer, const struct sts_found *s)
{
  add_policy(answer, s);
  if (answer->len + POLICY_LINES_BYTES < CALL_PACKET_MAX - 1024) add_lines(answer, &s->entry.policy);
  if (answer->len < CALL_PACKET_MAX - 1024) return;
  text_clear(answer);
  record_add(answer, "answer", "later");
  record_add(answer, "error", "the policy names too many MX");
}

static void answer(int call, const struct sts_found *s)
{
  text packet = TEXT_ZERO;

  if (s->is_blocked) {
    record_add(&packet, "answer", "later");
    record_add(&packet, "error", s->reason.s);
  } else if (s->has_policy && s->entry.policy.mode != STS_NONE)
    answer_policy(&packet, s);
  else
    record_add(&packet, "answer", "none");
  if (*s->failure) {
    record_add(&packet, "error", s->failure);
    record_add(&packet, "text", s->reason.s);
  }
  call_send(call, &packet, 0, 0);
  text_free(&packet);
}

static void tell_policy(int call, const char *domain)
{
  struct sts_found s = STS_FOUND_ZERO;

  send_sts_find(&s, domain);
  answer(call, &s);
  close(call);
  if (s.has_policy) send_sts_refresh(domain, true); /* nobody waits any more */
  send_sts_found_free(&s);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, domain = TEXT_ZERO, none = TEXT_ZERO;
  bool is_root = !peer->uid;

  (void)out;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  bool is_policy = record_is(&request, "what", "policy"), is_test = record_is(&request, "what", "test");
  if (!is_policy && !(is_test && is_root)) {
    log_event("refused", "reason", is_test ? "a test is for root" : "no such request", (char *)0);
    return;
  }
  if (!send_sts_store_name(&domain, record_get(&request, "domain"))) {
    record_add(&none, "answer", "none");
    if (is_test) record_add(&none, "line", "record this is no domain that can have a policy");
    call_send(in, &none, 0, 0);
  } else if (is_test)
    send_sts_show(in, domain.s);
  else
    tell_policy(in, domain.s);
}

/* What is due is fetched, what is over is removed. */
static void sweep(void)
{
  struct sts_entry e = STS_ENTRY_ZERO;
  text names = TEXT_ZERO;

  if (!send_sts_store_names(&names)) die_unable("list " STS_FOLDER);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    const char *domain = names.s + at;
    int64_t now = time(0);
    if (!send_sts_store_read(domain, &e) || send_sts_entry_is_over(&e, now)) {
      if (send_sts_store_lock(domain, false) && (!send_sts_store_read(domain, &e) || send_sts_entry_is_over(&e, now)))
        send_sts_store_remove(domain);
      send_sts_store_unlock();
    } else if (send_sts_entry_is_due(&e, now))
      send_sts_refresh(domain, false);
  }
  send_sts_store_sweep();
}

/* In a process of its own, without the sockets, one at a time; it ends with its parent. */
_Noreturn static void run_sweep(pid_t parent)
{
  const struct rlimit none = { 0, 0 };
  sigset_t signals;

  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  sigemptyset(&signals);
  sigprocmask(SIG_SETMASK, &signals, 0);
  close(timer);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), one = open(STS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (nothing == -1 || dup2(nothing, 0) == -1 || prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || setrlimit(RLIMIT_NPROC, &none) == -1)
    die_unable("prepare a sweep");
  if (getppid() == parent && one != -1 && !flock(one, LOCK_EX | LOCK_NB)) sweep();
  _exit(END_DONE);
}

static void start_sweep(void)
{
  uint64_t times;
  pid_t self = getpid();

  if (read(timer, &times, sizeof times) == -1) return;
  if (!fork()) run_sweep(self);
}

static void start_timer(void)
{
  const struct itimerspec often = { .it_value.tv_sec = SWEEP_FIRST_SECONDS, .it_interval.tv_sec = SWEEP_SECONDS };

  timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer == -1 || timerfd_settime(timer, 0, &often, 0) == -1) die_unable("make a timer");
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-remote", 0 };
  static const char *const reads[] = { "control", "/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", 0 };
  static const char *const writes[] = { STS_FOLDER, 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes, .may_connect = true };
  static struct serve service = { .concurrency = SESSIONS,
                                  .memory_bytes = SESSION_BYTES,
                                  .callers = callers,
                                  .session_seconds = SESSION_SECONDS,
                                  .sandbox = &sandbox,
                                  .notice = start_sweep,
                                  .session = session };

  if (argc != 1) die_usage("sts-fetch");
  home_enter();
  https_start();
  start_timer();
  service.notices = timer;
  return serve(&service, argv);
}
