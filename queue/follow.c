#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/json.h"
#include "queue/follow.h"
#include "queue/followed.h"
#include "queue/list.h"
#include "queue/look.h"
#include "queue/show.h"

enum { EVENT_BYTES = 64 * 1024 };

struct follower {
  int events;
  int cur; /* the watches */
  int log;
  bool is_json;
  struct queue_followed followed;
  text out;
};

static void say(struct follower *f)
{
  if (allwrite(1, f->out.s, f->out.len) != f->out.len) die_unable("write to fd 1");
  text_clear(&f->out);
}

static void begin(struct follower *f, const char *event)
{
  uint64_t now = (uint64_t)time(0);

  if (f->is_json) {
    text_add_char(&f->out, '{');
    json_number(&f->out, "time", now);
    json_pair(&f->out, "event", event);
  } else {
    queue_show_time(&f->out, now);
    text_add_format(&f->out, " %s ", event);
  }
}

static void end(struct follower *f)
{
  text_add(&f->out, f->is_json ? "}\n" : "\n");
  say(f);
}

static void add_message(struct follower *f, const struct queue_look *l)
{
  json_key(&f->out, "message");
  queue_show_json(&f->out, &l->file, l->said, (uint64_t)time(0));
  f->out.len--; /* its newline */
}

static void tell_came(struct follower *f, const struct queue_look *l)
{
  const struct envelope *e = &l->file.envelope;

  begin(f, "came");
  if (f->is_json)
    add_message(f, l);
  else {
    text_add_format(&f->out, "%s, ", e->id.s);
    queue_show_size(&f->out, l->file.size_bytes);
    text_add(&f->out, ", from ");
    queue_show_plain(&f->out, e->sender.len ? e->sender.s : "<>");
    text_add(&f->out, ", to ");
    queue_show_plain(&f->out, e->recipients[0].address);
    if (e->count > 1) text_add_format(&f->out, " and %zu more", e->count - 1);
  }
  end(f);
}

/* The words of the last attempt; they stand in the log before the attempt is counted in the file. */
static void tell_tried(struct follower *f, const struct queue_look *l)
{
  const struct envelope *e = &l->file.envelope;
  unsigned int last = 0;

  for (size_t i = 0; i < e->count; i++) last = l->said[i].attempt > last ? l->said[i].attempt : last;
  if (f->is_json && last) {
    begin(f, "tried");
    add_message(f, l);
    end(f);
  }
  for (size_t i = 0; i < e->count && !f->is_json && last; i++) {
    if (l->said[i].attempt != last) continue;
    begin(f, "tried");
    text_add_format(&f->out, "%s, attempt %u, to ", e->id.s, last);
    queue_show_plain(&f->out, e->recipients[i].address);
    text_add_format(&f->out, ": %s: ", said_verdict_word(l->said[i].verdict));
    queue_show_said(&f->out, &l->said[i]);
    end(f);
  }
}

static void tell_left(struct follower *f, const char *id)
{
  if (!queue_followed_leave(&f->followed, id, (uint64_t)time(0))) return;
  begin(f, "left");
  if (f->is_json)
    json_pair(&f->out, "id", id);
  else
    text_add(&f->out, id);
  end(f);
}

/* What is gone already needs no words but that it left. tell may be 0: it is only to be known. */
static void look(struct follower *f, const char *id, void (*tell)(struct follower *, const struct queue_look *))
{
  struct queue_look l = QUEUE_LOOK_ZERO;

  if (queue_look_open(&l, id) == QUEUE_FOUND && queue_followed_has(&f->followed, &l, (uint64_t)time(0)) && tell) tell(f, &l);
  queue_look_close(&l);
}

static int watch(const struct follower *f, const char *path, uint32_t what)
{
  int watch = inotify_add_watch(f->events, path, what | IN_ONLYDIR);
  if (watch == -1) die_unable("watch ", path);
  return watch;
}

static void watch_folder(const struct follower *f, const char *name)
{
  text path = TEXT_ZERO;

  if (name[0] == '.') return;
  text_copy(&path, "queue/cur/");
  text_add(&path, name);
  watch(f, text_string(&path), IN_DELETE);
  text_free(&path);
}

static void watch_folders(const struct follower *f)
{
  DIR *cur = opendir("queue/cur");

  if (!cur) die_unable("open the folder queue/cur");
  for (struct dirent *entry; (entry = readdir(cur));) watch_folder(f, entry->d_name);
  closedir(cur);
}

static void take(struct follower *f, const struct inotify_event *e)
{
  if (e->mask & IN_Q_OVERFLOW) {
    strerr_warnw("more happened than could be told: some of it is left out");
    return;
  }
  if (e->wd == f->cur && e->len)
    watch_folder(f, e->name);
  else if (e->len && id_check(e->name)) {
    if (e->wd == f->log)
      look(f, e->name, tell_tried);
    else if (e->mask & (IN_CREATE | IN_MOVED_TO))
      look(f, e->name, tell_came);
    else
      tell_left(f, e->name);
  }
}

/* Of a selection those are known that are there already. */
static size_t count_followed(struct follower *f)
{
  struct queue_list list = { 0, 0 };

  queue_list_read(&list);
  if (!f->followed.select.is_given) return list.count;
  for (size_t i = 0; i < list.count; i++) look(f, list.ids[i], 0);
  return f->followed.count;
}

static void tell_begin(struct follower *f)
{
  size_t count = count_followed(f);

  begin(f, "following");
  if (f->is_json)
    json_number(&f->out, "messages", count);
  else
    text_add_format(&f->out, "%zu in the queue", count);
  end(f);
}

_Noreturn void queue_follow(const struct queue_select *select, bool is_json)
{
  static _Alignas(struct inotify_event) char bytes[EVENT_BYTES];
  struct follower f = { .is_json = is_json, .followed = { .select = *select }, .out = TEXT_ZERO };

  f.events = inotify_init1(IN_CLOEXEC);
  if (f.events == -1) die_unable("make an inotify");
  watch(&f, "queue/new", IN_CREATE | IN_MOVED_TO | IN_DELETE);
  f.cur = watch(&f, "queue/cur", IN_CREATE | IN_MOVED_TO);
  f.log = watch(&f, "queue/log", IN_MODIFY);
  watch_folders(&f);
  tell_begin(&f);
  for (;;) {
    ssize_t length = read(f.events, bytes, sizeof bytes);
    if (length == -1 && errno == EINTR) continue;
    if (length <= 0) die_unable("read what happens");
    for (ssize_t at = 0; at < length;) {
      const struct inotify_event *e = (const struct inotify_event *)(const void *)(bytes + at);
      take(&f, e);
      at += (ssize_t)(sizeof *e + e->len);
    }
  }
}
