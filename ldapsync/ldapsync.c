/* ldapsync: one full pass: the directory server to state/directory (ldap-fetch, as mail-ldap), that to tables
   (tables-build, as mail-tables). Cron's command. Runs as root, or as the owner of a private home.

   If the directory cannot be read whole, nothing is built: the last good tables stay. */

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/owner.h"

#define USAGE "ldapsync [ -f ]"

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

int main(int argc, const char *const *argv)
{
  static const char *const no_groups[] = { 0 };
  static const char *const groups[] = { "mail-auth", "mail-remote", "mail-token", 0 };
  static const char *const fetch[] = { "bin/ldap-fetch", 0 };
  const char *build[] = { "bin/tables-build", 0, 0 };
  subgetopt options = SUBGETOPT_ZERO;

  PROG = "ldapsync";
  for (int option; (option = subgetopt_r(argc, argv, "f", &options)) != -1;) {
    if (option != 'f') die_usage(USAGE);
    build[1] = "-f";
  }
  if (argv[options.ind]) die_usage(USAGE);
  home_enter();
  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  int code = run("state/directory", "mail-ldap", no_groups, fetch);
  return code ? code : run("tables", "mail-tables", groups, build);
}
