#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/log.h"
#include "send/about.h"
#include "send/attempt.h"
#include "send/conclude.h"
#include "send/report.h"
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

/* Not on the disk: a crash forgets it, as it would a wish that came a moment later. */
struct send_noted {
  char id[ID_MAX + 1];
  enum send_wish wish;
  text because;
  struct send_noted *next;
};

static struct send_noted **find_noted(struct send_schedule *s, const char *id)
{
  struct send_noted **at = &s->noted;

  while (*at && strcmp((*at)->id, id)) at = &(*at)->next;
  return at;
}

static enum send_wish_result note(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because)
{
  struct send_noted **at = find_noted(s, e->id);

  if (!*at) {
    if (!(*at = calloc(1, sizeof **at))) die_nomem();
    snprintf((*at)->id, sizeof (*at)->id, "%s", e->id);
  }
  (*at)->wish = wish;
  text_copy(&(*at)->because, because);
  text_string(&(*at)->because);
  e->is_noted = true;
  log_event("noted", "id", e->id, "to", words[wish], (char *)0);
  return SEND_WISH_NOTED;
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

/* from: one or more states. What is to be tried although its submitter may not send any more is told apart. */
static enum send_wish_result mark(struct send_schedule *s, struct send_entry *e, const char *from, enum envelope_state to, const char *what)
{
  struct send_attempt a = { .entry = e, .file = QUEUE_FILE_ZERO };
  enum send_wish_result result = SEND_WISH_NOTHING;

  if (queue_open(&a.file, e->id, O_RDONLY) == QUEUE_FOUND)
    send_right_note(s, e, &a.file.envelope);
  else
    result = failed(e, what);
  if (to == ENVELOPE_TODO && send_right_is_off(e)) to = ENVELOPE_RELEASED;
  for (; result >= SEND_WISH_NOTHING && *from; from++)
    if (envelope_has(&a.file.envelope, (char[]){ *from, 0 }))
      result = send_conclude_mark(&a, (enum envelope_state)*from, to) ? SEND_WISH_DONE : failed(e, what);
  if (result == SEND_WISH_DONE) send_about_note(&a);
  queue_close(&a.file);
  return result;
}

/* Only of what waits for nothing need the file be asked. */
static bool is_held(const struct send_entry *e)
{
  struct queue_file file = QUEUE_FILE_ZERO;

  if (e->list || e->stands || e->place || e->attempt) return false;
  bool held = queue_open(&file, e->id, O_RDONLY) == QUEUE_FOUND && envelope_has(&file.envelope, ENVELOPE_KEPT) &&
              !envelope_has(&file.envelope, ENVELOPE_TO_TRY) && !send_returns_are_due(&file.envelope);
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
  enum send_wish_result result = mark(s, e, ENVELOPE_TO_TRY, ENVELOPE_HELD, "hold it");
  if (result != SEND_WISH_DONE) return result;
  send_attempt_set_aside(s, e);
  if (has_report_due(e)) send_waiting_set_due(&s->waiting, e, s->now_ms);
  return result;
}

/* An attempt that stands in line for other recipients does not know of those that were held. */
static enum send_wish_result release(struct send_schedule *s, struct send_entry *e)
{
  if (e->right) send_rights_look(s);
  enum send_wish_result result = mark(s, e, ENVELOPE_KEPT, ENVELOPE_TODO, "release it");
  if (result != SEND_WISH_DONE) return result;
  send_attempt_set_aside(s, e);
  try_now(s, e);
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
  send_attempt_set_aside(s, e);
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
    result = note(s, e, SEND_BOUNCE, because);
  else if (envelope_has(&a.file.envelope, ENVELOPE_OPEN)) {
    send_attempt_set_aside(s, e);
    result = send_conclude_bounce(s, &a, because) ? SEND_WISH_DONE : failed(e, "return it");
  }
  queue_close(&a.file);
  if (result != SEND_WISH_NOTHING) try_now(s, e);
  return result;
}

static bool has_state(const struct send_entry *e, const char *states)
{
  return envelope_has(&e->attempt->file.envelope, states);
}

/* What waits in line of it is not begun any more. */
static enum send_wish_result note_and_stop(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because)
{
  note(s, e, wish, because);
  send_attempt_stop(s, e->attempt);
  return SEND_WISH_NOTED;
}

static enum send_wish_result do_running(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because)
{
  switch (wish) {
  case SEND_RETRY:
    if (e->is_noted) return (*find_noted(s, e->id))->wish == SEND_HOLD ? SEND_WISH_HELD : SEND_WISH_RUNNING;
    return e->attempt->report ? note(s, e, wish, because) : SEND_WISH_RUNNING;
  case SEND_RELEASE: return e->is_noted || has_state(e, ENVELOPE_KEPT) ? note(s, e, wish, because) : SEND_WISH_NOTHING;
  case SEND_HOLD: return e->is_noted || has_state(e, ENVELOPE_TO_TRY) ? note_and_stop(s, e, wish, because) : SEND_WISH_NOTHING;
  case SEND_DELETE:
  case SEND_BOUNCE: return note_and_stop(s, e, wish, because);
  case SEND_WISHES: break;
  }
  return SEND_WISH_NOTHING;
}

static enum send_wish_result do_now(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because)
{
  switch (wish) {
  case SEND_RETRY: return retry(s, e);
  case SEND_HOLD: return hold(s, e);
  case SEND_RELEASE: return release(s, e);
  case SEND_DELETE: return delete(s, e);
  case SEND_BOUNCE: return bounce(s, e, because);
  case SEND_WISHES: break;
  }
  return SEND_WISH_NOTHING;
}

enum send_wish_result send_wish_do(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because)
{
  if (wish == SEND_BOUNCE && !*because) because = SEND_OPERATOR_WORDS;
  if (send_attempt_is_running(e)) return do_running(s, e, wish, because);
  if (!e->is_noted) return do_now(s, e, wish, because);
  s->has_noted_due = true;
  try_now(s, e);
  return note(s, e, wish, because);
}

/* False: it has to wait for a report that could not be queued. */
static bool do_noted(struct send_schedule *s, struct send_entry *e, const struct send_noted *n)
{
  if (send_attempt_is_running(e) || (n->wish == SEND_BOUNCE && has_report_due(e))) return false;
  e->is_noted = false;
  if (n->wish == SEND_RELEASE) release(s, e);
  if (n->wish == SEND_RELEASE || n->wish == SEND_RETRY)
    try_now(s, e);
  else
    do_now(s, e, n->wish, n->because.s);
  return true;
}

void send_wish_go_on(struct send_schedule *s)
{
  struct send_noted *n;

  if (!s->has_noted_due) return;
  s->has_noted_due = false;
  for (struct send_noted **at = &s->noted; (n = *at);) {
    struct send_entry *e = send_waiting_find(&s->waiting, n->id);
    if (e && !do_noted(s, e, n)) {
      at = &n->next;
      continue;
    }
    *at = n->next;
    text_free(&n->because);
    free(n);
  }
}
