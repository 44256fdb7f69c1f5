#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/policy_submitter.h"
#include "send/about.h"
#include "send/attempt.h"
#include "send/conclude.h"
#include "send/returns.h"
#include "send/right.h"

enum {
  LOOK_MS = 200,      /* a new generation is seen so soon */
  SLOTS_AT_ONCE = 512,
  HELD_AT_ONCE = 16   /* each waits for the disk */
};

static struct send_right **slot_of(struct send_rights *r, const char *key)
{
  return &r->slots[hash_string(key) % (sizeof r->slots / sizeof *r->slots)];
}

/* What cannot be read changes nothing. */
static void ask(struct send_schedule *s, struct send_right *r)
{
  const char *reason = 0;
  enum policy_right right = policy_submitter_may(&s->tables, r->key, &reason);

  if (right == POLICY_RIGHT_UNKNOWN || (right == POLICY_NO_RIGHT) == r->is_off) return;
  r->is_off = right == POLICY_NO_RIGHT;
  r->reason = reason;
  r->has_ended = r->is_off && r->count;
  log_event(r->is_off ? "barred" : "unbarred", "who", r->key, "reason", r->is_off ? reason : "", "generation", s->tables.generation.s, (char *)0);
  if (!r->has_ended) return;
  s->rights.has_ended = true;
  s->rights.slot = 0;
}

static void ask_all(struct send_schedule *s)
{
  for (size_t i = 0; i < sizeof s->rights.slots / sizeof *s->rights.slots; i++)
    for (struct send_right **at = &s->rights.slots[i], *r; (r = *at);)
      if (r->count) {
        ask(s, r);
        at = &r->chain;
      } else {
        *at = r->chain;
        s->rights.count--;
        free(r);
      }
}

void send_rights_look(struct send_schedule *s)
{
  s->rights.look_ms = s->now_ms + LOOK_MS;
  if (!tables_open(&s->tables, "policy") || s->tables.opens == s->rights.opens) return;
  s->rights.opens = s->tables.opens;
  ask_all(s);
}

static struct send_right *find(struct send_schedule *s, const char *key)
{
  struct send_right **slot = slot_of(&s->rights, key), *r = *slot;
  size_t length = strlen(key) + 1;

  while (r && strcmp(r->key, key)) r = r->chain;
  if (r) return r;
  if (!(r = calloc(1, sizeof *r + length))) die_nomem();
  memcpy(r->key, key, length);
  r->chain = *slot;
  *slot = r;
  s->rights.count++;
  if (s->tables.file) ask(s, r);
  return r;
}

void send_right_note(struct send_schedule *s, struct send_entry *e, const struct envelope *envelope)
{
  static text key = TEXT_ZERO;

  if (e->right || !*policy_submitter(&envelope->facts, &key)) return;
  if (!s->tables.file || s->now_ms >= s->rights.look_ms) send_rights_look(s);
  e->right = find(s, key.s);
  e->right->count++;
}

bool send_right_is_off(const struct send_entry *e) { return e->right && e->right->is_off; }

bool send_right_bar(struct send_attempt *a)
{
  const struct send_right *r = a->entry->right;

  if (!envelope_has_barrable(&a->file.envelope)) return true;
  if (!send_conclude_bar(a)) {
    log_event("unable", "id", a->entry->id, "to", "hold it", "error", strerror(errno), (char *)0);
    return false;
  }
  send_about_note(a);
  log_event("held", "id", a->entry->id, "who", r->key, "reason", r->reason, "login", record_get(&a->file.envelope.facts, "login"), (char *)0);
  return true;
}

/* What has begun is not cut off: its attempt ends, and what it leaves is held then. */
static void hold(struct send_schedule *s, struct send_entry *e)
{
  struct send_attempt a = { .entry = e, .file = QUEUE_FILE_ZERO };

  if (send_attempt_is_running(e)) {
    if (envelope_has_barrable(&e->attempt->file.envelope)) send_attempt_stop(s, e->attempt);
    return;
  }
  if (queue_open(&a.file, e->id, O_RDONLY) == QUEUE_FOUND && envelope_has_barrable(&a.file.envelope) && send_right_bar(&a)) {
    send_attempt_set_aside(s, e);
    if (send_returns_are_due(&a.file.envelope) || envelope_has(&a.file.envelope, ENVELOPE_TO_TRY)) send_waiting_set_due(&s->waiting, e, s->now_ms);
  }
  queue_close(&a.file);
}

bool send_rights_are_busy(const struct send_schedule *s) { return s->rights.has_ended; }

static void end_walk(struct send_rights *rights)
{
  rights->has_ended = false;
  for (size_t i = 0; i < sizeof rights->slots / sizeof *rights->slots; i++)
    for (struct send_right *r = rights->slots[i]; r; r = r->chain) r->has_ended = false;
}

void send_rights_go_on(struct send_schedule *s)
{
  struct send_rights *rights = &s->rights;
  unsigned int held = 0;

  if (rights->count && s->now_ms >= rights->look_ms) send_rights_look(s);
  if (!rights->has_ended) return;
  for (unsigned int i = 0; i < SLOTS_AT_ONCE && held < HELD_AT_ONCE && rights->slot < s->waiting.slot_count; i++, rights->slot++)
    for (struct send_entry *e = s->waiting.slots[rights->slot], *chain; e; e = chain) {
      chain = e->chain;
      if (!e->right || !e->right->has_ended) continue;
      hold(s, e);
      held++;
    }
  if (rights->slot >= s->waiting.slot_count) end_walk(rights);
}
