#include "service/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>

#include "lib/die.h"
#include "lib/ready.h"
#include "lib/text.h"

enum { BACKLOG = 1024 };

static int number(const char *string, int max, const char *usage)
{
  uint64_t value = 0;

  if (!number_scan(string, (uint64_t)max, &value)) die_usage(usage);
  return (int)value;
}

int bind_options_parse(struct bind_options *o, const char *letters, int argc, const char *const *argv, const char *usage)
{
  subgetopt options = SUBGETOPT_ZERO;

  *o = (struct bind_options){ .backlog = BACKLOG, .ready = -1 };
  for (int option; (option = subgetopt_r(argc, argv, letters, &options)) != -1;)
    switch (option) {
    case 'b': o->backlog = number(options.arg, INT_MAX, usage); break;
    case 'd': o->ready = number(options.arg, INT_MAX, usage); break;
    case 's': o->is_stream = true; break;
    default: die_usage(usage);
    }
  return options.ind;
}

/* The name is looked up here and nowhere else: what is executed only knows numbers. */
static const struct passwd *find(const char *user)
{
  errno = 0;
  const struct passwd *entry = getpwnam(user);
  if (!entry && errno) die_unable("look up the user ", user);
  if (!entry) die_permanent("there is no user ", user, ": service/setup makes the users of service/users");
  return entry;
}

gid_t bind_group(const char *user) { return find(user)->pw_gid; }

static void become(const char *user)
{
  const struct passwd *entry = find(user);
  if (initgroups(user, entry->pw_gid) == -1) die_unable("take the groups of ", user, " (only root can)");
  if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) == -1) die_unable("take the group of ", user);
  if (setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) == -1) die_unable("become ", user);
}

static void keep_more(const struct bind_options *o)
{
  text names = TEXT_ZERO;

  unsetenv("SERVE_SOCKETS");
  for (unsigned int i = 0; i < o->more_count; i++) {
    if (fcntl(o->more[i], F_SETFD, 0) == -1) die_unable("keep a socket");
    if (i) text_add_char(&names, ' ');
    text_add_number(&names, (uint64_t)o->more[i]);
  }
  if (o->more_count && setenv("SERVE_SOCKETS", text_string(&names), 1) == -1) die_nomem();
  text_free(&names);
}

_Noreturn void bind_hand_on(int socket, const struct bind_options *o, const char *user, const char *const *argv)
{
  if (socket && (dup2(socket, 0) == -1 || close(socket) == -1)) die_unable("move the socket to fd 0");
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == -1) die_unable("close what the caller of this program left open");
  if (o->ready >= 0) fcntl(o->ready, F_SETFD, 0);
  keep_more(o);
  become(user);
  if (o->ready >= 0) ready_pass(o->ready);
  execvp(argv[0], (char *const *)(uintptr_t)argv);
  die_unable("execute ", argv[0]);
}
