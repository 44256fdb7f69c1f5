/* tables-publish: publishes tables for ldap-watch, which may not write them and must not wait for cron. It keeps the build in memory, so that a
   change of the directory costs what it changes.

   Serves calls on run/tables-publish (doc/calls.md). Runs as mail-tables; reads and writes what tables-build does. */

#include <stdlib.h>

#include "ldapsync/keeper.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"

enum { PROCESSES = 64, REQUEST_SECONDS = 5 };

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  (void)out, (void)peer;
  enum call_result result = call_receive(in, &request, 0, REQUEST_SECONDS);
  if (result == CALL_DONE && record_is(&request, "what", "publish")) {
    record_add(&answer, "answer", "done");
    record_add_number(&answer, "code", (uint64_t)keeper_publish());
    call_send(in, &answer, 0, 0);
  } else if (result == CALL_DONE)
    log_event("refused", "reason", "no such request", (char *)0);
  text_free(&answer);
  text_free(&request);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-ldap", "mail-store", 0 };
  static const char *const reads[] = { "control", "profiles", "directory", "state/directory", "/etc" /* passwd and group, which are replaced while we run */, 0 };
  static const char *const writes[] = { "tables", "state/tables", "state/metrics/mail-tables", 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes };
  struct serve service = { .workers = 1, .callers = callers, .sandbox = &sandbox, .processes = PROCESSES, .session = session, .notice = keeper_notice };

  PROG = "tables-publish";
  if (argc != 1) die_usage("tables-publish");
  home_enter();
  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  service.notices = keeper_notices();
  return serve(&service, argv);
}
