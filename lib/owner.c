#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/owner.h"

enum { GROUPS_MAX = 8 };

static const char *name_of(uid_t uid)
{
  struct passwd *user = getpwuid(uid);
  return user ? user->pw_name : "a user without a name";
}

static void become(const struct stat *folder, const struct passwd *user, const char *const *names)
{
  gid_t groups[GROUPS_MAX];
  size_t count = 0;
  gid_t own = user ? user->pw_gid : folder->st_gid;

  for (; user && *names && count < GROUPS_MAX; names++) {
    struct group *group = getgrnam(*names);
    if (!group) die_permanent("there is no group ", *names, ": run service/setup, which makes those of service/users");
    groups[count++] = group->gr_gid;
  }
  if (setgroups(count, groups) == -1 || setgid(own) == -1 || setuid(folder->st_uid) == -1)
    die_unable("become ", name_of(folder->st_uid));
}

bool owner_become(const char *folder, const char *user, const char *const *groups)
{
  struct stat status;
  struct passwd *known = getpwnam(user);

  if (stat(folder, &status) == -1) die_unable("look at the folder ", folder);
  bool is_users = known && known->pw_uid == status.st_uid;
  if (!geteuid() && status.st_uid) become(&status, is_users ? known : 0, groups);
  if (geteuid() != status.st_uid)
    die_permanent("the folder ", folder, " belongs to ", name_of(status.st_uid), ": run this as that user or as root");
  return is_users;
}
