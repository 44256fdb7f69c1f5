#include "send/about.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cause.h"
#include "lib/die.h"
#include "lib/hash.h"

enum { SLOTS = 65536 };

struct send_plight {
  struct send_plight *chain; /* of one hash slot */
  size_t users;
  char *cause;
  char *destination;
  char *example; /* what was said last */
};

static struct send_plight *plights[SLOTS];

static struct send_plight **slot_of(const char *cause, const char *destination)
{
  uint64_t hash = hash_add(hash_add(HASH_START, cause, strlen(cause)), destination, strlen(destination));

  return &plights[(hash ^ hash >> 32) % SLOTS];
}

static struct send_plight *take(const char *cause, const char *destination, const char *example)
{
  struct send_plight **slot = slot_of(cause, destination), *p = *slot;

  while (p && (strcmp(p->cause, cause) || strcmp(p->destination, destination))) p = p->chain;
  if (!p) {
    if (!(p = calloc(1, sizeof *p))) die_nomem();
    *p = (struct send_plight){ .chain = *slot, .cause = string_duplicate(cause), .destination = string_duplicate(destination) };
    *slot = p;
  }
  if (!p->example || strcmp(p->example, example)) {
    free(p->example);
    p->example = string_duplicate(example);
  }
  p->users++;
  return p;
}

static void leave(struct send_plight *p)
{
  struct send_plight **link = slot_of(p->cause, p->destination);

  if (--p->users) return;
  while (*link != p) link = &(*link)->chain;
  *link = p->chain;
  free(p->cause);
  free(p->destination);
  free(p->example);
  free(p);
}

void send_about_forget(struct send_entry *e)
{
  for (size_t i = 0; e->about && i < e->about->count; i++) leave(e->about->parts[i].plight);
  free(e->about);
  e->about = 0;
}

/* Recipients of one plight mostly follow one another; a list with as many plights as recipients is searched no further back. */
static void add_part(struct send_about *about, struct send_plight *p)
{
  enum { BACK = 16 };

  for (size_t i = about->count; i && i + BACK > about->count; i--)
    if (about->parts[i - 1].plight == p) {
      about->parts[i - 1].recipients++;
      leave(p);
      return;
    }
  about->parts[about->count++] = (struct send_about_part){ .plight = p, .recipients = 1 };
}

static void set(struct send_entry *e, const struct queue_file *f, const struct said *said, size_t to_go)
{
  static text cause = TEXT_ZERO, example = TEXT_ZERO, destination = TEXT_ZERO;
  const struct envelope *envelope = &f->envelope;
  struct send_about *about = malloc(sizeof *about + to_go * sizeof *about->parts);

  if (!about) die_nomem();
  *about = (struct send_about){ .birth_seconds = envelope->birth_seconds, .size_bytes = f->size_bytes };
  for (size_t i = 0; i < envelope->count; i++) {
    const struct envelope_recipient *r = &envelope->recipients[i];
    if (!cause_is_to_go(r)) continue;
    cause_find(r, &said[i], &cause, &example);
    text_copy(&destination, cause_destination(r));
    text_lower(&destination);
    add_part(about, take(cause.s, text_string(&destination), example.s));
  }
  send_about_forget(e); /* now, so that a plight that stays is not made anew */
  if (about->count < to_go) about = realloc(about, sizeof *about + about->count * sizeof *about->parts);
  if (!about) die_nomem();
  e->about = about;
}

/* The words are the items', and stay theirs. A recipient with several destinations waits for the one that is late. */
static void hear_items(const struct send_attempt *a, struct said *said)
{
  for (size_t i = 0; i < a->count; i++) {
    const struct send_item *item = &a->items[i];
    struct said *s = &said[item->recipient];
    bool has_outcome = item->state == SEND_ITEM_OVER || item->outcome.status.len; /* or it says what it waits for */
    if (!has_outcome || item->is_untried || (s->attempt && item->outcome.verdict != SAID_LATER)) continue;
    *s = (struct said){ .attempt = a->file.envelope.attempts ? a->file.envelope.attempts : 1, .verdict = item->outcome.verdict, .code = item->outcome.code,
                        .status = item->outcome.status, .remote = item->remote, .text = item->outcome.text };
  }
}

static bool is_silent(const struct envelope *e, const struct said *said)
{
  for (size_t i = 0; e->attempts && i < e->count; i++)
    if (!said[i].attempt && strchr(ENVELOPE_TO_TRY, e->recipients[i].state)) return true;
  return false;
}

static void note(struct send_attempt *a, size_t to_go)
{
  const struct envelope *e = &a->file.envelope;
  struct said *said = calloc(e->count, sizeof *said), *logged = 0;

  if (!said) die_nomem();
  hear_items(a, said);
  if (is_silent(e, said)) {
    logged = queue_said(e);
    for (size_t i = 0; i < e->count; i++)
      if (!said[i].attempt) said[i] = logged[i];
  }
  set(a->entry, &a->file, said, to_go);
  for (size_t i = 0; logged && i < e->count; i++) said_free(&logged[i]);
  free(logged);
  free(said);
}

void send_about_note(struct send_attempt *a)
{
  const struct envelope *e = &a->file.envelope;
  size_t to_go = 0;

  if (a->entry->about && a->count && a->waiting == a->count) return; /* it only stood in line */
  for (size_t i = 0; i < e->count; i++) to_go += cause_is_to_go(&e->recipients[i]);
  if (to_go)
    note(a, to_go);
  else
    send_about_forget(a->entry);
}

size_t send_about_count(const struct send_about *about, struct tally *causes, struct tally *destinations, size_t number)
{
  size_t recipients = 0;

  for (size_t i = 0; i < about->count; i++) {
    const struct send_about_part *part = &about->parts[i];
    const struct send_plight *p = part->plight;
    tally_add(causes, p->cause, p->example, part->recipients, number, about->birth_seconds);
    tally_add(destinations, p->destination, *p->example ? p->example : p->cause, part->recipients, number, about->birth_seconds);
    recipients += part->recipients;
  }
  return recipients;
}
