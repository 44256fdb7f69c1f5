#include "lib/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"

static uid_t find(const char *name)
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

/* What was found is kept in the environment, for the image that follows on SIGHUP: it is born inside the sandbox, which
   does not reach /etc/passwd. */
uid_t user_uid(const char *name)
{
  text variable = TEXT_ZERO, value = TEXT_ZERO;
  const char *kept;
  uint64_t uid;

  text_add(&variable, "UID_");
  text_add(&variable, name);
  kept = getenv(text_string(&variable));
  if (!kept || !number_scan(kept, UINT32_MAX, &uid)) {
    uid = find(name);
    text_add_number(&value, uid);
    if (setenv(variable.s, text_string(&value), 1) == -1) die_nomem();
  }
  text_free(&variable);
  text_free(&value);
  return (uid_t)uid;
}

/* The first part of the last but two field; '&' in it stands for the name (passwd(5) of BSD). */
static void add_full_name(text *full, const struct passwd *user)
{
  for (const char *at = user->pw_gecos; *at && *at != ','; at++)
    if (*at != '&')
      text_add_char(full, *at);
    else if (*user->pw_name) {
      char first = user->pw_name[0];
      text_add_char(full, ascii_is_alpha(first) ? (char)(first & ~0x20) : first);
      text_add(full, user->pw_name + 1);
    }
}

void user_name(uid_t uid, text *name, text *full)
{
  FILE *file = fopen("/etc/passwd", "re");
  struct passwd *user = 0;

  text_clear(name);
  if (full) text_clear(full);
  while (file && (user = fgetpwent(file)) && user->pw_uid != uid) {}
  if (user) {
    text_add(name, user->pw_name);
    if (full) add_full_name(full, user);
  } else {
    text_add(name, "uid-");
    text_add_number(name, uid);
  }
  text_string(name);
  if (full) text_string(full);
  if (file) fclose(file);
}
