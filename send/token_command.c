#include "send/token_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/die.h"

enum { OUTPUT_MAX = 65536, CANNOT_RUN = 127, FILE_MAX = 1 << 20 };

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static char **make_arguments(const text *rule)
{
  size_t count = 0, at = 0, length;
  char **all;

  for (const char *pair; (pair = record_walk(rule, &at, &length));) count++;
  if (!(all = calloc(count + 1, sizeof *all))) die_nomem();
  all[0] = (char *)record_get(rule, "command");
  count = 1, at = 0;
  for (const char *one; (one = record_next(rule, "argument", &at));) all[count++] = (char *)one;
  return all;
}

static void limit(int what, rlim_t most)
{
  const struct rlimit both = { most, most };

  setrlimit(what, &both);
}

/* The child. Its standard error may quote the token: nobody reads it. */
_Noreturn static void become(char **arguments, int out)
{
  static char *const nothing[] = { 0 };
  int null = open("/dev/null", O_RDWR);
  sigset_t none;

  if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1 || dup2(null, 2) == -1 || close_range(3, ~0U, 0) == -1) _exit(CANNOT_RUN);
  for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, FILE_MAX);
  umask(077);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* who asked for it is gone */
  if (setsid() == -1 || chdir("/") == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) _exit(CANNOT_RUN);
  execve(arguments[0], arguments, nothing);
  _exit(CANNOT_RUN);
}

/* Until it closes its output. */
static const char *read_output(int in, int64_t deadline, text *output)
{
  char bytes[4096];

  for (;;) {
    struct pollfd p = { .fd = in, .events = POLLIN };
    int64_t left = deadline - now_ms();
    int n = poll(&p, 1, left < 0 ? 0 : (int)left);
    if (n == -1 && errno == EINTR) continue;
    if (n < 1) return "takes too long";
    ssize_t got = read(in, bytes, sizeof bytes);
    if (got == -1 && errno == EINTR) continue;
    if (got < 0) return "cannot be listened to";
    if (got == 0) break;
    if (output->len + (size_t)got > OUTPUT_MAX) return "writes more than 64 KiB";
    text_add_bytes(output, bytes, (size_t)got);
    explicit_bzero(bytes, sizeof bytes);
  }
  return 0;
}

/* It has closed its output, or is ended. */
static const char *wait_for_end(pid_t child, int64_t deadline)
{
  static text words = TEXT_ZERO;
  int status = 0;
  pid_t ended;

  while (!(ended = waitpid(child, &status, WNOHANG)) && now_ms() < deadline) poll(0, 0, 10);
  kill(-child, SIGKILL); /* a session of its own: what it left behind, too */
  if (ended != child) {
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) continue;
    return "takes too long";
  }
  if (WIFEXITED(status) && !WEXITSTATUS(status)) return 0;
  text_clear(&words);
  if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN) return "cannot be run by mail-token (exit code 127)";
  text_add_format(&words, WIFEXITED(status) ? "ended with exit code %d" : "was ended by signal %d", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  return text_string(&words);
}

const char *send_token_command_run(const text *rule, unsigned int seconds, text *output)
{
  int64_t deadline = now_ms() + (int64_t)seconds * 1000;
  int both[2];

  text_clear(output);
  if (pipe2(both, O_CLOEXEC) == -1) return "cannot be run now: no pipe";
  char **arguments = make_arguments(rule);
  pid_t child = fork();
  if (!child) become(arguments, both[1]);
  free(arguments);
  close(both[1]);
  if (child == -1) {
    close(both[0]);
    return "cannot be run now: no process";
  }
  const char *wrong = read_output(both[0], deadline, output);
  close(both[0]);
  const char *ended = wait_for_end(child, wrong ? 0 : deadline);
  if (!wrong) wrong = ended;
  if (wrong) text_wipe(output);
  return wrong;
}
