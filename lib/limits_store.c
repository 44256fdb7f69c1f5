#include "lib/limits_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hash.h"
#include "lib/log.h"

enum { ENTRIES_EACH = 16, WAIT_FIRST_US = 50, WAIT_MAX_US = 2000, WAIT_WHOLE_US = 1000000, KEY_MAX = 480 };

#define FORM "postroom limits 1" /* another number: another form of the pages */

struct first_page {
  char form[sizeof FORM];
  uint64_t pages; /* with this one */
  unsigned char key[MAC_KEY_SIZE];
};

static void tell(const struct limits *l, const char *event, const char *what, int error)
{
  log_event(event, "what", what, "store", l->path.s, "error", error ? strerror(error) : "", (char *)0);
}

static bool open_file(struct limits *l)
{
  l->file = open(l->path.s, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (l->file == -1) tell(l, "limits-unavailable", "open", errno);
  return l->file != -1;
}

/* A process has one store. One that it was born with is its parent's. */
struct limits *limits_open(const char *user)
{
  static struct limits l;

  if (l.uses && l.pid == getpid()) {
    if (strcmp(strrchr(l.folder.s, '/') + 1, user)) return 0;
    l.uses++;
    return &l;
  }
  l = (struct limits){ .file = -1, .pid = getpid(), .uses = 1 };
  text_copy(&l.folder, "state/limits/");
  text_add(&l.folder, user);
  text_string(&l.folder);
  text_add_text(&l.path, &l.folder);
  text_add(&l.path, "/store");
  text_string(&l.path);
  l.pages = conf_number("limitsmax", 200000, 100000000) / ENTRIES_EACH + 2;
  if (open_file(&l)) return &l;
  limits_close(&l);
  return 0;
}

void limits_close(struct limits *l)
{
  if (!l || --l->uses) return;
  if (l->file != -1) close(l->file);
  for (size_t i = 0; i < l->held_room; i++) free(l->held[i]);
  free(l->held);
  text_free(&l->folder);
  text_free(&l->path);
}

/* Held for some microseconds by each; by a process that was stopped or taken over, for longer: nobody waits for that. */
static bool take_lock(const struct limits *l)
{
  long wait = WAIT_FIRST_US;

  for (long waited = 0; waited < WAIT_WHOLE_US; waited += wait, wait = 2 * wait < WAIT_MAX_US ? 2 * wait : WAIT_MAX_US) {
    if (!flock(l->file, LOCK_EX | LOCK_NB)) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    nanosleep(&(struct timespec){ .tv_nsec = wait * 1000 }, 0);
  }
  tell(l, "limits-unavailable", "lock", errno);
  return false;
}

/* The operator may have removed the file meanwhile. */
static bool take_file(struct limits *l)
{
  struct stat st;

  for (int tries = 0; tries < 2; tries++) {
    if (!take_lock(l)) return false;
    if (fstat(l->file, &st) == 0 && st.st_nlink) return true;
    close(l->file);
    if (!open_file(l)) return false;
  }
  tell(l, "limits-unavailable", "open", ENOENT);
  return false;
}

static bool begin_anew(struct limits *l)
{
  struct first_page first = { .form = FORM, .pages = l->pages };

  random_buf((char *)first.key, sizeof first.key);
  if (ftruncate(l->file, 0) == -1 || pwrite(l->file, &first, sizeof first, 0) != (ssize_t)sizeof first) return false;
  memcpy(l->key, first.key, sizeof l->key);
  return true;
}

/* A file of another form, or of another size than control/limitsmax says now: an empty one takes its place. */
static bool read_first(struct limits *l)
{
  struct first_page first;
  ssize_t got = pread(l->file, &first, sizeof first, 0);

  if (got == (ssize_t)sizeof first && !memcmp(first.form, FORM, sizeof first.form) && first.pages == l->pages) {
    memcpy(l->key, first.key, sizeof l->key);
    return true;
  }
  if (got) tell(l, "limits-replaced", "first page", 0);
  return got != -1 && begin_anew(l);
}

bool limits_begin(struct limits *l)
{
  if (l->is_held) return !l->error;
  if (!take_file(l)) return false;
  l->now = (uint64_t)time(0);
  l->held_count = 0;
  l->error = read_first(l) ? 0 : errno;
  if (!l->error) return true;
  limits_end(l);
  return false;
}

bool limits_hold(struct limits *l)
{
  l->is_held = limits_begin(l);
  return l->is_held;
}

bool limits_release(struct limits *l)
{
  if (!l->is_held) return false;
  l->is_held = false;
  return limits_end(l);
}

void limits_write_page(struct limits *l, uint64_t number, struct limits_page *page)
{
  limits_page_seal(page);
  if (pwrite(l->file, page, sizeof *page, (off_t)number * LIMITS_PAGE_BYTES) != (ssize_t)sizeof *page && !l->error)
    l->error = errno ? errno : ENOSPC;
}

bool limits_end(struct limits *l)
{
  if (l->is_held) return !l->error;
  for (size_t i = 0; i < l->held_count && !l->error; i++)
    if (l->held[i]->is_changed) limits_write_page(l, l->held[i]->number, &l->held[i]->page);
  l->held_count = 0;
  if (l->error) tell(l, "limits-unavailable", "use", l->error);
  flock(l->file, LOCK_UN);
  return !l->error;
}

/* A page behind the end of the file is empty, and so is one that is not whole. */
static bool read_page(struct limits *l, uint64_t number, struct limits_page *page)
{
  ssize_t got = pread(l->file, page, sizeof *page, (off_t)number * LIMITS_PAGE_BYTES);

  if (got == -1) {
    if (!l->error) l->error = errno;
    return false;
  }
  memset(page->bytes + got, 0, sizeof page->bytes - (size_t)got);
  if (!limits_page_is_whole(page)) {
    tell(l, "limits-replaced", "page", 0);
    limits_page_clear(page);
  }
  return true;
}

static struct limits_held *next_held(struct limits *l)
{
  if (l->held_count == l->held_room) {
    l->held = realloc(l->held, (l->held_room + 1) * sizeof *l->held);
    if (!l->held || !(l->held[l->held_room] = malloc(sizeof **l->held))) die_nomem();
    l->held_room++;
  }
  return l->held[l->held_count];
}

/* 0: an error is noted. */
static struct limits_held *hold_page(struct limits *l, const char *name)
{
  unsigned char mac[MAC_SIZE];
  uint64_t number;

  mac_strings(mac, l->key, name, (char *)0);
  memcpy(&number, mac, sizeof number);
  number = 1 + number % (l->pages - 1);
  for (size_t i = 0; i < l->held_count; i++)
    if (l->held[i]->number == number) return l->held[i];
  struct limits_held *held = next_held(l);
  held->number = number;
  held->is_changed = false;
  if (l->error || !read_page(l, number, &held->page)) return 0;
  l->held_count++;
  return held;
}

/* A key as it is stored: ended by a NUL, and what is too long is cut and ends with a hash: who makes two meet shares his own limits. */
static void stored_key(text *stored, const char *key)
{
  size_t length = strlen(key);

  text_copy_bytes(stored, key, length > KEY_MAX ? KEY_MAX : length);
  if (length > KEY_MAX) text_add_format(stored, "%016llx", (unsigned long long)hash_add(HASH_START, key, length));
  text_add_char(stored, 0);
}

static bool has_expired(const struct limits *l, const struct limits_value *value)
{
  struct limits_head head;

  if (value->len < sizeof head) return true;
  memcpy(&head, value->s, sizeof head);
  return head.expires <= l->now;
}

bool limits_get(struct limits *l, const char *key, struct limits_value *value)
{
  text stored = TEXT_ZERO;

  stored_key(&stored, key);
  struct limits_held *held = hold_page(l, stored.s);
  bool found = held && limits_page_find(&held->page, stored.s, stored.len, value) && !has_expired(l, value);
  text_free(&stored);
  return found;
}

void limits_put(struct limits *l, const char *key, const void *bytes, size_t length)
{
  struct limits_value value = { bytes, length };
  text stored = TEXT_ZERO;

  stored_key(&stored, key);
  struct limits_held *held = hold_page(l, stored.s);
  if (held) {
    if (!limits_page_put(&held->page, stored.s, stored.len, &value, l->now)) l->error = EMSGSIZE;
    held->is_changed = true;
  }
  text_free(&stored);
}

bool limits_next_page(struct limits *l, uint64_t *at, struct limits_page *page)
{
  off_t data = lseek(l->file, (off_t)(*at + 1) * LIMITS_PAGE_BYTES, SEEK_DATA);

  if (data == -1 && errno != ENXIO) l->error = errno;
  if (data == -1 || (uint64_t)data / LIMITS_PAGE_BYTES >= l->pages) return false;
  *at = (uint64_t)data / LIMITS_PAGE_BYTES;
  return read_page(l, *at, page);
}
