#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/hash.h"
#include "send/about.h"
#include "send/waiting.h"

enum { FIRST_SLOTS = 1024 };

static size_t slot_of(const struct send_waiting *w, const char *id)
{
  return (size_t)hash_string(id) & (w->slot_count - 1);
}

struct send_entry *send_waiting_find(const struct send_waiting *w, const char *id)
{
  if (!w->slot_count) return 0;
  struct send_entry *e = w->slots[slot_of(w, id)];
  while (e && strcmp(e->id, id)) e = e->chain;
  return e;
}

/* Slots double, so an entry stays in slot i or goes to i + the old count: a walk over the slots misses none. */
static void grow(struct send_waiting *w)
{
  struct send_entry **old = w->slots;
  size_t old_count = w->slot_count;

  w->slot_count = old_count ? old_count * 2 : FIRST_SLOTS;
  w->slots = calloc(w->slot_count, sizeof *w->slots);
  if (!w->slots) die_nomem();
  for (size_t i = 0; i < old_count; i++)
    for (struct send_entry *e = old[i], *chain; e; e = chain) {
      size_t slot = slot_of(w, e->id);
      chain = e->chain;
      e->chain = w->slots[slot];
      w->slots[slot] = e;
    }
  free(old);
}

struct send_entry *send_waiting_add(struct send_waiting *w, const char *id)
{
  size_t length = strlen(id) + 1;
  size_t size = offsetof(struct send_entry, id) + length;
  struct send_entry *e = calloc(1, size < sizeof *e ? sizeof *e : size);

  if (!e) die_nomem();
  memcpy(e->id, id, length);
  if (w->count >= w->slot_count) grow(w);
  size_t slot = slot_of(w, id);
  e->chain = w->slots[slot];
  w->slots[slot] = e;
  w->count++;
  return e;
}

void send_waiting_remove(struct send_waiting *w, struct send_entry *e)
{
  struct send_entry **link = &w->slots[slot_of(w, e->id)];

  send_list_remove(e);
  send_waiting_forget_due(w, e);
  if (e->right) e->right->count--;
  send_about_forget(e);
  if (e->had) text_free(e->had);
  free(e->had);
  while (*link != e) link = &(*link)->chain;
  *link = e->chain;
  w->count--;
  free(e);
}

static void put(struct send_waiting *w, uint32_t place, struct send_entry *e)
{
  w->heap[place] = e;
  e->place = place;
}

static void rise(struct send_waiting *w, struct send_entry *e)
{
  uint32_t place = e->place;

  for (; place > 1 && w->heap[place / 2]->due_ms > e->due_ms; place /= 2) put(w, place, w->heap[place / 2]);
  put(w, place, e);
}

static void sink(struct send_waiting *w, struct send_entry *e)
{
  uint32_t place = e->place;

  for (uint32_t below; (below = place * 2) <= w->heap_count; place = below) {
    if (below < w->heap_count && w->heap[below + 1]->due_ms < w->heap[below]->due_ms) below++;
    if (w->heap[below]->due_ms >= e->due_ms) break;
    put(w, place, w->heap[below]);
  }
  put(w, place, e);
}

void send_waiting_set_due(struct send_waiting *w, struct send_entry *e, uint64_t due_ms)
{
  e->due_ms = due_ms;
  if (!e->place) {
    if (w->heap_count + (size_t)1 >= w->heap_size) {
      w->heap_size = w->heap_size ? w->heap_size * 2 : FIRST_SLOTS;
      w->heap = realloc(w->heap, w->heap_size * sizeof *w->heap);
      if (!w->heap) die_nomem();
    }
    e->place = ++w->heap_count;
  }
  rise(w, e);
  sink(w, e);
}

void send_waiting_forget_due(struct send_waiting *w, struct send_entry *e)
{
  if (!e->place) return;
  struct send_entry *last = w->heap[w->heap_count--];
  if (last != e) {
    last->place = e->place;
    rise(w, last);
    sink(w, last);
  }
  e->place = 0;
}

struct send_entry *send_waiting_first(const struct send_waiting *w) { return w->heap_count ? w->heap[1] : 0; }

void send_list_add(struct send_list *l, struct send_entry *e)
{
  e->list = l;
  e->previous = l->last;
  e->next = 0;
  if (l->last)
    l->last->next = e;
  else
    l->first = e;
  l->last = e;
  l->count++;
}

void send_list_remove(struct send_entry *e)
{
  struct send_list *l = e->list;

  if (!l) return;
  if (e->previous)
    e->previous->next = e->next;
  else
    l->first = e->next;
  if (e->next)
    e->next->previous = e->previous;
  else
    l->last = e->previous;
  l->count--;
  e->list = 0;
}

struct send_entry *send_list_take(struct send_list *l)
{
  struct send_entry *e = l->first;
  if (e) send_list_remove(e);
  return e;
}
