#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "send/attempt.h"
#include "send/conclude.h"
#include "send/returns.h"
#include "send/wish.h"

static const char *const words[] = {
  [SEND_RETRY] = "retry", [SEND_HOLD] = "hold", [SEND_RELEASE] = "release", [SEND_DELETE] = "delete",
  [SEND_BOUNCE] = "bounce"
};

bool send_wish_parse(const char *word, enum send_wish *wish)
{
  for (unsigned int i = 0; i < SEND_WISHES; i++)
    if (!strcmp(words[i], word)) {
      *wish = (enum send_wish)i;
      return true;
    }
  return false;
}

/* Something is under way, or has come to something that is not written down yet. */
static bool is_running(const struct send_entry *e)
{
  return e->attempt && (e->attempt->report || e->attempt->waiting < e->attempt->count);
}

/* Out of all lines and times. */
static void set_aside(struct send_schedule *s, struct send_entry *e)
{
  if (e->attempt) send_attempt_close(s, e->attempt);
  send_lanes_leave(&s->lanes, e);
  send_list_remove(e);
  send_waiting_forget_due(&s->waiting, e);
}

static void try_now(struct send_schedule *s, struct send_entry *e)
{
  if (e->list || e->stands) return;
  send_waiting_forget_due(&s->waiting, e);
  send_list_add(&s->ready, e);
}

static enum send_wish_result failed(const struct send_entry *e, const char *what)
{
  log_event("unable", "id", e->id, "to", what, "error", strerror(errno), (char *)0);
  return SEND_WISH_FAILED;
}

static enum send_wish_result mark(struct send_entry *e, enum envelope_state from, enum envelope_state to, const char *what)
{
  struct send_attempt a = { .entry = e, .file = QUEUE_FILE_ZERO };
  enum send_wish_result result = SEND_WISH_NOTHING;

  if (queue_open(&a.file, e->id, O_RDONLY) != QUEUE_FOUND)
    result = failed(e, what);
  else if (envelope_has(&a.file.envelope, (char[]){ (char)from, 0 }))
    result = send_conclude_mark(&a, from, to) ? SEND_WISH_DONE : failed(e, what);
  queue_close(&a.file);
  return result;
}

/* Only of what waits for nothing need the file be asked. */
static bool is_held(const struct send_entry *e)
{
  struct queue_file file = QUEUE_FILE_ZERO;

  if (e->list || e->stands || e->place || e->attempt) return false;
  bool held = queue_open(&file, e->id, O_RDONLY) == QUEUE_FOUND && envelope_has(&file.envelope, "H") &&
              !envelope_has(&file.envelope, "R") && !send_returns_are_due(&file.envelope);
  queue_close(&file);
  return held;
}

static enum send_wish_result retry(struct send_schedule *s, struct send_entry *e)
{
  if (is_held(e)) return SEND_WISH_HELD;
  try_now(s, e);
  return SEND_WISH_DONE;
}

/* It is told although the message is held: the report, queued or not, waits for its mark. */
static bool has_report_due(const struct send_entry *e)
{
  struct queue_file file = QUEUE_FILE_ZERO;
  bool is_due = queue_open(&file, e->id, O_RDONLY) == QUEUE_FOUND && send_returns_are_due(&file.envelope);

  queue_close(&file);
  return is_due;
}

static enum send_wish_result hold(struct send_schedule *s, struct send_entry *e)
{
  enum send_wish_result result = mark(e, ENVELOPE_TODO, ENVELOPE_HELD, "hold it");
  if (result != SEND_WISH_DONE) return result;
  set_aside(s, e);
  if (has_report_due(e)) send_waiting_set_due(&s->waiting, e, s->now_ms);
  return result;
}

static enum send_wish_result release(struct send_schedule *s, struct send_entry *e)
{
  enum send_wish_result result = mark(e, ENVELOPE_HELD, ENVELOPE_TODO, "release it");
  if (result == SEND_WISH_DONE) try_now(s, e);
  return result;
}

static bool unlink_message(const char *id)
{
  text path = TEXT_ZERO;
  bool good = unlink(queue_path_new(&path, id)) == 0 || (errno == ENOENT && unlink(queue_path_cur(&path, id)) == 0);
  int e = errno;

  if (good || e == ENOENT) unlink(queue_path_log(&path, id));
  text_free(&path);
  errno = e;
  return good || e == ENOENT;
}

static enum send_wish_result delete(struct send_schedule *s, struct send_entry *e)
{
  if (!unlink_message(e->id)) return failed(e, "remove the file");
  log_event("removed", "id", e->id, "reason", "operator", (char *)0);
  set_aside(s, e);
  send_waiting_remove(&s->waiting, e);
  return SEND_WISH_DONE;
}

/* The report's id is made of the attempt's number: an earlier report, whose mark is not on the disk yet, goes first. */
static enum send_wish_result bounce(struct send_schedule *s, struct send_entry *e, const char *because)
{
  struct send_attempt a = { .entry = e, .file = QUEUE_FILE_ZERO };
  enum send_wish_result result = SEND_WISH_NOTHING;

  if (queue_open(&a.file, e->id, O_RDONLY) != QUEUE_FOUND)
    result = failed(e, "return it");
  else if (send_returns_are_due(&a.file.envelope))
    result = SEND_WISH_RUNNING;
  else if (envelope_has(&a.file.envelope, "RH")) {
    set_aside(s, e);
    result = send_conclude_bounce(s, &a, because) ? SEND_WISH_DONE : failed(e, "return it");
  }
  queue_close(&a.file);
  if (result != SEND_WISH_NOTHING) try_now(s, e);
  return result;
}

enum send_wish_result send_wish_do(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because)
{
  if (is_running(e)) return SEND_WISH_RUNNING;
  switch (wish) {
  case SEND_RETRY: return retry(s, e);
  case SEND_HOLD: return hold(s, e);
  case SEND_RELEASE: return release(s, e);
  case SEND_DELETE: return delete(s, e);
  case SEND_BOUNCE: return bounce(s, e, *because ? because : "returned by the operator of this mail system");
  case SEND_WISHES: break;
  }
  return SEND_WISH_NOTHING;
}
