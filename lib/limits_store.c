#include "lib/limits_store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/log.h"

enum { BYTES_EACH = 1024, WAIT_FIRST_US = 50, WAIT_MAX_US = 2000, WAIT_WHOLE_US = 1000000, KEY_MAX = 480, SWEEP_EVERY = 16, SWEEP_MANY = 64, SWEEP_FULL = 8 };

static const char hand[] = "\1"; /* the key under which the sweep's place stands */
static const char *store_in_use; /* while LMDB reads what others may have spoilt */

/* LMDB believes what is in its file. Whoever crashes on it takes the store away: the next one finds none, and begins anew. */
_Noreturn static void give_up(const char *path)
{
  static const char words[] = "limits: a broken store was removed\n";

  unlink(path);
  _exit(write(2, words, sizeof words - 1) == -1 ? END_PERMANENT : END_TEMPORARY);
}

static void crash(int signal)
{
  if (store_in_use) give_up(store_in_use);
  raise(signal); /* SA_RESETHAND: as it would have been */
}

static void disbelieve(MDB_env *env, const char *what)
{
  (void)env, (void)what;
  give_up(store_in_use);
}

static void catch_crashes(void)
{
  struct sigaction action = { .sa_handler = crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
}

static void tell(const struct limits *l, const char *event, const char *what, int error)
{
  log_event(event, "what", what, "store", l->path.s, "error", error ? mdb_strerror(error) : "", (char *)0);
}

static void close_env(struct limits *l)
{
  if (l->env) mdb_env_close(l->env);
  l->env = 0;
}

static int open_env(struct limits *l)
{
  struct stat st;
  MDB_txn *txn;
  int error = mdb_env_create(&l->env);

  if (error) return error;
  mdb_env_set_assert(l->env, disbelieve);
  mdb_env_set_mapsize(l->env, (size_t)(l->entries_max + 16384) * BYTES_EACH);
  error = mdb_env_open(l->env, l->path.s, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600);
  if (!error && stat(l->path.s, &st) == -1) error = errno;
  if (!error) error = mdb_txn_begin(l->env, 0, MDB_RDONLY, &txn);
  if (!error) {
    l->inode = st.st_ino;
    error = mdb_dbi_open(txn, 0, 0, &l->dbi);
    if (error)
      mdb_txn_abort(txn);
    else
      error = mdb_txn_commit(txn);
  }
  if (error) close_env(l);
  return error;
}

/* LMDB's own errors are negative: the file is not what it should be, or full. The system's are not its fault. */
static bool is_broken(int error) { return error < 0; }

static bool open_or_replace(struct limits *l)
{
  int error = open_env(l);

  if (is_broken(error)) {
    tell(l, "limits-replaced", "open", error);
    if (unlink(l->path.s) == -1 && errno != ENOENT) error = errno;
    else error = open_env(l);
  }
  if (error) tell(l, "limits-unavailable", "open", error);
  return !error;
}

/* A process has one store. One that it was born with is its parent's. */
struct limits *limits_open(const char *user)
{
  static struct limits l;
  text lock = TEXT_ZERO;

  if (l.uses && l.pid == getpid()) {
    if (strcmp(strrchr(l.folder.s, '/') + 1, user)) return 0;
    l.uses++;
    return &l;
  }
  l = (struct limits){ .lock = -1, .pid = getpid(), .uses = 1 };
  text_copy(&l.folder, "state/limits/");
  text_add(&l.folder, user);
  text_string(&l.folder);
  text_copy(&l.path, l.folder.s);
  text_add(&l.path, "/store");
  text_string(&l.path);
  text_add_text(&lock, &l.folder);
  text_add(&lock, "/lock");
  l.entries_max = conf_number("limitsmax", 200000, 100000000);
  l.lock = open(text_string(&lock), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  text_free(&lock);
  if (l.lock == -1) {
    tell(&l, "limits-unavailable", "lock", errno);
    limits_close(&l);
    return 0;
  }
  catch_crashes();
  return &l;
}

void limits_close(struct limits *l)
{
  if (!l || --l->uses) return;
  close_env(l);
  if (l->lock != -1) close(l->lock);
  text_free(&l->folder);
  text_free(&l->path);
}

/* Held for some microseconds by each; by a process that was stopped or taken over, for longer: nobody waits for that. */
static bool take_lock(const struct limits *l)
{
  long wait = WAIT_FIRST_US;

  for (long waited = 0; waited < WAIT_WHOLE_US; waited += wait, wait = 2 * wait < WAIT_MAX_US ? 2 * wait : WAIT_MAX_US) {
    if (!flock(l->lock, LOCK_EX | LOCK_NB)) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    nanosleep(&(struct timespec){ .tv_nsec = wait * 1000 }, 0);
  }
  tell(l, "limits-unavailable", "lock", errno);
  return false;
}

/* Another process may have replaced the file. */
static bool is_current(const struct limits *l)
{
  struct stat st;
  return l->env && !stat(l->path.s, &st) && st.st_ino == l->inode;
}

bool limits_begin(struct limits *l, bool writes)
{
  if (l->is_held) return !l->error;
  if (!take_lock(l)) return false;
  store_in_use = l->path.s;
  l->now = (uint64_t)time(0);
  if (!is_current(l)) {
    close_env(l);
    l->error = open_or_replace(l) ? 0 : EIO;
  } else
    l->error = 0;
  if (!l->error) {
    l->error = mdb_txn_begin(l->env, 0, writes ? 0 : MDB_RDONLY, &l->txn);
    if (!l->error) return true;
    tell(l, "limits-unavailable", "begin", l->error);
  }
  l->txn = 0;
  limits_end(l);
  return false;
}

bool limits_hold(struct limits *l)
{
  l->is_held = limits_begin(l, true);
  return l->is_held;
}

bool limits_release(struct limits *l)
{
  if (!l->is_held) return false;
  l->is_held = false;
  return limits_end(l);
}

bool limits_end(struct limits *l)
{
  int error = l->error;

  if (l->is_held) return !error;
  if (l->txn && error)
    mdb_txn_abort(l->txn);
  else if (l->txn)
    error = mdb_txn_commit(l->txn);
  l->txn = 0;
  if (is_broken(error)) {
    tell(l, "limits-replaced", "use", error);
    close_env(l);
    unlink(l->path.s);
  } else if (error && !l->error)
    tell(l, "limits-unavailable", "use", error);
  store_in_use = 0;
  flock(l->lock, LOCK_UN);
  return !error;
}

/* A key as it is stored: ended by a NUL, and what is too long is cut and ends with a hash. */
static void stored_key(text *stored, const char *key)
{
  uint64_t hash = 14695981039346656037u; /* FNV-1a: whoever makes two keys meet shares his own limits */
  size_t length = strlen(key);

  text_copy_bytes(stored, key, length > KEY_MAX ? KEY_MAX : length);
  if (length > KEY_MAX) {
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)key[i]) * 1099511628211u;
    text_add_format(stored, "%016llx", (unsigned long long)hash);
  }
  text_add_char(stored, 0);
}

/* Notes what is an error; says whether it went well. */
static bool went_well(struct limits *l, int result)
{
  if (result && result != MDB_NOTFOUND && !l->error) l->error = result;
  return !result;
}

static bool has_expired(const struct limits *l, const MDB_val *value)
{
  struct limits_head head;

  if (value->mv_size < sizeof head) return true;
  memcpy(&head, value->mv_data, sizeof head);
  return head.expires <= l->now;
}

bool limits_get(struct limits *l, const char *key, MDB_val *value)
{
  text stored = TEXT_ZERO;

  stored_key(&stored, key);
  MDB_val name = { stored.len, stored.s };
  bool found = !l->error && went_well(l, mdb_get(l->txn, l->dbi, &name, value)) && !has_expired(l, value);
  text_free(&stored);
  return found;
}

void limits_put(struct limits *l, const char *key, const void *bytes, size_t length)
{
  text stored = TEXT_ZERO;

  stored_key(&stored, key);
  MDB_val name = { stored.len, stored.s }, value = { length, (void *)(uintptr_t)bytes };
  if (!l->error) went_well(l, mdb_put(l->txn, l->dbi, &name, &value, 0));
  text_free(&stored);
}

/* From the place where the last one stopped, around and around. */
static void sweep_some(struct limits *l, unsigned int many, bool any)
{
  MDB_val name = { sizeof hand, (void *)(uintptr_t)hand }, value;
  MDB_cursor *cursor;
  text place = TEXT_ZERO;

  if (went_well(l, mdb_get(l->txn, l->dbi, &name, &value))) text_copy_bytes(&place, value.mv_data, value.mv_size);
  if (!place.len) text_add_char(&place, 2);
  if (went_well(l, mdb_cursor_open(l->txn, l->dbi, &cursor))) {
    name = (MDB_val){ place.len, place.s };
    int result = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    for (; many && !result; many--) {
      if ((any || has_expired(l, &value)) && !went_well(l, mdb_cursor_del(cursor, 0))) break;
      result = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    went_well(l, result);
    text_clear(&place);
    if (!result && name.mv_size) text_copy_bytes(&place, name.mv_data, name.mv_size);
    mdb_cursor_close(cursor);
    name = (MDB_val){ sizeof hand, (void *)(uintptr_t)hand };
    value = (MDB_val){ place.len, place.s };
    if (!l->error) went_well(l, mdb_put(l->txn, l->dbi, &name, &value, 0));
  }
  text_free(&place);
}

void limits_sweep(struct limits *l)
{
  MDB_stat stat;

  if (l->error || !went_well(l, mdb_stat(l->txn, l->dbi, &stat))) return;
  if (stat.ms_entries > l->entries_max)
    sweep_some(l, SWEEP_FULL, true);
  else if (mdb_txn_id(l->txn) % SWEEP_EVERY == 0)
    sweep_some(l, SWEEP_MANY, false);
}
