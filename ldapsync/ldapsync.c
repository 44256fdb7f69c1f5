/* ldapsync: one full pass: the directory server to state/directory (ldap-fetch, as mail-ldap), that to tables
   (tables-build, as mail-tables). Cron's command. Runs as root, or as the owner of a private home.

   If the directory cannot be read whole, nothing is built: the last good tables stay. */

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/options.h"
#include "lib/owner.h"

#define USAGE "ldapsync [ -f ] | --dry-run"

static const char *const no_groups[] = { 0 };
static const char *const tables_groups[] = { "mail-auth", "mail-remote", "mail-token", 0 };

/* Becomes the owner of the folder before it executes: root runs none of libldap. */
static int run(const char *folder, const char *user, const char *const *groups, const char *const *argv)
{
  int status;
  pid_t pid = fork();

  if (pid == -1) die_unable("fork");
  if (!pid) {
    owner_become(folder, user, groups);
    execv(argv[0], (char *const *)argv);
    die_unable("execute ", argv[0]);
  }
  if (waitpid_nointr(pid, &status, 0) == -1) die_unable("wait for ", argv[0]);
  if (!WIFEXITED(status)) die_temporary(argv[0], " was killed");
  return WEXITSTATUS(status);
}

/* What would change: the server is asked, and what it says lies beside the file that counts for as long as that is looked at. */
static int rehearse(void)
{
  static const char *const fetch[] = { "bin/ldap-fetch", "--dry-run", 0 }, *const build[] = { "bin/tables-build", "--dry-run", "--fetched", 0 };
  int code = run("state/directory", "mail-ldap", no_groups, fetch);

  if (!code) code = run("tables", "mail-tables", tables_groups, build);
  if (unlink("state/directory/ldap.new") == -1 && errno != ENOENT) die_unable("remove state/directory/ldap.new");
  return code;
}

int main(int argc, const char **argv)
{
  static const char *const fetch[] = { "bin/ldap-fetch", 0 };
  bool is_forced = false, is_dry = false;
  const struct option_word words[] = { { "-f", &is_forced }, { "--dry-run", &is_dry }, { 0, 0 } };

  (void)argc;
  PROG = "ldapsync";
  if (options_read(argv, words, USAGE) != 1 || (is_forced && is_dry)) die_usage(USAGE);
  const char *const build[] = { "bin/tables-build", is_forced ? "-f" : 0, 0 };
  home_enter();
  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  if (is_dry) return rehearse();
  int code = run("state/directory", "mail-ldap", no_groups, fetch);
  return code ? code : run("tables", "mail-tables", tables_groups, build);
}
