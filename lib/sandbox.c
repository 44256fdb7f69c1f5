#include "lib/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lib/die.h"
#include "lib/landlock.h"
#include "lib/log.h"
#include "lib/seccomp.h"
#include "lib/text.h"

#define MARK "SANDBOX" /* in the environment: the sandbox that the process is in since before it was executed */

enum { SET_MDWE = 65, MDWE_REFUSE_EXEC_GAIN = 1 }; /* Linux 6.3 */

static void add_paths(text *words, const char *const *paths)
{
  for (; paths && *paths; paths++) {
    text_add(words, *paths);
    text_add_char(words, ',');
  }
  text_add_char(words, ';');
}

/* In words what the sandbox allows: the same words, the same sandbox. */
static void describe(const struct sandbox *s, text *words)
{
  text_add(words, "3;"); /* the edition of the lists in landlock.c and seccomp.c: raise it when they grow */
  add_paths(words, s->reads);
  add_paths(words, s->writes);
  text_add(words, s->may_connect ? "connect;" : ";");
  if (s->may_ask_dns) text_add(words, "dns;");
  if (s->may_choose_source) text_add(words, "source;");
  if (s->may_start) text_add(words, "start;");
  text_add(words, s->may_setuid ? "setuid" : "");
}

/* True if this process was executed by its own predecessor inside the same sandbox. */
static bool is_inside(const char *words)
{
  const char *mark = getenv(MARK);

  if (!mark || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER) return false;
  if (strcmp(mark, words)) die_temporary("this version needs another sandbox than the running one: started afresh");
  return true;
}

void sandbox_enter(const struct sandbox *s)
{
  text words = TEXT_ZERO;

  describe(s, &words);
  if (setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) == -1) die_unable("limit core files");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) die_unable("make the process not dumpable");
  if (!is_inside(text_string(&words))) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) die_unable("set no_new_privs");
    if (!s->may_start) prctl(SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); /* a kernel before 6.3 has it not: one wall less */
    bool has_landlock = s->may_start || landlock_enter(s);
    bool has_seccomp = seccomp_enter(s, has_landlock);
    if (!has_landlock) log_event("sandbox", "missing", "landlock", (char *)0);
    if (!has_seccomp) log_event("sandbox", "missing", "seccomp", (char *)0);
    if (setenv(MARK, words.s, 1) == -1) die_nomem();
  }
  text_free(&words);
}
