#include "ldapsync/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/resident.h"
#include "lib/die.h"
#include "lib/log.h"

/* The child has what it needs to write tables: neither the socket that is served nor a connection. */
_Noreturn static void run_child(int socket, int keep_out)
{
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

  signal(SIGTERM, SIG_DFL);
  signal(SIGALRM, SIG_DFL);
  if (keep_out > 2) close(keep_out);
  if (nothing == -1 || dup2(nothing, 0) == -1 || dup2(nothing, 1) == -1) die_unable("open /dev/null");
  resident_run(socket);
}

static bool start(struct keeper *k, int keep_out)
{
  int ends[2];

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) return false;
  k->pid = fork();
  if (!k->pid) {
    close(ends[0]);
    run_child(ends[1], keep_out);
  }
  close(ends[1]);
  k->socket = ends[0];
  k->is_ready = false;
  if (k->pid == -1) {
    close(k->socket);
    k->pid = 0;
  }
  return k->pid != 0;
}

/* What it ended with; it says itself why. */
static int end(struct keeper *k)
{
  int status;

  close(k->socket);
  pid_t ended = waitpid_nointr(k->pid, &status, 0);
  k->pid = 0;
  return ended != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : END_TEMPORARY;
}

static bool receive(const struct keeper *k, struct resident_answer *answer)
{
  ssize_t got;

  do got = recv(k->socket, answer, sizeof *answer, 0);
  while (got == -1 && errno == EINTR);
  return got == (ssize_t)sizeof *answer;
}

/* False: it ended without an answer, with this code. */
static bool ask(struct keeper *k, struct resident_answer *answer, int *code)
{
  bool is_answered = send(k->socket, "p", 1, MSG_NOSIGNAL) == 1 && receive(k, answer);

  if (!is_answered || answer->is_again) *code = end(k);
  return is_answered;
}

/* One that has worked before and fails now may itself be at fault: then another one begins anew. What that one says is the answer. */
int keeper_publish(struct keeper *k, int keep_out)
{
  for (;;) {
    struct resident_answer answer = { .code = END_TEMPORARY };
    int code = END_TEMPORARY;
    if (!k->pid && !start(k, keep_out)) return END_TEMPORARY;
    bool was_ready = k->is_ready;
    if (ask(k, &answer, &code)) {
      k->is_ready = true;
      if (!answer.is_again) return answer.code;
    } else if (was_ready)
      log_event("anew", "because", "the process that had the build has ended", (char *)0);
    else
      return code;
  }
}
