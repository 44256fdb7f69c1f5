#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/log.h"
#include "send/about.h"
#include "send/attempt.h"
#include "send/conclude.h"
#include "send/items.h"
#include "send/report.h"
#include "send/returns.h"
#include "send/said_log.h"
#include "send/warning.h"

enum { DISK_TROUBLE_MS = 60 * 1000 };

static const char *const events[] = { [SAID_LATER] = "deferred", [SAID_DONE] = "delivered", [SAID_NEVER] = "failed" };

static void log_item(const struct send_schedule *s, const struct send_attempt *a, const struct send_item *i)
{
  const struct envelope *e = &a->file.envelope;
  const char *recipient = e->recipients[i->recipient].address;
  text delay = TEXT_ZERO, code = TEXT_ZERO;

  text_add_number(&delay, s->now_seconds > e->birth_seconds ? s->now_seconds - e->birth_seconds : 0);
  if (i->outcome.code) text_add_padded(&code, i->outcome.code, 3);
  log_event(events[i->outcome.verdict], "id", a->entry->id, "to", i->address, "for",
            strcmp(recipient, i->address) ? recipient : "", "hop", i->hop_name, "remote", i->remote.len ? i->remote.s : "",
            "status", i->outcome.status.s, "code", text_string(&code), "delay", text_string(&delay), "said",
            i->outcome.text.s, (char *)0);
  text_free(&delay);
  text_free(&code);
}

/* A recipient with several destinations is done when all are, and not before. */
static bool is_weightier(enum said_verdict a, enum said_verdict b)
{
  static const int weight[] = { [SAID_DONE] = 0, [SAID_NEVER] = 1, [SAID_LATER] = 2 };
  return weight[a] > weight[b];
}

static int open_for_marks(const struct send_attempt *a) { return open(a->file.path.s, O_WRONLY | O_CLOEXEC | O_NOFOLLOW); }

static bool write_at(int fd, const char *bytes, size_t length, size_t at)
{
  return pwrite(fd, bytes, length, (off_t)at) == (ssize_t)length;
}

static bool write_head(int fd, const struct envelope *e, char warning)
{
  text head = TEXT_ZERO;

  text_add_padded(&head, e->attempts, ENVELOPE_ATTEMPTS_WIDTH);
  text_add_char(&head, warning ? warning : ENVELOPE_UNWARNED);
  text_add_padded(&head, e->next_seconds, ENVELOPE_NEXT_WIDTH);
  bool good = write_at(fd, head.s, head.len, ENVELOPE_ATTEMPTS_AT);
  text_free(&head);
  return good;
}

static bool mark(int fd, struct envelope_recipient *r, enum envelope_state state)
{
  r->state = (char)state;
  return write_at(fd, &r->state, 1, r->at);
}

static bool move_to_cur(struct send_attempt *a)
{
  text to = TEXT_ZERO;
  bool good = rename(a->file.path.s, queue_path_cur(&to, a->entry->id)) == 0;

  if (!good && errno == ENOENT) { /* the first one in its folder */
    char *slash = strrchr(to.s, '/');
    *slash = 0;
    good = mkdir(to.s, 0700) == 0;
    *slash = '/';
    good = good && rename(a->file.path.s, to.s) == 0;
  }
  if (good) {
    text_copy(&a->file.path, to.s);
    text_string(&a->file.path);
    a->file.is_new = false;
  }
  text_free(&to);
  return good;
}

bool send_conclude_mark(struct send_attempt *a, enum envelope_state from, enum envelope_state to)
{
  struct envelope *e = &a->file.envelope;
  int fd = open_for_marks(a);
  bool good = fd != -1;

  for (size_t i = 0; good && i < e->count; i++)
    if (e->recipients[i].state == (char)from) good = mark(fd, &e->recipients[i], to);
  good = good && fdatasync(fd) == 0;
  if (fd != -1) close(fd);
  return good;
}

bool send_conclude_bar(struct send_attempt *a)
{
  struct envelope *e = &a->file.envelope;
  int fd = open_for_marks(a);
  bool good = fd != -1;

  for (size_t i = 0; good && i < e->count; i++)
    if (envelope_is_barrable(&e->recipients[i])) good = mark(fd, &e->recipients[i], ENVELOPE_BARRED);
  good = good && fdatasync(fd) == 0;
  if (fd != -1) close(fd);
  return good;
}

bool send_conclude_warned(struct send_attempt *a)
{
  int fd = open_for_marks(a);

  a->file.envelope.warning = ENVELOPE_WARNED;
  bool good = fd != -1 && write_at(fd, &a->file.envelope.warning, 1, ENVELOPE_WARNING_AT) && fdatasync(fd) == 0;
  if (fd != -1) close(fd);
  return good;
}

/* What has become of the recipients, the number of attempts, the warning and the next time, as one synced change. A `later` alone is
   not worth waiting for the disk: it would only be tried again. The number comes first, since a report's id is made of it; that a warning
   is due comes last, since it speaks of those who are still to be tried. */
static bool write_outcomes(struct send_attempt *a, const enum envelope_state *states, bool is_late)
{
  struct envelope *e = &a->file.envelope;
  int fd = open_for_marks(a);
  bool good = fd != -1 && write_head(fd, e, is_late ? ENVELOPE_UNWARNED : e->warning), is_marked = is_late;

  for (size_t i = 0; good && i < e->count; i++)
    if (e->recipients[i].state != (char)states[i]) {
      good = mark(fd, &e->recipients[i], states[i]);
      is_marked = true;
    }
  if (good && is_late) good = write_at(fd, &e->warning, 1, ENVELOPE_WARNING_AT);
  if (good && a->file.is_new) good = move_to_cur(a);
  if (good && is_marked) good = fdatasync(fd) == 0;
  if (fd != -1) close(fd);
  return good;
}

void send_conclude_remove(struct send_schedule *s, struct send_attempt *a)
{
  text path = TEXT_ZERO;
  (void)s;

  if (unlink(a->file.path.s) == -1)
    log_event("unable", "id", a->entry->id, "to", "remove the file", "error", strerror(errno), (char *)0);
  if (a->file.envelope.attempts || !a->file.is_new || a->is_again || a->entry->is_told) unlink(queue_path_log(&path, a->entry->id));
  text_free(&path);
}

static void forget(struct send_schedule *s, struct send_attempt *a)
{
  struct send_entry *e = a->entry;

  send_attempt_close(s, a);
  send_waiting_remove(&s->waiting, e);
}

struct send_backoff send_conclude_backoff(const struct send_schedule *s, const struct envelope *e)
{
  struct send_backoff b = s->settings.backoff;

  if (!e->sender.len) b.lifetime_seconds = s->settings.bounce_lifetime_seconds;
  return b;
}

/* The next time by the calendar stands in the file; the wait is by the monotonic clock, and never longer than between
   two attempts, whatever the calendar says. */
uint64_t send_conclude_wait_ms(const struct send_schedule *s, const struct envelope *e)
{
  uint64_t longest = send_backoff_interval(&s->settings.backoff, e->attempts ? e->attempts : 1, e->id.s);
  uint64_t wait = e->next_seconds > s->now_seconds ? e->next_seconds - s->now_seconds : 0;

  return (wait < longest ? wait : longest) * 1000;
}

void send_conclude_rest(struct send_schedule *s, struct send_attempt *a)
{
  struct send_entry *e = a->entry;

  send_about_note(a);
  if (envelope_has(&a->file.envelope, ENVELOPE_TO_TRY) || send_returns_are_due(&a->file.envelope)) {
    bool is_to_be_held = send_right_is_off(e) && envelope_has_barrable(&a->file.envelope);
    uint64_t due_ms = s->now_ms + (is_to_be_held || a->goes_on ? 0 : send_conclude_wait_ms(s, &a->file.envelope));
    send_attempt_close(s, a);
    send_waiting_set_due(&s->waiting, e, due_ms);
  } else if (envelope_has(&a->file.envelope, ENVELOPE_KEPT))
    send_attempt_close(s, a);
  else {
    send_conclude_remove(s, a);
    forget(s, a);
  }
}

/* is_passed_on: the next host was told who wants to know, and tells him (RFC 3461 5.2.1). */
static enum envelope_state state_after(const struct envelope *e, size_t recipient, enum said_verdict verdict, bool is_passed_on)
{
  const struct envelope_recipient *r = &e->recipients[recipient];

  switch (verdict) {
  case SAID_DONE: return e->sender.len && !is_passed_on && envelope_wants(r, "success") ? ENVELOPE_TELLING : ENVELOPE_DONE;
  case SAID_NEVER: return envelope_wants(r, "failure") ? ENVELOPE_FAILING : ENVELOPE_FAILED;
  case SAID_LATER: break;
  }
  return (enum envelope_state)r->state; /* R or r */
}

/* The lifetime is over: what is still `later` now is `never`, and says what it was last. */
static void give_up(struct send_result *o)
{
  text words = TEXT_ZERO;

  text_add(&words, "given up after the queue lifetime; the last attempt said: ");
  if (o->code) text_add_format(&words, "%03u ", o->code);
  text_add_format(&words, "%s ", o->status.s);
  text_add_text(&words, &o->text);
  send_result_set(o, SAID_NEVER, "5.4.7", text_string(&words));
  text_free(&words);
}

uint64_t send_conclude_start(const struct envelope *e)
{
  uint64_t until;
  return record_number(&e->facts, "holduntil", INT64_MAX, &until) && until > e->birth_seconds ? until : e->birth_seconds;
}

/* What became of the one who has this address, too (doc/queue.md, same). */
static enum said_verdict verdict_of_same(const struct envelope *e, const enum envelope_state *states, size_t recipient)
{
  for (size_t i = recipient; i-- > 0;) {
    const struct envelope_recipient *r = &e->recipients[i];
    if (strcmp(r->address, e->recipients[recipient].address) || record_find(&r->facts, "same") || record_find(&r->facts, "copy") || record_find(&r->facts, "expanded")) continue;
    if (strchr("Dd", (char)states[i])) return SAID_DONE;
    return strchr("Ff", (char)states[i]) ? SAID_NEVER : SAID_LATER;
  }
  return SAID_NEVER; /* it never was there */
}

/* It has gone round to a mailbox that had it before, which smtp-receive lets pass for the sake of other recipients. A sender whom a
   stranger named hears nothing of that: the field that says so may be forged with him. */
static bool is_unreported(struct send_schedule *s, const struct envelope *e, const struct send_item *i)
{
  if (!i->mailbox || i->outcome.verdict != SAID_NEVER || !text_is(&i->outcome.status, "5.4.6") || send_warning_knows_sender(s, e)) return false;
  log_event("not-reported", "id", e->id.s, "to", i->address, "reason", "a loop, and the sender may be forged", (char *)0);
  return true;
}

/* The states of all recipients after this attempt. */
static void judge(struct send_schedule *s, struct send_attempt *a, enum envelope_state *states)
{
  struct envelope *e = &a->file.envelope;
  struct send_backoff backoff = send_conclude_backoff(s, e);
  bool is_over = send_backoff_is_over(&backoff, e->attempts, send_conclude_start(e), s->now_seconds);

  for (size_t i = 0; i < e->count; i++) states[i] = (enum envelope_state)e->recipients[i].state;
  for (size_t i = 0; i < a->count;) {
    size_t recipient = a->items[i].recipient;
    enum said_verdict verdict = SAID_DONE;
    bool is_passed_on = true, is_silent = true;
    for (; i < a->count && a->items[i].recipient == recipient; i++) {
      if (a->items[i].is_same) {
        a->items[i].outcome.verdict = verdict_of_same(e, states, recipient);
        is_passed_on = false;
      }
      if (is_over && a->items[i].outcome.verdict == SAID_LATER && !a->items[i].is_untried) give_up(&a->items[i].outcome);
      if (is_weightier(a->items[i].outcome.verdict, verdict)) verdict = a->items[i].outcome.verdict;
      is_passed_on = is_passed_on && a->items[i].is_passed_on;
      if (a->items[i].outcome.verdict == SAID_NEVER) is_silent = is_unreported(s, e, &a->items[i]) && is_silent;
      if (!a->items[i].is_untried) log_item(s, a, &a->items[i]);
    }
    states[recipient] = verdict == SAID_NEVER && is_silent ? ENVELOPE_FAILED : state_after(e, recipient, verdict, is_passed_on);
  }
}

static bool are_all(const enum envelope_state *states, size_t count, enum envelope_state state)
{
  for (size_t i = 0; i < count; i++)
    if (states[i] != state) return false;
  return true;
}

static void keep(struct send_schedule *s, struct send_attempt *a, const enum envelope_state *states)
{
  struct envelope *e = &a->file.envelope;
  struct send_entry *entry = a->entry;
  struct send_backoff backoff = send_conclude_backoff(s, e);
  text said = TEXT_ZERO;

  entry->is_told = false;
  send_items_remember(a);
  for (size_t i = 0; i < a->count; i++)
    if (!a->items[i].is_untried) send_said_add(s, a, &a->items[i], &said);
  send_said_write(a, &said);
  text_free(&said);
  e->next_seconds = send_backoff_next(&backoff, e->attempts, e->id.s, send_conclude_start(e), s->now_seconds);
  bool is_late = send_warning_is_due(s, a, states);
  if (is_late) e->warning = ENVELOPE_WARNING;
  if (!write_outcomes(a, states, is_late)) {
    log_event("unable", "id", entry->id, "to", "mark what was done", "error", strerror(errno), (char *)0);
    send_attempt_close(s, a);
    send_waiting_set_due(&s->waiting, entry, s->now_ms + DISK_TROUBLE_MS);
  } else if (send_returns_are_due(e)) {
    send_about_note(a);
    send_returns_start(s, a);
  } else
    send_conclude_rest(s, a);
}

void send_conclude(struct send_schedule *s, struct send_attempt *a)
{
  static text states = TEXT_ZERO;
  struct envelope *e = &a->file.envelope;

  send_lanes_leave(&s->lanes, a->entry); /* where it stood for recipients that were given up meanwhile */
  text_clear(&states);
  text_ready(&states, e->count * sizeof(enum envelope_state));
  enum envelope_state *state = (enum envelope_state *)(void *)states.s;
  if (e->attempts < SEND_ATTEMPTS_MAX) e->attempts++;
  judge(s, a, state);
  if (are_all(state, e->count, ENVELOPE_DONE)) {
    e->attempts--; /* no other attempt has left a log */
    send_conclude_remove(s, a);
    forget(s, a);
  } else
    keep(s, a, state);
}

bool send_conclude_bounce(const struct send_schedule *s, struct send_attempt *a, const char *words)
{
  struct envelope *e = &a->file.envelope;
  enum envelope_state *states = calloc(e->count, sizeof *states);
  text said = TEXT_ZERO;

  if (!states) die_nomem();
  if (e->attempts < SEND_ATTEMPTS_MAX) e->attempts++; /* the report's id */
  for (size_t i = 0; i < e->count; i++) {
    struct send_item item = { .recipient = i, .address = (char *)e->recipients[i].address, .outcome = SEND_RESULT_ZERO, .remote = TEXT_ZERO };
    states[i] = (enum envelope_state)e->recipients[i].state;
    if (!strchr(ENVELOPE_OPEN, e->recipients[i].state)) continue;
    send_result_set(&item.outcome, SAID_NEVER, SEND_STATUS_OPERATOR, words);
    states[i] = state_after(e, i, SAID_NEVER, false);
    log_item(s, a, &item);
    send_said_add(s, a, &item, &said);
    send_result_free(&item.outcome);
  }
  send_said_write(a, &said);
  bool good = write_outcomes(a, states, false);
  text_free(&said);
  free(states);
  return good;
}
