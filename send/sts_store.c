#include "send/sts_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/random.h>
#include <skalibs/sha256.h>

#include "lib/dns.h"
#include "lib/file.h"
#include "lib/log.h"

#define LOCK STS_FOLDER "/.lock"

enum {
  DOMAIN_MAX = 253 - 8, /* mta-sts.DOMAIN is a name */
  TRIED = 64,         /* of so many, chosen by chance, the one goes that was not asked for longest */
  LEFT_SECONDS = 3600 /* nobody writes a file for so long */
};

static int lock_file = -1;

static void set_path(text *path, const char *domain)
{
  text_copy(path, STS_FOLDER "/");
  file_name_add(path, domain, strlen(domain));
  text_string(path);
}

/* No host's name begins with a hyphen, and so each domain is the name of its file. */
bool send_sts_store_name(text *domain, const char *name)
{
  text_copy(domain, name);
  text_lower(domain);
  if (domain->len && domain->s[domain->len - 1] == '.') domain->len--;
  return dns_name_check(text_string(domain)) && domain->len <= DOMAIN_MAX && *domain->s != '-';
}

bool send_sts_store_may_have(const char *domain)
{
  text path = TEXT_ZERO;

  set_path(&path, domain);
  bool is_absent = access(path.s, F_OK) == -1 && errno == ENOENT;
  text_free(&path);
  return !is_absent;
}

bool send_sts_store_read(const char *domain, struct sts_entry *e)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO;
  bool good = false;

  send_sts_entry_free(e);
  set_path(&path, domain);
  if (openslurpclose(&bytes, path.s)) {
    good = send_sts_entry_parse(e, domain, bytes.s, bytes.len);
    if (!good) log_event("unreadable", "file", path.s, "reason", "it is not what this program writes", (char *)0);
  } else if (errno != ENOENT)
    log_event("unreadable", "file", path.s, "reason", strerror(errno), (char *)0);
  text_free(&path);
  text_free(&bytes);
  return good;
}

void send_sts_store_remove(const char *domain)
{
  text path = TEXT_ZERO;

  set_path(&path, domain);
  if (unlink(path.s) == -1 && errno != ENOENT) log_event("unremoved", "file", path.s, "reason", strerror(errno), (char *)0);
  text_free(&path);
}

/* A name that stands for itself is a domain's (file_name_add). */
bool send_sts_store_names(text *domains) { return folder_names(STS_FOLDER, 0, domains); }

static size_t count_names(const text *names)
{
  size_t count = 0;

  for (size_t at = 0; at < names->len; at++) count += !names->s[at];
  return count;
}

/* From a place in the middle of the names to the next name. */
static const char *name_near(const text *names, size_t at)
{
  while (at && names->s[at - 1]) at--;
  return names->s + at;
}

/* When it was last asked for; without a policy that holds it goes first. */
static int64_t worth(const char *domain, int64_t now)
{
  struct sts_entry e = STS_ENTRY_ZERO;
  int64_t used = send_sts_store_read(domain, &e) && send_sts_entry_is_valid(&e, now) ? e.used : 0;

  send_sts_entry_free(&e);
  return used;
}

static void make_room(void)
{
  text names = TEXT_ZERO;
  const char *worst = 0;
  int64_t least = 0, now = time(0);

  if (send_sts_store_names(&names) && count_names(&names) >= STS_STORE_MAX) {
    for (unsigned int i = 0; i < TRIED; i++) {
      uint32_t number;
      random_buf((char *)&number, sizeof number);
      const char *name = name_near(&names, number % names.len);
      int64_t used = worth(name, now);
      if (!worst || used < least) worst = name, least = used;
    }
    send_sts_store_remove(worst);
    log_event("forgotten", "domain", worst, "reason", "state/sts is full", (char *)0);
  }
  text_free(&names);
}

void send_sts_store_write(const char *domain, const struct sts_entry *e)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO;

  set_path(&path, domain);
  if (access(path.s, F_OK) == -1) make_room();
  send_sts_entry_format(e, domain, &bytes);
  if (!file_replace(STS_FOLDER, path.s + sizeof STS_FOLDER, &bytes, 0600))
    log_event("unwritten", "file", path.s, "reason", strerror(errno), (char *)0);
  text_free(&path);
  text_free(&bytes);
}

/* A byte of the lock file for each domain, at a place that nobody can choose for another domain. */
static struct flock range(const char *domain, short type)
{
  unsigned char digest[32];
  uint64_t place = 0;

  SHA256Schedule hash;

  sha256_init(&hash);
  sha256_update(&hash, domain, strlen(domain));
  sha256_final(&hash, (char *)digest);
  for (unsigned int i = 0; i < 8; i++) place = place << 8 | digest[i];
  return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(place >> 2), .l_len = 1 };
}

bool send_sts_store_lock(const char *domain, bool waits)
{
  struct flock lock = range(domain, F_WRLCK);

  if (lock_file == -1) lock_file = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_file == -1) {
    log_event("unlocked", "file", LOCK, "reason", strerror(errno), (char *)0);
    return waits; /* better twice than not at all */
  }
  return fcntl(lock_file, waits ? F_SETLKW : F_SETLK, &lock) == 0;
}

void send_sts_store_unlock(void)
{
  if (lock_file != -1) close(lock_file);
  lock_file = -1;
}

/* Names that begin with a dot, of files that are written aside. */
void send_sts_store_sweep(void)
{
  DIR *folder = opendir(STS_FOLDER);
  int64_t now = time(0);
  struct stat status;

  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));)
    if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".lock") &&
        !fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) && S_ISREG(status.st_mode) && now - status.st_mtime > LEFT_SECONDS)
      unlinkat(dirfd(folder), entry->d_name, 0);
  closedir(folder);
}
