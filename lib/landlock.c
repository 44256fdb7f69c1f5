#include "lib/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/die.h"

/* Debian 12's header knows the first ABI. What came later, as the kernel's own header has it. */
struct ruleset {
  uint64_t files;
  uint64_t ports;  /* from ABI 4 */
  uint64_t scoped; /* from ABI 6 */
};

struct port_rule {
  uint64_t allowed;
  uint64_t port;
};

enum {
  REFER = 1 << 13,     /* ABI 2: link and rename between folders */
  TRUNCATE = 1 << 14,  /* ABI 3 */
  IOCTL_DEV = 1 << 15, /* ABI 5 */
  BIND_TCP = 1 << 0,
  CONNECT_TCP = 1 << 1,
  NET_PORT = 2, /* a kind of rule */
  ABSTRACT_UNIX_SOCKET = 1 << 0,
  SIGNAL = 1 << 1
};

enum {
  EXECUTE = LANDLOCK_ACCESS_FS_EXECUTE,
  FILE_READ = LANDLOCK_ACCESS_FS_READ_FILE,
  FILE_WRITE = LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE,
  FILE_ANY = FILE_READ | FILE_WRITE | EXECUTE,
  FOLDER_READ = FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR,
  FOLDER_WRITE = FOLDER_READ | FILE_WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | REFER,
  ANY = FOLDER_WRITE | EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | IOCTL_DEV
};

/* What glibc reads by itself: libraries, the time zone; for names of hosts, whole /etc, because resolv.conf is
   replaced while we run. Secrets in /etc are not readable for our users in the first place. */
static const char *const always_reads[] = { "/usr/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime",
                                            "/usr/share/zoneinfo", "/dev/urandom", 0 };
static const char *const resolver_reads[] = { "/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", 0 };
static const char *const null_device[] = { "/dev/null", 0 };

static struct ruleset wanted(const struct sandbox *s, long abi)
{
  struct ruleset r = { .files = ANY };

  if (abi < 2) r.files &= ~(uint64_t)REFER;
  if (abi < 3) r.files &= ~(uint64_t)TRUNCATE;
  if (abi < 5) r.files &= ~(uint64_t)IOCTL_DEV;
  if (abi >= 4) r.ports = s->may_connect ? BIND_TCP : BIND_TCP | CONNECT_TCP;
  if (abi >= 6) r.scoped = ABSTRACT_UNIX_SOCKET | SIGNAL;
  return r;
}

static size_t size_of(long abi)
{
  if (abi < 4) return offsetof(struct ruleset, ports);
  return abi < 6 ? offsetof(struct ruleset, scoped) : sizeof(struct ruleset);
}

/* A path that is not there gives no right; the program that needs it says so itself. */
static void allow(int ruleset, uint64_t handled, const char *path, uint64_t rights)
{
  struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
  struct stat st;

  if (rule.parent_fd == -1) {
    if (errno != ENOENT) die_unable("open ", path, " for the sandbox");
    return;
  }
  if (fstat(rule.parent_fd, &st) == -1) die_unable("look at ", path);
  rule.allowed_access = rights & handled & (S_ISDIR(st.st_mode) ? ANY : FILE_ANY);
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == -1)
    die_unable("allow ", path, " by Landlock");
  close(rule.parent_fd);
}

static void allow_all(int ruleset, uint64_t handled, const char *const *paths, uint64_t rights)
{
  for (; paths && *paths; paths++) allow(ruleset, handled, *paths, rights);
}

/* Port 0: an own address is chosen, the kernel chooses the port. A socket that listens without a bind gets one likewise. */
static void allow_source(int ruleset)
{
  struct port_rule rule = { .allowed = BIND_TCP, .port = 0 };

  if (syscall(SYS_landlock_add_rule, ruleset, NET_PORT, &rule, 0) == -1) die_unable("allow source addresses by Landlock");
}

/* The first object is the program itself; its interpreter is the dynamic loader. */
static int find_loader(struct dl_phdr_info *program, size_t size, void *found)
{
  (void)size;
  for (unsigned int i = 0; i < program->dlpi_phnum; i++)
    if (program->dlpi_phdr[i].p_type == PT_INTERP)
      *(const char **)found = (const char *)(program->dlpi_addr + program->dlpi_phdr[i].p_vaddr);
  return 1;
}

static void allow_itself(int ruleset, uint64_t handled)
{
  const char *loader = 0;
  char *program = realpath("/proc/self/exe", 0);

  if (!program) die_unable("find this program's file");
  program[strrchr(program, '/') - program] = 0; /* its folder: an upgrade puts another file there */
  allow(ruleset, handled, program, EXECUTE | FILE_READ);
  free(program);
  dl_iterate_phdr(find_loader, &loader);
  if (loader) allow(ruleset, handled, loader, EXECUTE | FILE_READ);
}

static int make_ruleset(const struct ruleset *r, long abi)
{
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, r, size_of(abi), 0);

  if (ruleset == -1) die_unable("make a Landlock ruleset");
  return ruleset;
}

static void restrict_self(int ruleset)
{
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) == -1) die_unable("enter Landlock");
  close(ruleset);
}

static long get_abi(void)
{
  long abi = syscall(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (abi == -1 && errno != ENOSYS && errno != EOPNOTSUPP) die_unable("ask the kernel for Landlock");
  return abi;
}

bool landlock_is_there(void) { return get_abi() >= 1; }

bool landlock_enter(const struct sandbox *s)
{
  long abi = get_abi();

  if (abi < 1) return false;
  struct ruleset r = wanted(s, abi);
  int ruleset = make_ruleset(&r, abi);
  allow_itself(ruleset, r.files);
  allow_all(ruleset, r.files, always_reads, FOLDER_READ);
  allow_all(ruleset, r.files, null_device, FILE_READ | FILE_WRITE);
  allow_all(ruleset, r.files, s->reads, FOLDER_READ);
  allow_all(ruleset, r.files, s->writes, FOLDER_WRITE);
  if (s->may_connect || s->may_ask_dns) allow_all(ruleset, r.files, resolver_reads, FOLDER_READ);
  if (s->may_choose_source && r.ports) allow_source(ruleset);
  restrict_self(ruleset);
  return true;
}

bool landlock_enter_folder(void)
{
  long abi = get_abi();

  if (abi < 1) return false;
  struct ruleset r = wanted(&(struct sandbox){ .reads = 0 }, abi);
  int ruleset = make_ruleset(&r, abi);
  allow(ruleset, r.files, ".", FOLDER_WRITE);
  allow_all(ruleset, r.files, always_reads, FOLDER_READ); /* iconv's tables among them */
  restrict_self(ruleset);
  return true;
}
