#include "ldapsync/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/sha256.h>

#include "ldapsync/changes.h"
#include "ldapsync/source.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/log.h"

#define IDS_FILE "ldap.ids"
#define STATE_FILE "ldap.watch"

enum { MIN_CHANGES = 1024 * 1024, SHARE = 4 }; /* when a file is written whole again: its changes are more than that, and than a fourth of it */

static void add_digest(text *hex, const char *bytes, size_t length)
{
  SHA256Schedule schedule = SHA256_INIT();
  char digest[32];

  sha256_init(&schedule);
  if (length) sha256_update(&schedule, bytes, length);
  sha256_final(&schedule, digest);
  text_clear(hex);
  hex_add(hex, digest, sizeof digest);
  text_string(hex);
}

void watched_digest(const text *bytes, text *hex) { add_digest(hex, bytes->s, bytes->len); }

void watched_read(struct watched *w, text *bytes)
{
  struct changes c;

  text_clear(bytes);
  text_clear(&w->digest);
  w->full = w->whole = 0;
  w->is_ours = false;
  int fd = open(WATCHED_PATH, O_RDONLY | O_CLOEXEC);
  if (fd == -1 && errno == ENOENT) return;
  if (fd == -1 || !slurp(bytes, fd) || fstat(fd, &w->status) == -1) die_unable("read " WATCHED_PATH); /* of one file: ldap-fetch may put another one there meanwhile */
  close(fd);
  changes_begin(&c, bytes->s, bytes->len);
  w->full = c.full;
  w->whole = c.whole;
  changes_free(&c);
  add_digest(&w->digest, bytes->s, w->full);
}

bool watched_load(struct watched *w, struct replica *r, const struct profile *p, const char *origin, bool *is_published)
{
  text file = TEXT_ZERO, ids = TEXT_ZERO, state = TEXT_ZERO;
  struct replica_files files = { &file, &ids, &state };
  uint64_t length = 0;

  watched_read(w, &file);
  file_read(SOURCE_FOLDER "/" IDS_FILE, &ids);
  file_read(SOURCE_FOLDER "/" STATE_FILE, &state);
  w->is_ours = w->digest.len && replica_parse(r, p, &files, origin, w->digest.s, &length);
  if (w->is_ours && length > w->whole) { /* whoever made it so: it is not what the tables have */
    w->is_ours = false;
    replica_clear(r);
  }
  *is_published = w->is_ours && length == w->whole;
  text_free(&file);
  text_free(&ids);
  text_free(&state);
  return w->is_ours;
}

static bool is_same_file(const struct watched *w)
{
  const struct timespec *known = &w->status.st_mtim;
  struct stat s;

  if (stat(WATCHED_PATH, &s) == -1) return errno == ENOENT && !w->digest.len;
  return w->digest.len && s.st_ino == w->status.st_ino && s.st_size == w->status.st_size && s.st_mtim.tv_sec == known->tv_sec &&
         s.st_mtim.tv_nsec == known->tv_nsec;
}

static void write_ids(const struct watched *w, struct replica *r, const char *origin)
{
  text ids = TEXT_ZERO;

  replica_ids_format(r, origin, w->digest.s, &ids);
  if (!file_replace(SOURCE_FOLDER, IDS_FILE, &ids, 0600)) die_unable("write " SOURCE_FOLDER "/" IDS_FILE);
  text_free(&ids);
}

/* Who writes the file whole writes what he has found; if that is what was in it, or what is known here, it is the file from now on. */
bool watched_check(struct watched *w, const struct replica *r)
{
  text bytes = TEXT_ZERO;

  if (is_same_file(w)) return true;
  watched_read(w, &bytes);
  bool is_known = w->digest.len && replica_is_of(r, &bytes);
  if (!is_known) log_event("rewritten", "file", WATCHED_PATH, "reason", "not by ldap-watch: everything is asked for again", (char *)0);
  text_free(&bytes);
  return is_known;
}

static void write_whole(struct watched *w, struct replica *r, const char *origin)
{
  text bytes = TEXT_ZERO, digest = TEXT_ZERO;

  replica_format(r, &bytes);
  watched_digest(&bytes, &digest);
  if (!text_is(&w->digest, digest.s) || w->status.st_size != (off_t)w->full) {
    if (!file_replace(SOURCE_FOLDER, SOURCE_FILE, &bytes, 0640)) die_unable("write " WATCHED_PATH);
    if (stat(WATCHED_PATH, &w->status) == -1) die_unable("look at " WATCHED_PATH);
    text_copy(&w->digest, digest.s);
    text_string(&w->digest);
  }
  w->full = w->whole = bytes.len;
  write_ids(w, r, origin);
  w->is_ours = true;
  text_free(&digest);
  text_free(&bytes);
}

/* Behind what counts; what was cut off there is taken away first. */
static void append(struct watched *w, const text *batch)
{
  int fd = open(WATCHED_PATH, O_WRONLY | O_CLOEXEC);

  if (fd == -1) die_unable("open " WATCHED_PATH);
  if (w->status.st_size > (off_t)w->whole && ftruncate(fd, (off_t)w->whole) == -1) die_unable("cut " WATCHED_PATH);
  if (lseek(fd, (off_t)w->whole, SEEK_SET) == -1 || allwrite(fd, batch->s, batch->len) < batch->len || fdatasync(fd) == -1 || fstat(fd, &w->status) == -1)
    die_unable("write " WATCHED_PATH);
  close(fd);
  w->whole += batch->len;
}

static bool may_grow(const struct watched *w, size_t more)
{
  size_t changes = w->whole - w->full + more;
  return changes <= MIN_CHANGES || changes <= w->full / SHARE;
}

void watched_store(struct watched *w, struct replica *r, const char *origin)
{
  text batch = TEXT_ZERO;

  if (w->is_ours) replica_changes_format(r, &batch);
  if (!w->is_ours || !may_grow(w, batch.len))
    write_whole(w, r, origin);
  else if (batch.len)
    append(w, &batch);
  replica_changes_forget(r);
  text_free(&batch);
}

void watched_save(const struct watched *w, const struct replica *r, const char *origin)
{
  text state = TEXT_ZERO;

  replica_state_format(r, origin, w->digest.s, w->whole, &state);
  if (!file_replace(SOURCE_FOLDER, STATE_FILE, &state, 0600)) die_unable("write " SOURCE_FOLDER "/" STATE_FILE);
  text_free(&state);
}

void watched_forget(void)
{
  if (unlink(SOURCE_FOLDER "/" STATE_FILE) == -1 && errno != ENOENT) die_unable("remove " SOURCE_FOLDER "/" STATE_FILE);
}

static void add_settings(text *words, const char *folder, const char *name)
{
  text path = TEXT_ZERO;
  struct stat s = { .st_ino = 0 };

  text_add_format(&path, "%s/%s", folder, name);
  if (stat(text_string(&path), &s) == -1) s = (struct stat){ .st_ino = 0 };
  text_add_format(words, "%llu %lld.%ld %lld;", (unsigned long long)s.st_ino, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
                  (long long)s.st_size);
  text_free(&path);
}

void watched_settings(text *words)
{
  static const char *const names[] = { "ldapserver", "ldaptls",     "ldapca.pem",  "ldaptimeout", "ldapbasedn",
                                       "ldaplogin",  "ldappassword", "ldapprofile", "ldappoll", "ldapcompare", "ldapmechanism", "ldapclient.pem", 0 };
  text profiles = TEXT_ZERO;

  text_clear(words);
  for (size_t i = 0; names[i]; i++) add_settings(words, "control", names[i]);
  conf_lines("ldapprofile", &profiles);
  if (!profiles.len) text_add_bytes(&profiles, "rfc2307", sizeof "rfc2307");
  for (size_t at = 0; at < profiles.len; at += strlen(profiles.s + at) + 1) {
    add_settings(words, "control/profiles", profiles.s + at);
    add_settings(words, "profiles", profiles.s + at);
  }
  text_string(words);
  text_free(&profiles);
}
