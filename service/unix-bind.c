/* unix-bind: listens on a unix socket (SOCK_SEQPACKET, or SOCK_STREAM), then becomes a user and executes a program with it on fd 0.

   The socket is made under another name and renamed, so that a client finds the old one or the new one, never none. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/text.h"
#include "service/bind.h"

#define USAGE "unix-bind [ -b backlog ] [ -d fd ] [ -s ] path mode user program..."

static mode_t mode_parse(const char *string)
{
  mode_t mode = 0;

  for (const char *at = string; *at; at++) {
    if (*at < '0' || *at > '7' || mode > 0777 / 8) die_permanent(string, " is not a mode such as 0666");
    mode = mode * 8 + (mode_t)(*at - '0');
  }
  return mode;
}

static void refuse_other_files(const char *path)
{
  struct stat st;

  if (lstat(path, &st) == -1) {
    if (errno != ENOENT) die_unable("look at ", path);
  } else if (!S_ISSOCK(st.st_mode))
    die_permanent(path, " is there and is not a socket: remove it, or name another path");
}

static int listen_on(const char *path, mode_t mode, const struct bind_options *o, gid_t group)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  text name = TEXT_ZERO;

  text_copy(&name, path);
  text_add_char(&name, '.');
  text_add_number(&name, (uint64_t)getpid());
  if (name.len >= sizeof address.sun_path) die_permanent(path, " is too long for a socket's name");
  memcpy(address.sun_path, text_string(&name), name.len);

  int s = socket(AF_UNIX, (o->is_stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);
  if (s == -1) die_unable("make a unix socket");
  if (unlink(name.s) == -1 && errno != ENOENT) die_unable("remove ", name.s);
  mode_t mask = umask(0777);
  if (bind(s, (struct sockaddr *)&address, sizeof address) == -1) die_unable("bind ", name.s);
  umask(mask);
  if (o->is_stream && chown(name.s, (uid_t)-1, group) == -1) die_unable("give ", name.s, " to its group (only root can)");
  if (chmod(name.s, mode) == -1) die_unable("set the mode of ", name.s);
  if (listen(s, o->backlog) == -1) die_unable("listen on ", name.s);
  if (rename(name.s, path) == -1) die_unable("rename ", name.s, " to ", path);
  return s;
}

int main(int argc, const char *const *argv)
{
  struct bind_options options;

  PROG = "unix-bind";
  argv += bind_options_parse(&options, "b:d:s", argc, argv, USAGE);
  for (int i = 0; i < 4; i++)
    if (!argv[i]) die_usage(USAGE);

  home_enter();
  mode_t mode = mode_parse(argv[1]);
  refuse_other_files(argv[0]);
  gid_t group = options.is_stream ? bind_group(argv[2]) : 0;
  bind_hand_on(listen_on(argv[0], mode, &options, group), &options, argv[2], argv + 3);
}
