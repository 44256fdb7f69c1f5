#include <stdlib.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/home.h"

void home_enter(void)
{
  const char *home = getenv("MAILHOME");

  if (!home || !*home) home = CONF_HOME;
  if (chdir(home) == -1) die_unable("enter ", home, " (MAILHOME, or conf-home when it was built)");
}
