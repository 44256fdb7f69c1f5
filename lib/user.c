#include "lib/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "lib/die.h"

uid_t user_uid(const char *name)
{
  FILE *file = fopen("/etc/passwd", "re");
  struct passwd *user = 0;

  if (!file) die_unable("open /etc/passwd");
  while ((user = fgetpwent(file)) && strcmp(user->pw_name, name)) {}
  if (!user) die_permanent("there is no user ", name, " in /etc/passwd: service/setup makes the users of service/users");
  uid_t uid = user->pw_uid;
  fclose(file);
  return uid;
}
