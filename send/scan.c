#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/log.h"
#include "send/about.h"
#include "send/conclude.h"
#include "send/returns.h"
#include "send/scan.h"

enum {
  NAMES_AT_ONCE = 200,
  YOUNG_SECONDS = 10 /* the notice of such a file may still be on its way, or queue-add be syncing it */
};

static struct {
  bool is_first; /* the one at the start */
  DIR *new;      /* queue/new */
  DIR *cur;      /* queue/cur, */
  DIR *folder;   /* and one of its folders */
  DIR *log;      /* queue/log, at last: what was said is counted, or removed if its message is gone */
  text path;     /* of that */
} scan;

static DIR *open_folder(const char *path)
{
  DIR *folder = opendir(path);
  if (!folder && errno != ENOENT) die_unable("open the folder ", path);
  return folder;
}

void send_scan_start(struct send_schedule *s)
{
  (void)s;
  scan.is_first = true;
  scan.new = open_folder("queue/new");
  scan.cur = open_folder("queue/cur");
  scan.log = open_folder("queue/log");
  if (!scan.new || !scan.cur || !scan.log)
    die_permanent("queue/new, queue/cur or queue/log is missing: run service/setup");
}

bool send_scan_is_reading(void) { return scan.new || scan.folder || scan.cur; }

bool send_scan_has_counted(void) { return !scan.is_first; }

bool send_scan_is_busy(void) { return scan.new || scan.folder || scan.cur || scan.log; }

void send_scan_start_new(struct send_schedule *s)
{
  (void)s;
  if (send_scan_is_busy()) return;
  scan.is_first = false;
  scan.new = open_folder("queue/new");
}

static bool is_young(const struct send_schedule *s, const char *name)
{
  struct stat status;

  if (fstatat(dirfd(scan.new), name, &status, AT_SYMLINK_NOFOLLOW) == -1) return false;
  uint64_t birth = status.st_ctime < 0 ? 0 : (uint64_t)status.st_ctime;
  return birth <= s->now_seconds && s->now_seconds - birth < YOUNG_SECONDS;
}

static void add_new(struct send_schedule *s, const char *name)
{
  if (!id_check(name) || send_waiting_find(&s->waiting, name)) return;
  if (!scan.is_first && is_young(s, name)) return;
  struct send_entry *e = send_waiting_add(&s->waiting, name);
  e->is_again = true;
  send_list_add(&s->ready, e);
}

/* When, is in its envelope. What cannot be read now is left to the attempt to complain about. */
static void add_cur(struct send_schedule *s, const char *name)
{
  struct queue_file file = QUEUE_FILE_ZERO;
  uint64_t wait_ms = 0;
  bool is_held = false, has_todo, has_held;

  if (!id_check(name) || send_waiting_find(&s->waiting, name)) return;
  struct send_entry *e = send_waiting_add(&s->waiting, name);
  e->is_again = true;
  if (queue_open_waiting(&file, name, O_RDONLY) == QUEUE_FOUND && !send_returns_are_due(&file.envelope)) {
    send_right_note(s, e, &file.envelope);
    has_todo = envelope_has(&file.envelope, ENVELOPE_TO_TRY);
    has_held = envelope_has(&file.envelope, ENVELOPE_KEPT);
    is_held = !has_todo && has_held;
    bool is_to_be_held = send_right_is_off(e) && envelope_has_barrable(&file.envelope);
    if (!is_to_be_held && (has_todo || has_held)) wait_ms = send_conclude_wait_ms(s, &file.envelope); /* else it is only to be removed */
  }
  queue_close(&file);
  if (!is_held) send_waiting_set_due(&s->waiting, e, s->now_ms + wait_ms);
}

static const char *next_name(DIR **folder)
{
  struct dirent *entry = readdir(*folder);

  if (entry) return entry->d_name;
  closedir(*folder);
  *folder = 0;
  return 0;
}

static void enter_folder(const char *name)
{
  if (name[0] == '.') return;
  text_copy(&scan.path, "queue/cur/");
  text_add(&scan.path, name);
  scan.folder = open_folder(text_string(&scan.path));
}

/* It is not the attempts' business to wait for this: it comes when all is read that may be due. */
static void hear(struct send_entry *e)
{
  struct send_attempt a = { .entry = e, .file = QUEUE_FILE_ZERO };

  if (!e->about && !e->attempt && queue_open_waiting(&a.file, e->id, O_RDONLY) == QUEUE_FOUND) send_about_note(&a);
  queue_close(&a.file);
}

static void read_log(struct send_schedule *s, const char *name)
{
  struct send_entry *e = send_waiting_find(&s->waiting, name);
  text path = TEXT_ZERO;

  if (e)
    hear(e);
  else if (id_check(name))
    unlink(queue_path_log(&path, name));
  text_free(&path);
}

/* One name, of whichever folder is its turn. */
static void step(struct send_schedule *s)
{
  const char *name;

  if (scan.new) {
    if ((name = next_name(&scan.new))) add_new(s, name);
  } else if (scan.folder) {
    if ((name = next_name(&scan.folder))) add_cur(s, name);
  } else if (scan.cur) {
    if ((name = next_name(&scan.cur))) enter_folder(name);
  } else if (scan.log) {
    if ((name = next_name(&scan.log))) read_log(s, name);
  }
}

static void tell(const struct send_schedule *s, const char *event)
{
  text count = TEXT_ZERO;

  text_add_number(&count, s->waiting.count);
  log_event(event, "messages", text_string(&count), (char *)0);
  text_free(&count);
}

void send_scan_work(struct send_schedule *s)
{
  bool was_reading = send_scan_is_reading();

  for (unsigned int i = 0; i < NAMES_AT_ONCE && send_scan_is_busy(); i++) step(s);
  if (scan.is_first && was_reading && !send_scan_is_reading()) tell(s, "scanned");
  if (scan.is_first && !send_scan_is_busy()) {
    tell(s, "counted");
    scan.is_first = false;
  }
}
