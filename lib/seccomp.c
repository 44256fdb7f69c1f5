#include "lib/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/socket.h>

#include "lib/die.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define CALL(name) SCMP_SYS(name)

/* The list is ours, by purpose: files, folders, memory, waiting, sockets, processes, time. */
static const int allowed[] = {
  CALL(read), CALL(readv), CALL(pread64), CALL(preadv), CALL(preadv2), CALL(write), CALL(writev), CALL(pwrite64),
  CALL(pwritev), CALL(pwritev2), CALL(open), CALL(openat), CALL(openat2), CALL(creat), CALL(close), CALL(close_range),
  CALL(dup), CALL(dup2), CALL(dup3), CALL(fcntl), CALL(flock), CALL(lseek), CALL(sendfile), CALL(splice), CALL(tee),
  CALL(copy_file_range), CALL(fsync), CALL(fdatasync), CALL(sync_file_range), CALL(ftruncate), CALL(truncate),
  CALL(fallocate), CALL(fadvise64), CALL(memfd_create), CALL(pipe), CALL(pipe2),

  CALL(stat), CALL(fstat), CALL(lstat), CALL(newfstatat), CALL(statx), CALL(statfs), CALL(fstatfs), CALL(access),
  CALL(faccessat), CALL(faccessat2), CALL(getdents), CALL(getdents64), CALL(rename), CALL(renameat), CALL(renameat2),
  CALL(link), CALL(linkat), CALL(unlink), CALL(unlinkat), CALL(symlink), CALL(symlinkat), CALL(readlink),
  CALL(readlinkat), CALL(mkdir), CALL(mkdirat), CALL(rmdir), CALL(chmod), CALL(fchmod), CALL(fchmodat), CALL(chown),
  CALL(lchown), CALL(fchown), CALL(fchownat), CALL(utime), CALL(utimes), CALL(utimensat), CALL(umask), CALL(getcwd),
  CALL(chdir), CALL(fchdir), CALL(inotify_init), CALL(inotify_init1), CALL(inotify_add_watch), CALL(inotify_rm_watch),

  CALL(brk), CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(msync), CALL(membarrier),

  CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(epoll_create), CALL(epoll_create1), CALL(epoll_ctl),
  CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2), CALL(eventfd), CALL(eventfd2), CALL(signalfd),
  CALL(signalfd4), CALL(timerfd_create), CALL(timerfd_settime), CALL(timerfd_gettime), CALL(futex), CALL(restart_syscall),

  CALL(socketpair), CALL(connect), CALL(bind), CALL(accept), CALL(accept4), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg),
  CALL(shutdown), CALL(getsockname), CALL(getpeername),
  CALL(getsockopt), CALL(setsockopt),

  CALL(fork), CALL(vfork), CALL(wait4), CALL(waitid), CALL(exit), CALL(exit_group), CALL(kill), CALL(tgkill),
  CALL(tkill), CALL(pidfd_open), CALL(pidfd_send_signal), CALL(getpid), CALL(getppid), CALL(gettid), CALL(getpgid),
  CALL(getpgrp), CALL(getsid), CALL(setsid), CALL(setpgid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
  CALL(getresuid), CALL(getresgid), CALL(getgroups), CALL(capget), CALL(getrlimit), CALL(setrlimit),
  CALL(getrusage), CALL(getpriority), CALL(setpriority), CALL(sched_yield), CALL(sched_getaffinity), CALL(getcpu),
  CALL(prctl), CALL(arch_prctl), CALL(set_tid_address), CALL(set_robust_list), CALL(rseq), CALL(rt_sigaction),
  CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigpending), CALL(rt_sigsuspend), CALL(rt_sigtimedwait),
  CALL(sigaltstack), CALL(uname), CALL(sysinfo), CALL(getrandom),

  /* a child may give up more than its parent did (landlock_enter_folder) */
  CALL(landlock_create_ruleset), CALL(landlock_add_rule), CALL(landlock_restrict_self),

  CALL(time), CALL(gettimeofday), CALL(clock_gettime), CALL(clock_getres), CALL(nanosleep), CALL(clock_nanosleep),
  CALL(alarm), CALL(getitimer), CALL(setitimer), CALL(times)
};

static const int kill_for[] = {
  CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(process_madvise), CALL(kcmp), CALL(pidfd_getfd),
  CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(move_mount), CALL(open_tree), CALL(fsopen),
  CALL(fsconfig), CALL(fsmount), CALL(fspick), CALL(mount_setattr), CALL(swapon), CALL(swapoff), CALL(quotactl),
  CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(kexec_file_load), CALL(reboot),
  CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(add_key), CALL(request_key), CALL(keyctl), CALL(unshare),
  CALL(setns), CALL(acct), CALL(ioperm), CALL(iopl), CALL(modify_ldt), CALL(open_by_handle_at), CALL(name_to_handle_at),
  CALL(settimeofday), CALL(clock_settime), CALL(clock_adjtime), CALL(adjtimex), CALL(sethostname), CALL(setdomainname),
  CALL(syslog), CALL(personality), CALL(io_uring_setup), CALL(mknod), CALL(mknodat), CALL(execveat), CALL(vhangup)
};

static const int setuid_calls[] = { CALL(setuid),    CALL(setgid),    CALL(setreuid), CALL(setregid), CALL(setresuid),
                                    CALL(setresgid), CALL(setfsuid), CALL(setfsgid), CALL(setgroups), CALL(capset) };

static const unsigned long ioctls[] = { FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ, SIOCOUTQ };

static const int local_sockets[] = { AF_UNIX };
static const int network_sockets[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

enum { NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                        CLONE_NEWCGROUP };

static void rule(scmp_filter_ctx filter, uint32_t action, int call, unsigned int count, struct scmp_arg_cmp argument)
{
  int error = seccomp_rule_add_array(filter, action, call, count, &argument);

  errno = -error;
  if (error) die_unable("add a system call to the seccomp filter");
}

static struct scmp_arg_cmp equals(unsigned int argument, uint64_t value)
{
  return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value };
}

static void rules(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
  for (size_t i = 0; i < count; i++) rule(filter, action, calls[i], 0, equals(0, 0));
}

static void sockets(scmp_filter_ctx filter, const int *families, size_t count)
{
  for (size_t i = 0; i < count; i++)
    rule(filter, SCMP_ACT_ALLOW, CALL(socket), 1, equals(0, (uint64_t)families[i]));
}

static void datagram_sockets(scmp_filter_ctx filter, int family)
{
  enum { TYPE = 0xf }; /* without SOCK_CLOEXEC and SOCK_NONBLOCK (linux/net.h) */
  const struct scmp_arg_cmp arguments[] = { equals(0, (uint64_t)family), SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE, SOCK_DGRAM) };
  int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, CALL(socket), COUNT(arguments), arguments);

  errno = -error;
  if (error) die_unable("add UDP to the seccomp filter");
}

/* TCP Fast Open is a connect that Landlock does not see: a session could turn its client's socket elsewhere. */
static void sending(scmp_filter_ctx filter)
{
  static const struct { int call; unsigned int flags_argument; } calls[] = {
    { CALL(sendto), 3 }, { CALL(sendmsg), 2 }, { CALL(sendmmsg), 3 }
  };

  for (size_t i = 0; i < COUNT(calls); i++)
    rule(filter, SCMP_ACT_ALLOW, calls[i].call, 1, (struct scmp_arg_cmp){ .arg = calls[i].flags_argument,
         .op = SCMP_CMP_MASKED_EQ, .datum_a = MSG_FASTOPEN, .datum_b = 0 });
}

static void fill(scmp_filter_ctx filter, const struct sandbox *s, bool may_execute)
{
  const int execve_call = CALL(execve);

  rules(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
  rules(filter, SCMP_ACT_KILL_PROCESS, kill_for, COUNT(kill_for));
  rules(filter, s->may_setuid ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS, setuid_calls, COUNT(setuid_calls));
  rules(filter, may_execute ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS, &execve_call, 1);
  sending(filter);
  rule(filter, SCMP_ACT_ALLOW, CALL(prlimit64), 1, equals(0, 0)); /* its own limits, not its siblings' */
  rule(filter, SCMP_ACT_ALLOW, CALL(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
  for (size_t i = 0; i < COUNT(ioctls); i++)
    rule(filter, SCMP_ACT_ALLOW, CALL(ioctl), 1, equals(1, ioctls[i]));
  if (s->may_connect)
    sockets(filter, network_sockets, COUNT(network_sockets));
  else
    sockets(filter, local_sockets, COUNT(local_sockets));
  if (s->may_ask_dns && !s->may_connect) {
    datagram_sockets(filter, AF_INET);
    datagram_sockets(filter, AF_INET6);
  }
}

/* Programs that are not ours: they get an error, as they would without the rights. */
static void fill_to_start(scmp_filter_ctx filter)
{
  rules(filter, SCMP_ACT_ERRNO(EPERM), kill_for, COUNT(kill_for));
  rules(filter, SCMP_ACT_ERRNO(EPERM), setuid_calls, COUNT(setuid_calls));
}

/* In a process of its own: libseccomp leaves its freed memory in pieces all over the heap, a quarter of a megabyte of
   pages that every session would copy as soon as it allocates. */
_Noreturn static void build(int out, const struct sandbox *s, bool may_execute)
{
  scmp_filter_ctx filter = seccomp_init(s->may_start ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));

  if (!filter) die_nomem();
  if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) ||
      seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) || seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2))
    die_permanent("this libseccomp is too old: 2.5 is needed");
  if (s->may_start)
    fill_to_start(filter);
  else
    fill(filter, s, may_execute);
  int error = seccomp_export_bpf(filter, out);
  errno = -error;
  if (error) die_unable("make the seccomp filter");
  _exit(0);
}

static size_t read_all(int in, char *bytes, size_t size)
{
  size_t length = 0;
  ssize_t n;

  while (length < size && ((n = read(in, bytes + length, size - length)) > 0 || (n == -1 && errno == EINTR)))
    if (n > 0) length += (size_t)n;
  return length;
}

bool seccomp_enter(const struct sandbox *s, bool may_execute)
{
  struct sock_filter instructions[BPF_MAXINSNS];
  int ends[2], status;

  if (prctl(PR_GET_SECCOMP) == -1 && errno == EINVAL) return false;
  if (pipe2(ends, O_CLOEXEC) == -1) die_unable("make a pipe");
  pid_t pid = fork();
  if (pid == -1) die_unable("start a process that makes the seccomp filter");
  if (!pid) build(ends[1], s, may_execute);
  close(ends[1]);
  size_t length = read_all(ends[0], (char *)instructions, sizeof instructions);
  close(ends[0]);
  while (waitpid(pid, &status, 0) == -1)
    if (errno != EINTR) die_unable("wait for the seccomp filter");
  if (status || !length || length % sizeof *instructions) die_temporary("the seccomp filter was not made");
  struct sock_fprog program = { (unsigned short)(length / sizeof *instructions), instructions };
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) die_unable("install the seccomp filter");
  return true;
}
