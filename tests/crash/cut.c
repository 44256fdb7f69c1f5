/* cut: ends a process, as a kill would, before its n-th call that leaves something on the disk.

     CUT=n LD_PRELOAD=build/tests/crash/cut.so program

   The exit code is 99 if it was cut; any other says that n was never reached. Calls are counted in the process and in
   what it forks together; the one that makes the n-th is ended. CUT_REPORT=file: the file holds, at any time, how many
   calls there were (decimal, a line), so that a test of a program that goes on when its child is gone sees it too.
   FAIL=n: the n-th call fails with EIO, and the process lives.
   CUT_GROUP=1: its whole process group is killed, as when the machine stops: nobody is left who could go on at once.
   A call on what is no file or folder (a socket, a pipe), or on fd 2, the log, does not count. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { REPORT_BYTES = 32 };

static unsigned long *counted; /* shared with children */
static char *report;           /* the file, mapped: a sandbox that was entered meanwhile does not matter */
static unsigned long cut_at, fail_at;
static bool cuts_group;

static void *map(int fd, size_t length)
{
  void *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | (fd == -1 ? MAP_ANONYMOUS : 0), fd, 0);
  if (memory == MAP_FAILED) abort();
  return memory;
}

static void show(unsigned long count)
{
  if (report) snprintf(report, REPORT_BYTES, "%0*lu\n", REPORT_BYTES - 2, count);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
  const char *n = getenv("CUT"), *f = getenv("FAIL"), *path = getenv("CUT_REPORT");

  counted = map(-1, sizeof *counted);
  cuts_group = getenv("CUT_GROUP") != 0;
  cut_at = n ? strtoul(n, 0, 10) : 0;
  fail_at = f ? strtoul(f, 0, 10) : 0;
  if (!path) return;
  int fd = open(path, O_RDWR | O_CREAT, 0666);
  if (fd == -1 || REAL(ftruncate)(fd, REPORT_BYTES - 1) == -1) abort();
  report = map(fd, REPORT_BYTES);
  close(fd);
  show(0);
}

/* True: this one fails. */
static bool lasting(void)
{
  unsigned long count = __atomic_add_fetch(counted, 1, __ATOMIC_SEQ_CST);

  show(count);
  if (count == cut_at && cuts_group) kill(0, SIGKILL);
  if (count == cut_at) _exit(99);
  errno = EIO;
  return count == fail_at;
}

static bool lasting_on(int fd)
{
  struct stat s;
  return fd != 2 && fstat(fd, &s) == 0 && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)) && lasting();
}

ssize_t write(int fd, const void *bytes, size_t length)
{
  if (lasting_on(fd)) return -1;
  return REAL(write)(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
  if (lasting_on(fd)) return -1;
  return REAL(writev)(fd, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
  if (lasting_on(fd)) return -1;
  return REAL(pwrite)(fd, bytes, length, at);
}

ssize_t sendfile(int to, int from, off_t *at, size_t length)
{
  if (lasting_on(to)) return -1;
  return REAL(sendfile)(to, from, at, length);
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t length, unsigned int flags)
{
  if (lasting_on(to)) return -1;
  return REAL(copy_file_range)(from, from_at, to, to_at, length, flags);
}

int ftruncate(int fd, off_t length)
{
  if (lasting_on(fd)) return -1;
  return REAL(ftruncate)(fd, length);
}

int fsync(int fd)
{
  if (lasting_on(fd)) return -1;
  return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
  if (lasting_on(fd)) return -1;
  return REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to)
{
  if (lasting()) return -1;
  return REAL(rename)(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
  if (lasting()) return -1;
  return REAL(renameat)(from_folder, from, to_folder, to);
}

int link(const char *from, const char *to)
{
  if (lasting()) return -1;
  return REAL(link)(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
  if (lasting()) return -1;
  return REAL(linkat)(from_folder, from, to_folder, to, flags);
}

int symlink(const char *target, const char *path)
{
  if (lasting()) return -1;
  return REAL(symlink)(target, path);
}

int symlinkat(const char *target, int folder, const char *path)
{
  if (lasting()) return -1;
  return REAL(symlinkat)(target, folder, path);
}

int mkdir(const char *path, mode_t mode)
{
  if (lasting()) return -1;
  return REAL(mkdir)(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
  if (lasting()) return -1;
  return REAL(mkdirat)(folder, path, mode);
}

int unlink(const char *path)
{
  if (lasting()) return -1;
  return REAL(unlink)(path);
}

int unlinkat(int folder, const char *path, int flags)
{
  if (lasting()) return -1;
  return REAL(unlinkat)(folder, path, flags);
}
