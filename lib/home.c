#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/home.h"

/* The folder above bin/PROGRAM, if the program lies in such a one and control/ is beside bin/. */
static bool find_own(char home[static PATH_MAX])
{
  ssize_t length = readlink("/proc/self/exe", home, PATH_MAX - sizeof "/control");

  if (length <= 0) return false;
  home[length] = 0;
  char *program = strrchr(home, '/');
  if (!program) return false;
  *program = 0;
  char *bin = strrchr(home, '/');
  if (!bin || strcmp(bin, "/bin")) return false;
  memcpy(bin, "/control", sizeof "/control");
  bool is_home = !access(home, F_OK);
  *bin = 0;
  return is_home;
}

void home_enter(void)
{
  char own[PATH_MAX];
  const char *home = getenv("MAILHOME");

  if (!home || !*home) home = find_own(own) ? own : CONF_HOME;
  if (chdir(home) == -1) die_unable("enter ", home, " (MAILHOME, or conf-home when it was built)");
}
