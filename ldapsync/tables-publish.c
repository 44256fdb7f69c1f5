/* tables-publish: runs tables-build for ldap-watch, which may not write tables and must not wait for cron.

   Serves calls on run/tables-publish (doc/calls.md). Runs as mail-tables, and so does what it starts; reads and writes
   nothing itself. */

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"

enum { SESSIONS = 8, PROCESSES = 64, REQUEST_SECONDS = 5 };

/* What it ended with; it says itself why. */
static int build(void)
{
  static const char *const argv[] = { "bin/tables-build", 0 };
  int status;
  pid_t pid = fork();

  if (!pid) {
    execv(argv[0], (char *const *)argv);
    die_unable("execute ", argv[0]);
  }
  if (pid == -1 || waitpid_nointr(pid, &status, 0) == -1 || !WIFEXITED(status)) return END_TEMPORARY;
  return WEXITSTATUS(status);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  (void)out, (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  if (!record_is(&request, "what", "publish")) {
    log_event("refused", "reason", "no such request", (char *)0);
    return;
  }
  record_add(&answer, "answer", "done");
  record_add_number(&answer, "code", (uint64_t)build());
  call_send(in, &answer, 0, 0);
  text_free(&answer);
  text_free(&request);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-ldap", 0 };
  static const struct sandbox sandbox = { .may_start = true };
  static const struct serve service = {
    .concurrency = SESSIONS, .callers = callers, .sandbox = &sandbox, .processes = PROCESSES, .session = session
  };

  PROG = "tables-publish";
  if (argc != 1) die_usage("tables-publish");
  home_enter();
  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  return serve(&service, argv);
}
