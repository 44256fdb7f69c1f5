/* sandbox: each case runs in a child of its own, inside a sandbox that may read "open" and write "work". Check 54, 55. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/charset.h"
#include "lib/landlock.h"
#include "lib/sandbox.h"
#include "lib/text.h"
#include "tests/check.h"

static const char *const reads[] = { "open", "not-there", 0 };
static const char *const writes[] = { "work", 0 };
static const struct sandbox usual = { .reads = reads, .writes = writes };
static const struct sandbox network = { .reads = reads, .writes = writes, .may_connect = true };
static const struct sandbox dns = { .reads = reads, .writes = writes, .may_ask_dns = true };
static const struct sandbox setuid_too = { .reads = reads, .writes = writes, .may_setuid = true };

static bool can_open(const char *path, int flags)
{
  int fd = open(path, flags | O_CLOEXEC, 0600);
  if (fd != -1) close(fd);
  return fd != -1;
}

static bool connects(const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  return s != -1 && !connect(s, (struct sockaddr *)&address, sizeof address);
}

static bool reads_what_it_may(void) { return can_open("open/file", O_RDONLY) && can_open("open", O_RDONLY | O_DIRECTORY); }
static bool reads_nothing_else(void) { return !can_open("closed/file", O_RDONLY) && !can_open("/etc/passwd", O_RDONLY); }
static bool writes_nowhere_else(void) { return !can_open("open/file", O_WRONLY) && !can_open("open/new", O_WRONLY | O_CREAT); }
static bool reaches_unix_sockets(void) { return connects("run"); }
static bool no_exec(void) { return execl("/bin/true", "true", (char *)0) == -1 && errno == EACCES; }
static bool no_network(void) { return socket(AF_INET, SOCK_STREAM, 0) == -1 && socket(AF_INET6, SOCK_DGRAM, 0) == -1; }
static bool has_network(void) { return socket(AF_INET, SOCK_STREAM, 0) != -1 && socket(AF_INET, SOCK_DGRAM, 0) != -1; }
static bool has_datagrams(void)
{
  return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) != -1 && socket(AF_INET6, SOCK_DGRAM, 0) != -1 &&
         socket(AF_INET, SOCK_STREAM, 0) == -1 && socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 && socket(AF_INET, SOCK_RAW, 1) == -1;
}
static bool resolver_file(void) { return can_open("/etc/resolv.conf", O_RDONLY) && can_open("/etc/hosts", O_RDONLY); }
static bool can_setuid(void) { return !setresgid(1, 1, 1) && !setresuid(1, 1, 1) && getuid() == 1; }

/* What a mailbox's session does, inside of the sandbox of what started it. */
static bool enters_a_folder(void)
{
  return !chdir("work/a") && landlock_enter_folder() && can_open("new", O_WRONLY | O_CREAT) && !unlink("new") &&
         !can_open("../b", O_RDONLY | O_DIRECTORY) && !can_open("../../open/file", O_RDONLY);
}

static bool knows_character_sets(void)
{
  return landlock_enter_folder() && charset_is_known("iso-8859-15") && charset_is_known("iso-2022-jp");
}

static bool links_an_unnamed_file(void)
{
  int fd = open("work/a", O_TMPFILE | O_WRONLY, 0600);
  char path[64];
  if (fd == -1 || snprintf(path, sizeof path, "/proc/self/fd/%d", fd) < 0) return false;
  return !linkat(AT_FDCWD, path, AT_FDCWD, "work/b/linked", AT_SYMLINK_FOLLOW) && !rename("work/b/linked", "work/a/moved") &&
         !unlink("work/a/moved");
}

/* An accepted connection is not a way out: a socket that was disconnected cannot be connected elsewhere. */
static int accepted = -1;
static struct sockaddr_in listening = { .sin_family = AF_INET };
static bool no_way_out_by_reconnecting(void)
{
  struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
  connect(accepted, &nowhere, sizeof nowhere);
  return connect(accepted, (struct sockaddr *)&listening, sizeof listening) == -1 && errno == EACCES;
}

/* Nor by Fast Open, which connects by sending. */
static bool no_way_out_by_sending(void)
{
  struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
  struct iovec part = { .iov_base = "x", .iov_len = 1 };
  struct mmsghdr messages = { .msg_hdr = { .msg_name = &listening, .msg_namelen = sizeof listening, .msg_iov = &part, .msg_iovlen = 1 } };
  connect(accepted, &nowhere, sizeof nowhere);
  return sendto(accepted, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&listening, sizeof listening) == -1 && errno == ENOSYS &&
         sendmsg(accepted, &messages.msg_hdr, MSG_FASTOPEN) == -1 && errno == ENOSYS &&
         sendmmsg(accepted, &messages, 1, MSG_FASTOPEN) == -1 && errno == ENOSYS;
}

static bool no_limit_for_others(void)
{
  struct rlimit limit;
  return prlimit(getppid(), RLIMIT_NOFILE, 0, &limit) == -1 && errno == ENOSYS && !getrlimit(RLIMIT_NOFILE, &limit) && !setrlimit(RLIMIT_NOFILE, &limit);
}

static bool no_signal_to_the_parent(void) { return kill(getppid(), 0) == -1 && errno == EPERM; }
static bool is_hardened(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0; }
static bool traces(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0; }
static bool changes_uid(void) { return setresuid(1, 1, 1) == 0; }

/* 0 yes, 1 no, or the signal's number negated */
static int run(const struct sandbox *s, bool (*fact)(void))
{
  int status;
  fflush(stdout);
  pid_t pid = fork();
  if (!pid) {
    sandbox_enter(s);
    _exit(!fact());
  }
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int bind_unix(const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  return bind(s, (struct sockaddr *)&address, sizeof address) || listen(s, 8);
}

static void accept_one(void)
{
  socklen_t length = sizeof listening;
  int s = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  listening.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(s, (struct sockaddr *)&listening, length) || listen(s, 8) || getsockname(s, (struct sockaddr *)&listening, &length))
    return;
  if (!connect(client, (struct sockaddr *)&listening, length)) accepted = accept(s, 0, 0);
}

static void prepare(void)
{
  char folder[] = "/tmp/sandbox.XXXXXX";
  if (!mkdtemp(folder) || chdir(folder) || mkdir("open", 0700) || mkdir("closed", 0700) || mkdir("work", 0700) ||
      mkdir("work/a", 0700) || mkdir("work/b", 0700) || bind_unix("run") || !can_open("open/file", O_WRONLY | O_CREAT) ||
      !can_open("closed/file", O_WRONLY | O_CREAT))
    perror("prepare"), exit(111);
  accept_one();
}

static void clean(void)
{
  const char *const files[] = { "open/file", "closed/file", "run" }, *const folders[] = { "open", "closed", "work/a", "work/b", "work" };
  char *here = getcwd(0, 0);
  for (size_t i = 0; i < 3; i++) unlink(files[i]);
  for (size_t i = 0; i < 5; i++) rmdir(folders[i]);
  rmdir(here);
  free(here);
}

int main(void)
{
  prepare();
  check(!run(&usual, reads_what_it_may), "reads the folder that it may read");
  check(!run(&usual, reads_nothing_else), "reads nothing else, not /etc either");
  check(!run(&usual, links_an_unnamed_file), "makes, links, renames and removes files where it may write");
  check(!run(&usual, writes_nowhere_else), "writes nowhere else");
  check(!run(&usual, reaches_unix_sockets), "a service's unix socket can be reached");
  check(!run(&usual, no_exec), "executes no other program");
  check(!run(&usual, no_network), "gets no network socket");
  check(!run(&usual, no_way_out_by_reconnecting), "an accepted connection cannot be turned into an outgoing one");
  check(!run(&usual, no_way_out_by_sending), "... not by TCP Fast Open either");
  check(!run(&usual, no_limit_for_others), "sets limits for nobody but itself");
  check(!run(&usual, no_signal_to_the_parent), "signals nobody outside");
  check(!run(&usual, is_hardened), "has no_new_privs and cannot be dumped");
  check(!run(&network, has_network), "may_connect: gets TCP and UDP sockets");
  check(!run(&network, resolver_file), "may_connect: reads resolv.conf and hosts");
  check(!run(&dns, has_datagrams), "may_ask_dns: gets UDP sockets, and none for TCP");
  check(!run(&dns, resolver_file), "may_ask_dns: reads resolv.conf and hosts");
  check(!run(&usual, enters_a_folder), "enters a folder of what it may write, and then has no other");
  check(!run(&usual, knows_character_sets), "finds iconv's tables there");
  check(run(&usual, traces) == -SIGSYS, "ptrace kills it");
  check(run(&usual, changes_uid) == -SIGSYS, "setresuid kills it");
  if (!getuid()) check(!run(&setuid_too, can_setuid), "may_setuid: becomes another uid");
  clean();
  return check_done();
}
