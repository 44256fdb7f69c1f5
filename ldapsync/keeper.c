#include "ldapsync/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/generation.h"
#include "ldapsync/generations.h"
#include "ldapsync/resident.h"
#include "ldapsync/sources.h"
#include "lib/die.h"
#include "lib/log.h"

enum {
  LOOK_SECONDS = 2,       /* so often it is seen whether an heir is due */
  AGAIN_SECONDS = 60,     /* not before, when one came to nothing; each time twice as long */
  AGAIN_SECONDS_MAX = 3600,
  TIMES_SECONDS = 20,     /* a time that comes earlier after a full pass waits for those that come until then: many accounts may expire one after the other */
  VERIFY_SECONDS = 3600   /* so long what was taken in is believed */
};

struct child {
  pid_t pid; /* 0: there is none */
  int socket;
};

/* The worker's, from call to call. */
static struct {
  struct child holder, heir;
  struct resident_state state; /* the holder's */
  bool is_ready;               /* the holder has answered before: its full pass has succeeded */
  bool is_changed;             /* something was taken in since the last full pass */
  time_t full_at, heir_after, heir_pause;
  int notices;
} keeper;

static time_t now(void)
{
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

int keeper_notices(void)
{
  struct itimerspec each = { .it_interval = { .tv_sec = LOOK_SECONDS }, .it_value = { .tv_sec = LOOK_SECONDS } };
  struct epoll_event event = { .events = EPOLLIN };
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

  keeper.notices = epoll_create1(EPOLL_CLOEXEC);
  event.data.fd = timer;
  if (timer == -1 || keeper.notices == -1 || timerfd_settime(timer, 0, &each, 0) == -1 || epoll_ctl(keeper.notices, EPOLL_CTL_ADD, timer, &event) == -1)
    die_unable("make a timer");
  return keeper.notices;
}

/* The child has what it needs to write tables: neither the socket that is served, nor a connection, nor another child's. */
_Noreturn static void run_child(int socket, bool is_heir)
{
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

  signal(SIGTERM, SIG_DFL);
  signal(SIGALRM, SIG_DFL);
  if (nothing == -1 || dup2(nothing, 0) == -1 || dup2(nothing, 1) == -1 || dup3(socket, 3, O_CLOEXEC) == -1 || close_range(4, ~0U, 0) == -1)
    die_unable("leave what is not for a build");
  if (is_heir) resident_inherit(3, keeper.holder.pid ? &keeper.state : 0);
  resident_run(3);
}

static bool start(struct child *c, bool is_heir)
{
  int ends[2];

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) return false;
  c->pid = fork();
  if (!c->pid) {
    if ((ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 4)) == -1) die_unable("start a build");
    run_child(ends[1], is_heir);
  }
  close(ends[1]);
  c->socket = ends[0];
  if (c->pid == -1) {
    close(c->socket);
    c->pid = 0;
  }
  return c->pid != 0;
}

/* What it ended with; it says itself why. */
static int end(struct child *c)
{
  int status;

  close(c->socket);
  pid_t ended = waitpid_nointr(c->pid, &status, 0);
  c->pid = 0;
  return ended != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : END_TEMPORARY;
}

static bool receive(const struct child *c, struct resident_answer *answer)
{
  ssize_t got;

  do got = recv(c->socket, answer, sizeof *answer, 0);
  while (got == -1 && errno == EINTR);
  return got == (ssize_t)sizeof *answer;
}

/* What an heir has left that has ended, however it did: it may be why the disk is full. */
static void clean(void) { generation_clean_aside(keeper.holder.pid ? keeper.state.aside : ""); }

/* One that is not needed any more, or in the way. */
static void drop_heir(void)
{
  if (!keeper.heir.pid) return;
  kill(keeper.heir.pid, SIGKILL);
  end(&keeper.heir);
  clean();
}

/* It came to nothing. */
static void put_off(void)
{
  keeper.heir_pause = !keeper.heir_pause ? AGAIN_SECONDS : keeper.heir_pause * 2 < AGAIN_SECONDS_MAX ? keeper.heir_pause * 2 : AGAIN_SECONDS_MAX;
  keeper.heir_after = now() + keeper.heir_pause;
}

/* False: it ended without an answer, with this code. */
static bool ask(struct resident_answer *answer, int *code)
{
  bool is_answered = send(keeper.holder.socket, "p", 1, MSG_NOSIGNAL) == 1 && receive(&keeper.holder, answer);

  if (!is_answered || answer->is_again) *code = end(&keeper.holder);
  return is_answered;
}

static bool begin(void)
{
  drop_heir(); /* whatever made this one necessary, the heir may not have seen it */
  keeper.is_ready = keeper.is_changed = false;
  keeper.full_at = now();
  return start(&keeper.holder, false);
}

/* One that has worked before and fails now may itself be at fault: then another one begins anew. What that one says is the answer. */
int keeper_publish(void)
{
  for (;;) {
    struct resident_answer answer = { .code = END_TEMPORARY };
    int code = END_TEMPORARY;
    if (!keeper.holder.pid && !begin()) return END_TEMPORARY;
    bool was_ready = keeper.is_ready;
    if (ask(&answer, &code)) {
      if (answer.is_again) continue;
      keeper.is_changed = was_ready;
      keeper.is_ready = true;
      keeper.state = answer.state;
      return answer.code;
    }
    if (!was_ready) return code;
    log_event("anew", "because", "the process that had the build has ended", (char *)0);
  }
}

static bool is_published_by_holder(void)
{
  text current = TEXT_ZERO;
  bool is = !strcmp(generations_current(&current), keeper.state.current);

  text_free(&current);
  return is;
}

/* Whoever may log in until then may not any more, though nobody has changed anything. */
static bool has_time_come(void)
{
  return keeper.holder.pid && keeper.state.next_time && time(0) >= keeper.state.next_time && now() >= keeper.full_at + TIMES_SECONDS;
}

/* With the next request the holder would have to begin anew, or it is time to look whether it is right. */
static bool is_heir_due(void)
{
  if (keeper.heir.pid || now() < keeper.heir_after) return false;
  if (has_time_come()) return true;
  if (access(SOURCES_WATCHED, F_OK) == -1) return false;
  if (!keeper.holder.pid || keeper.state.is_large || !is_published_by_holder()) return true;
  return keeper.is_changed && now() >= keeper.full_at + VERIFY_SECONDS;
}

static void start_heir(void)
{
  clean();
  if (!start(&keeper.heir, true)) {
    put_off();
    return;
  }
  struct epoll_event event = { .events = EPOLLIN, .data.fd = keeper.heir.socket };
  if (epoll_ctl(keeper.notices, EPOLL_CTL_ADD, keeper.heir.socket, &event) == -1) drop_heir();
}

static void hear_heir(void)
{
  struct resident_answer answer;
  bool is_waited_for = has_time_come() || !keeper.holder.pid;

  if (!receive(&keeper.heir, &answer)) {
    int code = end(&keeper.heir);
    clean();
    if (code != END_DONE || !is_published_by_holder()) {
      put_off();
      return;
    }
    keeper.full_at = now(); /* the holder is right */
    keeper.is_changed = false;
    keeper.heir_after = now() + AGAIN_SECONDS;
    return;
  }
  epoll_ctl(keeper.notices, EPOLL_CTL_DEL, keeper.heir.socket, 0);
  if (keeper.holder.pid) end(&keeper.holder);
  keeper.holder = keeper.heir;
  keeper.heir.pid = 0;
  keeper.state = answer.state;
  keeper.is_ready = true;
  keeper.is_changed = false;
  keeper.full_at = now();
  log_event("inherited", (char *)0);
  if (is_waited_for && keeper.state.has_times && keeper_publish() != END_DONE)
    put_off();
  else
    keeper.heir_pause = 0;
}

void keeper_notice(void)
{
  struct epoll_event event;
  uint64_t times;

  if (epoll_wait(keeper.notices, &event, 1, 0) != 1) return;
  if (keeper.heir.pid && event.data.fd == keeper.heir.socket)
    hear_heir();
  else if (read(event.data.fd, &times, sizeof times) == (ssize_t)sizeof times && is_heir_due())
    start_heir();
}
