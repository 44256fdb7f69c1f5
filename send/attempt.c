#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/log.h"
#include "send/about.h"
#include "send/attempt.h"
#include "send/conclude.h"
#include "send/items.h"
#include "send/limit.h"
#include "send/link.h"
#include "send/returns.h"
#include "send/said_log.h"

enum {
  OPEN_MAX = 200,           /* attempts that keep their file open while they only wait in line */
  EARLY_MS = 500,           /* a report waits so long until what it is about says that it was reported */
  UNREADABLE_MS = 60 * 1000 /* a file that cannot be read is tried again after so long */
};

void send_attempt_close(struct send_schedule *s, struct send_attempt *a)
{
  s->attempts--;
  if (a->entry->is_noted) s->has_noted_due = true;
  a->entry->attempt = 0;
  send_items_free(a);
  queue_close(&a->file);
  free(a);
}

static void forget(struct send_schedule *s, struct send_attempt *a)
{
  struct send_entry *e = a->entry;

  send_attempt_close(s, a);
  send_waiting_remove(&s->waiting, e);
}

static void go(struct send_schedule *s, struct send_attempt *a, const struct send_lane *turn);

/* RFC 6710: -9 to 9; what stands in line is ordered by it. */
static signed char priority_of(const struct envelope *e)
{
  const char *value = record_get(&e->facts, "priority");
  int sign = *value == '-' ? -1 : 1;
  uint64_t number;

  return number_scan(value + (*value == '-'), 9, &number) ? (signed char)(sign * (int)number) : 0;
}

/* RFC 4865: the sender asked that it go no sooner. */
static bool is_kept_back(const struct send_schedule *s, const struct envelope *e)
{
  uint64_t until;
  return !e->attempts && record_number(&e->facts, "holduntil", INT64_MAX, &until) && until > s->now_seconds;
}

/* Not for longer than between two attempts: then the calendar is asked again. */
static void put_off(struct send_schedule *s, struct send_attempt *a)
{
  struct send_entry *e = a->entry;
  uint64_t wait_ms = send_conclude_wait_ms(s, &a->file.envelope);

  send_about_note(a);
  log_event("kept-back", "id", e->id, "until", record_get(&a->file.envelope.facts, "holduntil"), (char *)0);
  send_attempt_close(s, a);
  send_waiting_set_due(&s->waiting, e, s->now_ms + (wait_ms ? wait_ms : 1000));
}

static void put_off_for_disk(struct send_schedule *s, struct send_attempt *a)
{
  struct send_entry *e = a->entry;

  send_attempt_close(s, a);
  send_waiting_set_due(&s->waiting, e, s->now_ms + UNREADABLE_MS);
}

/* The file is open and whole: what does it need? */
static void begin(struct send_schedule *s, struct send_attempt *a, const struct send_lane *turn)
{
  const struct envelope *e = &a->file.envelope;

  a->is_again = a->entry->is_again || e->attempts;
  a->entry->priority = priority_of(e);
  send_right_note(s, a->entry, e);
  if (a->entry->right) send_rights_look(s);
  if (send_right_is_off(a->entry) && !send_right_bar(a)) {
    put_off_for_disk(s, a);
    return;
  }
  if (send_returns_are_due(e))
    send_returns_start(s, a);
  else if (is_kept_back(s, e))
    put_off(s, a);
  else if (envelope_has(e, ENVELOPE_TO_TRY)) {
    send_items_make(s, a);
    go(s, a, turn);
  } else if (envelope_has(e, ENVELOPE_KEPT))
    send_attempt_close(s, a); /* until the operator releases it */
  else {
    send_conclude_remove(s, a);
    forget(s, a);
  }
}

static void cannot_read(struct send_schedule *s, struct send_attempt *a)
{
  bool is_damaged = errno == EBADMSG;

  log_event("unreadable", "id", a->entry->id, "error", is_damaged ? "not as doc/queue.md says: run queue-check" : strerror(errno),
            (char *)0);
  if (is_damaged)
    send_attempt_close(s, a);
  else
    put_off_for_disk(s, a);
}

static void start(struct send_schedule *s, struct send_entry *e, const struct send_lane *turn)
{
  send_lanes_leave(&s->lanes, e); /* it was closed while it stood in line: its ways may be others now */
  if (send_returns_is_early(e->id)) {
    send_waiting_set_due(&s->waiting, e, s->now_ms + EARLY_MS);
    return;
  }
  struct send_attempt *a = calloc(1, sizeof *a);
  if (!a) die_nomem();
  *a = (struct send_attempt){ .entry = e, .file = QUEUE_FILE_ZERO };
  e->attempt = a;
  s->attempts++;
  switch (queue_open(&a->file, e->id, O_RDONLY)) {
  case QUEUE_FOUND: begin(s, a, turn); return;
  case QUEUE_ABSENT: forget(s, a); return;
  case QUEUE_BROKEN: cannot_read(s, a); return;
  case QUEUE_INCOMPLETE:
    if (!a->file.is_new) {
      errno = EBADMSG;
      cannot_read(s, a);
      return;
    }
    log_event("removed", "id", e->id, "reason", "incomplete: cut off before it was acknowledged", (char *)0);
    send_conclude_remove(s, a);
    forget(s, a);
  }
}

/* Those whose lane rests are not tried: it said already why not. */
static void give_up_resting(struct send_schedule *s, struct send_attempt *a)
{
  for (size_t i = a->first_waiting; i < a->count; i++) {
    struct send_item *item = &a->items[i];
    const struct send_lane *lane = item->lane;
    if (item->state != SEND_ITEM_WAITS || !send_lane_rests(lane, s->now_ms)) continue;
    send_item_end(a, item, SAID_LATER, lane->status.len ? lane->status.s : "4.4.1", lane->words.s);
    text_copy(&item->remote, lane->remote.s);
    text_string(&item->remote);
  }
}

static bool start_item(struct send_schedule *s, struct send_attempt *a, size_t i)
{
  return a->items[i].lane->kind == SEND_LANE_LOCAL ? send_link_deliver(s, a, i) : send_link_send(s, a, i);
}

/* Starts what there is room for. Nobody overtakes those in a lane's line; whose turn it is starts one packet there, or as
   many as there is room for if the line is empty. */
static void start_items(struct send_schedule *s, struct send_attempt *a, const struct send_lane *turn)
{
  while (a->first_waiting < a->count && a->items[a->first_waiting].state != SEND_ITEM_WAITS) a->first_waiting++;
  for (size_t i = a->first_waiting; i < a->count && a->waiting; i++) {
    struct send_lane *lane = a->items[i].lane;
    if (a->items[i].state != SEND_ITEM_WAITS || !send_link_has_room(s, lane)) continue;
    if (send_lane_has_line(lane) && lane != turn) continue;
    if (start_item(s, a, i) && lane == turn) turn = 0;
  }
}

/* In the line of each lane that has no room for it; after a turn it still stands in the others. A turn that was for nothing because of
   a rate limit is not lost. */
static void stand_in_lines(struct send_schedule *s, struct send_attempt *a, const struct send_lane *turn, bool has_started)
{
  const struct send_lane *last = 0;
  bool is_everywhere_else = turn && a->entry->stands;

  for (size_t i = a->first_waiting; i < a->count; i++) {
    struct send_lane *lane = a->items[i].lane;
    if (a->items[i].state != SEND_ITEM_WAITS || lane == last || (is_everywhere_else && lane != turn)) continue;
    last = lane;
    send_lane_stand(&s->lanes, lane, a->entry, lane == turn && !has_started && send_lane_is_limited(lane, s->now_ms));
    if (is_everywhere_else) return;
  }
}

/* qstat says why it waits. */
static void tell_limits(struct send_schedule *s, struct send_attempt *a)
{
  static text words = TEXT_ZERO;

  if (a->entry->is_told) return;
  for (size_t i = a->first_waiting; i < a->count; i++) {
    struct send_item *item = &a->items[i];
    if (item->state != SEND_ITEM_WAITS || !send_lane_is_limited(item->lane, s->now_ms)) continue;
    send_limit_say(item->lane, &words);
    send_result_set(&item->outcome, SAID_LATER, "4.7.1", words.s);
    send_said_waits(s, a, i);
    a->entry->is_told = true;
  }
  if (!a->entry->is_told) return;
  send_about_forget(a->entry);
  send_about_note(a);
}

/* Something is under way, or has come to its end. */
static bool has_begun(const struct send_attempt *a) { return a->waiting + a->idle < a->count; }

/* Something can be written down, and nothing would be done twice because of that. */
static bool may_end_early(const struct send_attempt *a) { return !a->running && a->waiting && has_begun(a) && !a->has_several; }

/* All that it waits for is a rate limit, perhaps for hours: what it has come to is written down before. */
static bool waits_for_limits(const struct send_schedule *s, const struct send_attempt *a)
{
  bool is_so = may_end_early(a);

  for (size_t i = a->first_waiting; i < a->count && is_so; i++)
    is_so = a->items[i].state != SEND_ITEM_WAITS || send_lane_is_limited(a->items[i].lane, s->now_ms);
  return is_so;
}

/* It stands in line again at once, unless another recipient is to be tried later: then all are. */
static void end_early(struct send_schedule *s, struct send_attempt *a)
{
  a->goes_on = true;
  for (size_t i = 0; i < a->count; i++)
    if (a->items[i].state == SEND_ITEM_OVER && a->items[i].outcome.verdict == SAID_LATER) a->goes_on = false;
  send_attempt_stop(s, a);
}

static void wait_in_line(struct send_schedule *s, struct send_attempt *a, const struct send_lane *turn, bool has_started)
{
  if (waits_for_limits(s, a)) {
    end_early(s, a);
    return;
  }
  stand_in_lines(s, a, turn, has_started);
  tell_limits(s, a);
  if (has_begun(a) || s->attempts <= OPEN_MAX) return;
  send_about_note(a);
  send_attempt_close(s, a);
}

/* Its submitter lost his right while it waited in line. */
static bool is_to_be_held(const struct send_attempt *a) { return send_right_is_off(a->entry) && envelope_has_barrable(&a->file.envelope); }

static void hold(struct send_schedule *s, struct send_attempt *a)
{
  struct send_entry *e = a->entry;

  if (send_attempt_is_running(e)) {
    send_attempt_stop(s, a);
    return;
  }
  send_attempt_set_aside(s, e);
  start(s, e, 0);
}

static void go(struct send_schedule *s, struct send_attempt *a, const struct send_lane *turn)
{
  if (is_to_be_held(a)) {
    hold(s, a);
    return;
  }
  give_up_resting(s, a);
  size_t before = a->waiting;
  start_items(s, a, turn);
  if (a->waiting)
    wait_in_line(s, a, turn, a->waiting < before);
  else if (!a->running)
    send_conclude(s, a);
}

void send_attempt_start(struct send_schedule *s, struct send_entry *e) { start(s, e, 0); }

void send_attempt_turn(struct send_schedule *s, struct send_entry *e, struct send_lane *lane)
{
  if (e->attempt)
    go(s, e->attempt, lane);
  else
    start(s, e, lane);
}

/* What waits stands in line already. */
void send_attempt_settle(struct send_schedule *s, struct send_attempt *a)
{
  if (!a->waiting && !a->running)
    send_conclude(s, a);
  else if (waits_for_limits(s, a))
    end_early(s, a);
}

void send_attempt_stop(struct send_schedule *s, struct send_attempt *a)
{
  send_lanes_leave(&s->lanes, a->entry);
  for (size_t i = a->first_waiting; i < a->count; i++)
    if (a->items[i].state == SEND_ITEM_WAITS) {
      send_item_end(a, &a->items[i], SAID_LATER, "4.3.2", "stopped");
      a->items[i].is_untried = true;
    }
  if (!a->report) send_attempt_settle(s, a);
}

bool send_attempt_is_running(const struct send_entry *e)
{
  return e->attempt && (e->attempt->report || has_begun(e->attempt));
}

void send_attempt_set_aside(struct send_schedule *s, struct send_entry *e)
{
  if (e->attempt) send_attempt_close(s, e->attempt);
  send_lanes_leave(&s->lanes, e);
  send_list_remove(e);
  send_waiting_forget_due(&s->waiting, e);
}

/* A host that is slow may keep a line standing for hours, and a crash would do again what was done. */
void send_attempts_keep_house(struct send_schedule *s)
{
  for (size_t slot = 0; s->attempts && slot < s->waiting.slot_count; slot++)
    for (struct send_entry *e = s->waiting.slots[slot], *chain; e; e = chain) {
      struct send_attempt *a = e->attempt;
      chain = e->chain;
      if (!a) continue;
      bool was_stuck = a->is_stuck;
      a->is_stuck = !a->report && may_end_early(a);
      if (was_stuck && a->is_stuck) end_early(s, a);
    }
}
