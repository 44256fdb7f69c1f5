#include "auth/bindcache.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/attempt.h"
#include "auth/verify.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/password.h"

#define FOLDER "state/binds"
#define SWEPT ".swept" /* when it was looked through last */
enum { LONGEST = 90 * 86400, OUTAGE_SECONDS = 10, NOTE_SECONDS = 3600, NOTES_AN_AGE = 8 };

static struct {
  uint64_t seconds; /* 0: off */
  _Atomic uint64_t *outage_until; /* all children see it */
} shared;

struct kept {
  text stored;
  uint64_t at; /* seconds since 1970 */
};
#define KEPT_ZERO { .stored = TEXT_ZERO }

void bindcache_prepare(void)
{
  shared.seconds = conf_seconds("bindcache", 0, LONGEST);
  shared.outage_until = mmap(0, sizeof *shared.outage_until, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared.outage_until == MAP_FAILED) die_nomem();
}

bool bindcache_is_on(void) { return shared.seconds; }

void bindcache_note_outage(void) { atomic_store(shared.outage_until, attempt_now_ms() + OUTAGE_SECONDS * 1000); }

bool bindcache_is_outage(void) { return shared.seconds && attempt_now_ms() < atomic_load(shared.outage_until); }

static void path_of(const char *key, text *path)
{
  text_clear(path);
  text_add_format(path, FOLDER "/%s", key);
  text_string(path);
}

void bindcache_forget(const char *key)
{
  text path = TEXT_ZERO;

  path_of(key, &path);
  if (unlink(path.s) == -1 && errno != ENOENT) log_event("not-forgotten", "file", path.s, "reason", strerror(errno), (char *)0);
  text_free(&path);
}

/* What is kept and not too old. What cannot be understood is nothing. */
static bool read_kept(const char *key, struct kept *k)
{
  static const char *const known[] = { "stored", "at", 0 };
  text path = TEXT_ZERO, fields = TEXT_ZERO, error = TEXT_ZERO;
  uint64_t now = (uint64_t)time(0);

  path_of(key, &path);
  bool is_there = conf_fields(path.s, known, &fields, &error) && record_number(&fields, "at", now, &k->at) && now - k->at < shared.seconds;
  if (is_there) text_copy(&k->stored, record_get(&fields, "stored"));
  text_string(&k->stored);
  text_wipe(&fields);
  text_free(&path);
  text_free(&error);
  return is_there && k->stored.len;
}

static void write_kept(const char *key, const struct kept *k)
{
  text bytes = TEXT_ZERO;

  text_add_format(&bytes, "stored: %s\nat: %llu\n", k->stored.s, (unsigned long long)k->at);
  if (!file_replace(FOLDER, key, &bytes, 0600)) log_event("not-kept", "folder", FOLDER, "reason", strerror(errno), (char *)0);
  text_wipe(&bytes);
}

enum bindcache_result bindcache_check(const char *key, const char *password)
{
  struct kept k = KEPT_ZERO;
  enum bindcache_result result = BINDCACHE_ABSENT;

  if (shared.seconds && read_kept(key, &k)) result = verify_fits(key, k.stored.s, password) ? BINDCACHE_RIGHT : BINDCACHE_WRONG;
  text_wipe(&k.stored);
  return result;
}

/* The same password again is written when an eighth of the time is over, at most once an hour. */
void bindcache_keep(const char *key, const char *password)
{
  struct kept k = KEPT_ZERO;
  uint64_t now = (uint64_t)time(0), later = shared.seconds / NOTES_AN_AGE < NOTE_SECONDS ? shared.seconds / NOTES_AN_AGE : NOTE_SECONDS;

  if (!shared.seconds) return;
  atomic_store(shared.outage_until, 0);
  bool is_there = read_kept(key, &k);
  bool is_it = is_there && password_is_current(k.stored.s) && verify_fits(key, k.stored.s, password);
  if (!is_it) {
    text_wipe(&k.stored);
    verify_hash(&k.stored, password);
    text_string(&k.stored);
  }
  if (!is_it || now - k.at >= later) {
    k.at = now;
    write_kept(key, &k);
  }
  text_wipe(&k.stored);
}

void bindcache_refused(const char *key, const char *password)
{
  if (!shared.seconds) return;
  atomic_store(shared.outage_until, 0);
  if (bindcache_check(key, password) == BINDCACHE_RIGHT) bindcache_forget(key);
}

bool bindcache_is_disabled(const text *mailbox)
{
  static const char *const services[] = { "imap", "pop3", "sieve", "submit", 0 };

  for (const char *const *service = services; *service; service++)
    if (!record_is(mailbox, *service, "no")) return false;
  return true;
}

static bool is_due(void)
{
  struct stat st;
  text nothing = TEXT_ZERO;
  time_t now = time(0);

  if (stat(FOLDER "/" SWEPT, &st) == 0 && st.st_mtime <= now && now - st.st_mtime < NOTE_SECONDS) return false;
  return file_replace(FOLDER, SWEPT, &nothing, 0600);
}

static bool may_stay(const char *key, struct tables *policy, struct tables *auth)
{
  struct kept k = KEPT_ZERO;
  text mailbox = TEXT_ZERO, secret = TEXT_ZERO;
  bool may = read_kept(key, &k) && tables_find(policy, "mailbox", key, &mailbox) != LOOKUP_ABSENT && !bindcache_is_disabled(&mailbox) &&
             tables_find(auth, "mailbox", key, &secret) != LOOKUP_ABSENT && record_find(&secret, "bind");

  text_wipe(&k.stored);
  text_free(&mailbox);
  text_wipe(&secret);
  return may;
}

void bindcache_sweep(struct tables *policy, struct tables *auth)
{
  text names = TEXT_ZERO;

  if (shared.seconds && is_due() && folder_names(FOLDER, 0, &names))
    for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1)
      if (!may_stay(names.s + at, policy, auth)) bindcache_forget(names.s + at);
  text_free(&names);
}
