#include "deliver/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"

enum { FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

const char *const *enter_homes(void)
{
  static const char *homes[ENTER_HOMES_MAX + 1];
  static text lines = TEXT_ZERO;
  text wanted = TEXT_ZERO;
  unsigned int count = 0;

  conf_value("systemusers", &wanted, "no");
  bool is_wanted = !text_is(&wanted, "no");
  text_free(&wanted);
  if (!is_wanted) return homes;
  if (!conf_lines("homes", &lines) || !lines.len) text_add_bytes(&lines, "/home", sizeof "/home");
  for (size_t at = 0; at < lines.len; at += strlen(lines.s + at) + 1) {
    if (!deliver_place_is_absolute(lines.s + at)) die_permanent("control/homes: not the path of a folder: ", lines.s + at);
    if (count == ENTER_HOMES_MAX) die_permanent("control/homes: more than 16 folders");
    homes[count++] = lines.s + at;
  }
  return homes;
}

enum wish { EXISTING, MADE };

/* A folder below parent; MADE: with the mode, if it is missing. */
static int enter_folder(enum wish wish, int parent, const char *name, mode_t mode)
{
  int fd = openat(parent, name, FLAGS);

  if (fd != -1 || errno != ENOENT || wish == EXISTING) return fd;
  if (mkdirat(parent, name, mode) == -1 && errno != EEXIST) return -1;
  return openat(parent, name, FLAGS);
}

static bool own(int folder, uid_t uid)
{
  struct stat st;

  if (fstat(folder, &st) == -1) return false;
  if (st.st_uid == uid) return true;
  errno = EPERM;
  return !st.st_uid && !fchownat(folder, "", uid, uid, AT_EMPTY_PATH); /* it was made just now, or in a cut-off start */
}

static bool become(const struct place *place)
{
  umask(077);
  return setgroups(0, 0) != -1 && setresgid(place->gid, place->gid, place->gid) != -1 && setresuid(place->uid, place->uid, place->uid) != -1;
}

/* mail/DOMAIN/USER, which root makes and gives away. */
static bool enter_below_mail(const struct place *place, enum wish wish, const char **error)
{
  int mail = open("mail", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int domain = mail == -1 ? -1 : enter_folder(wish, mail, place->domain.s, 0711);
  int user = domain == -1 ? -1 : enter_folder(wish, domain, place->user.s, 0700);

  *error = "unable to open the mailbox's folder";
  if (user == -1) return false;
  *error = "the mailbox's folder belongs to somebody else";
  if (!own(user, place->uid)) return false;
  *error = "unable to become the mailbox's uid";
  if (!become(place)) return false;
  *error = "unable to enter the mailbox's folder";
  if (fchdir(user) == -1) return false;
  close(mail);
  close(domain);
  close(user); /* a session holds nothing of others, not even a way to their folders */
  return true;
}

/* --- a system user's mailbox, at home (P-29) --- */

/* What follows the home folder that the path is below, without the slash; 0: it is below none. */
static const char *below_homes(const char *path, const char *const *homes)
{
  for (; *homes; homes++) {
    size_t length = strlen(*homes);
    if (!strncmp(path, *homes, length) && path[length] == '/') return path + length + 1;
  }
  return 0;
}

/* One component after another of "a/b/c", from folder on, which is closed. The last one is made if that is the wish. owner: who
   may have them besides root; the last one is owner's alone. */
static int walk(int folder, const char *path, const uid_t *owner, enum wish wish)
{
  text name = TEXT_ZERO;

  for (bool is_last = false; folder != -1 && !is_last;) {
    size_t length = strcspn(path, "/");
    struct stat st;
    is_last = !path[length];
    text_copy_bytes(&name, path, length);
    int next = is_last && owner ? enter_folder(wish, folder, text_string(&name), 0700) : openat(folder, text_string(&name), FLAGS);
    int e = errno;
    close(folder);
    errno = e;
    folder = next;
    path += length + !is_last;
    if (folder == -1 || !owner) continue;
    if (fstat(folder, &st) == -1 || (st.st_uid != *owner && (st.st_uid || is_last))) {
      close(folder);
      folder = -1;
      errno = EPERM;
    }
  }
  text_free(&name);
  return folder;
}

/* Up to the homes as root, which has no power over files here; from there on as the user, whose rights are enough. */
static bool enter_home(const struct place *place, const char *const *homes, enum wish wish, const char **error)
{
  const char *rest = below_homes(place->path.s, homes);
  text home = TEXT_ZERO;

  *error = "the mailbox's path is not below control/homes, or control/systemusers says no";
  errno = 0;
  if (!rest) return false;
  text_add_bytes(&home, place->path.s + 1, (size_t)(rest - place->path.s) - 2);
  int folder = walk(open("/", FLAGS), text_string(&home), 0, EXISTING);
  text_free(&home);
  *error = "unable to open the folder of the homes";
  if (folder == -1) return false;
  *error = "unable to become the mailbox's uid";
  if (!become(place)) return false;
  folder = walk(folder, rest, &place->uid, wish);
  *error = errno == EPERM ? "the user's home, or the Maildir in it, belongs to somebody else" : "unable to open the user's home, or the Maildir in it";
  if (folder == -1) return false;
  *error = "unable to enter the mailbox's folder";
  bool is_in = fchdir(folder) == 0;
  close(folder);
  return is_in;
}

static bool enter(const struct place *place, const char *const *homes, enum wish wish, const char **error)
{
  return place->path.len ? enter_home(place, homes, wish, error) : enter_below_mail(place, wish, error);
}

bool enter_mailbox(const struct place *place, const char *const *homes, const char **error) { return enter(place, homes, MADE, error); }

bool enter_existing_mailbox(const struct place *place, const char *const *homes, const char **error) { return enter(place, homes, EXISTING, error); }
