#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/hash.h"
#include "send/lane.h"

enum {
  FIRST_WINDOW = 5,
  FIRST_REST_MS = 30 * 1000,
  LONGEST_REST_MS = 30 * 60 * 1000,
  KEPT_MS = 60 * 60 * 1000 /* so long after its rest a failed lane is remembered */
};

static struct send_lane **slot_of(struct send_lanes *h, const text *key)
{
  return &h->slots[hash_bytes(key->s, key->len) % (sizeof h->slots / sizeof *h->slots)];
}

static unsigned int smaller(unsigned int a, unsigned int b) { return a < b ? a : b; }

static unsigned int most_of(const struct send_lanes *h, const struct send_lane *lane)
{
  return lane->rate.connections ? lane->rate.connections : h->each_max;
}

void send_lanes_set_limits(struct send_lanes *h, unsigned int local_max, unsigned int each_max)
{
  h->local.window = local_max;
  h->each_max = each_max;
  for (size_t i = 0; i < sizeof h->slots / sizeof *h->slots; i++)
    for (struct send_lane *lane = h->slots[i]; lane; lane = lane->chain) lane->window = smaller(lane->window, most_of(h, lane));
}

const char *send_lane_destination(const struct send_lane *lane)
{
  const char *host = record_find(&lane->key, "host");
  return host ? host : record_get(&lane->key, "domain");
}

static void set_rate(struct send_lanes *h, struct send_lane *lane)
{
  const struct send_rate *rate = h->rates ? send_rates_find(h->rates, send_lane_destination(lane)) : 0;

  lane->rate = rate ? *rate : (struct send_rate){ .connections = 0 };
  lane->limited_until_ms = 0;
  lane->window = smaller(lane->window, most_of(h, lane));
}

void send_lanes_set_rates(struct send_lanes *h, const struct send_rates *rates)
{
  h->rates = rates;
  for (size_t i = 0; i < sizeof h->slots / sizeof *h->slots; i++)
    for (struct send_lane *lane = h->slots[i]; lane; lane = lane->chain) set_rate(h, lane);
}

void send_lanes_init(struct send_lanes *h, unsigned int local_max, unsigned int each_max)
{
  memset(h, 0, sizeof *h);
  h->local.kind = SEND_LANE_LOCAL;
  text_copy(&h->local.name, "mailbox");
  text_string(&h->local.name);
  send_lanes_set_limits(h, local_max, each_max);
}

static void name(struct send_lane *lane)
{
  const char *host = record_find(&lane->key, "host");

  text_add(&lane->name, host ? host : record_get(&lane->key, "domain"));
  if (host) text_add_format(&lane->name, ":%s", record_get(&lane->key, "port"));
  text_string(&lane->name);
}

struct send_lane *send_lane_find(struct send_lanes *h, const text *key)
{
  struct send_lane **slot = slot_of(h, key);

  for (struct send_lane *lane = *slot; lane; lane = lane->chain)
    if (text_equal(&lane->key, key)) return lane;
  struct send_lane *lane = calloc(1, sizeof *lane);
  if (!lane) die_nomem();
  lane->kind = SEND_LANE_REMOTE;
  text_add_text(&lane->key, key);
  name(lane);
  text_string(&lane->words);
  text_string(&lane->status);
  text_string(&lane->remote);
  lane->window = FIRST_WINDOW;
  set_rate(h, lane);
  lane->chain = *slot;
  *slot = lane;
  return lane;
}

void send_lane_release(struct send_lanes *h, struct send_lane *lane, uint64_t now_ms)
{
  if (lane->kind == SEND_LANE_LOCAL || lane->active || lane->users || lane->ring_next || lane->idle ||
      (lane->failures && now_ms < lane->rest_until_ms + KEPT_MS))
    return;
  struct send_lane **link = slot_of(h, &lane->key);
  while (*link != lane) link = &(*link)->chain;
  *link = lane->chain;
  text_free(&lane->key);
  text_free(&lane->name);
  text_free(&lane->words);
  text_free(&lane->status);
  text_free(&lane->remote);
  free(lane);
}

void send_lanes_sweep(struct send_lanes *h, uint64_t now_ms)
{
  for (size_t i = 0; i < sizeof h->slots / sizeof *h->slots; i++)
    for (struct send_lane *lane = h->slots[i], *chain; lane; lane = chain) {
      chain = lane->chain;
      send_lane_release(h, lane, now_ms);
    }
}

void send_lanes_wake(struct send_lanes *h)
{
  for (size_t i = 0; i < sizeof h->slots / sizeof *h->slots; i++)
    for (struct send_lane *lane = h->slots[i]; lane; lane = lane->chain) lane->rest_until_ms = lane->limited_until_ms = 0;
}

bool send_lane_is_limited(const struct send_lane *lane, uint64_t now_ms) { return now_ms < lane->limited_until_ms; }

bool send_lane_rests(const struct send_lane *lane, uint64_t now_ms) { return now_ms < lane->rest_until_ms; }

bool send_lane_has_room(const struct send_lane *lane) { return lane->active < lane->window; }

static void note_busy(struct send_lanes *h, struct send_lane *lane)
{
  bool is_busy = lane->active || lane->lined;

  if (lane->kind == SEND_LANE_LOCAL || is_busy == lane->is_busy) return;
  lane->is_busy = is_busy;
  h->busy += is_busy ? 1 : -1U;
}

void send_lane_begin(struct send_lanes *h, struct send_lane *lane)
{
  lane->active++;
  note_busy(h, lane);
}

void send_lane_end_well(struct send_lanes *h, struct send_lane *lane)
{
  if (lane->kind == SEND_LANE_REMOTE && lane->active >= lane->window && lane->window < most_of(h, lane)) lane->window++;
  lane->active--;
  lane->failures = 0;
  lane->has_answered = true;
  note_busy(h, lane);
}

void send_lane_end_badly(struct send_lanes *h, struct send_lane *lane, const char *words, bool is_dead, uint64_t now_ms)
{
  lane->active--;
  note_busy(h, lane);
  text_copy(&lane->words, words);
  text_string(&lane->words);
  lane->has_answered = lane->has_answered || !is_dead;
  if (lane->kind == SEND_LANE_LOCAL || send_lane_rests(lane, now_ms)) return;
  if (!lane->has_answered) lane->window = 1;
  if (lane->window > 1) {
    lane->window /= 2;
    return;
  }
  uint64_t rest = FIRST_REST_MS;
  for (unsigned int i = 0; i < lane->failures && rest < LONGEST_REST_MS; i++) rest *= 2;
  lane->failures++;
  lane->rest_until_ms = now_ms + (rest < LONGEST_REST_MS ? rest : LONGEST_REST_MS);
}

static void leave_ring(struct send_lanes *h, struct send_lane *lane)
{
  if (!lane->ring_next) return;
  h->ring_count--;
  if (lane->ring_next == lane)
    h->ring = 0;
  else {
    lane->ring_previous->ring_next = lane->ring_next;
    lane->ring_next->ring_previous = lane->ring_previous;
    if (h->ring == lane) h->ring = lane->ring_next;
  }
  lane->ring_next = lane->ring_previous = 0;
}

static void join_ring(struct send_lanes *h, struct send_lane *lane)
{
  if (lane->ring_next) return;
  h->ring_count++;
  if (!h->ring) {
    h->ring = lane->ring_next = lane->ring_previous = lane;
    return;
  }
  lane->ring_next = h->ring;
  lane->ring_previous = h->ring->ring_previous;
  lane->ring_previous->ring_next = lane;
  h->ring->ring_previous = lane;
}

bool send_lane_has_line(const struct send_lane *lane) { return lane->lined != 0; }

static bool stands_in(const struct send_entry *e, const struct send_lane *lane)
{
  for (const struct send_stand *stand = e->stands; stand; stand = stand->sibling)
    if (stand->lane == lane) return true;
  return false;
}

static struct send_line *line_of(struct send_lane *lane, signed char priority)
{
  int number = priority + SEND_PRIORITY_MAX;
  return &lane->lines[number < 0 ? 0 : number < SEND_LINES ? number : SEND_LINES - 1];
}

static unsigned int bit_of(const struct send_lane *lane, const struct send_line *line) { return 1U << (line - lane->lines); }

void send_lane_stand(struct send_lanes *h, struct send_lane *lane, struct send_entry *e, bool in_front)
{
  if (stands_in(e, lane)) return;
  struct send_stand *stand = malloc(sizeof *stand);
  if (!stand) die_nomem();
  struct send_line *line = line_of(lane, e->priority);
  struct send_stand *before = in_front ? 0 : line->last, *behind = in_front ? line->first : 0;
  *stand = (struct send_stand){ .entry = e, .lane = lane, .line = line, .previous = before, .next = behind, .sibling = e->stands };
  e->stands = stand;
  *(before ? &before->next : &line->first) = stand;
  *(behind ? &behind->previous : &line->last) = stand;
  lane->lined |= bit_of(lane, line);
  join_ring(h, lane);
  note_busy(h, lane);
}

static void leave(struct send_lanes *h, struct send_stand *stand)
{
  struct send_lane *lane = stand->lane;
  struct send_line *line = stand->line;
  struct send_stand **at = &stand->entry->stands;

  if (stand->previous)
    stand->previous->next = stand->next;
  else
    line->first = stand->next;
  if (stand->next)
    stand->next->previous = stand->previous;
  else
    line->last = stand->previous;
  while (*at != stand) at = &(*at)->sibling;
  *at = stand->sibling;
  free(stand);
  if (!line->first) lane->lined &= ~bit_of(lane, line);
  if (!lane->lined) leave_ring(h, lane);
  note_busy(h, lane);
}

/* The highest bit is the highest priority. */
struct send_entry *send_lane_take(struct send_lanes *h, struct send_lane *lane)
{
  if (!lane->lined) return 0;
  struct send_stand *stand = lane->lines[31 - __builtin_clz(lane->lined)].first;
  struct send_entry *e = stand->entry;
  leave(h, stand);
  return e;
}

void send_lanes_leave(struct send_lanes *h, struct send_entry *e)
{
  while (e->stands) leave(h, e->stands);
}

struct send_lane *send_lanes_next_in_ring(struct send_lanes *h)
{
  struct send_lane *lane = h->ring;
  if (lane) h->ring = lane->ring_next;
  return lane;
}
