#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/mac.h"
#include "auth/throttle.h"
#include "lib/die.h"

enum {
  SETS = 16384, WAYS = 4,
  FREE_TRIES = 5, FIRST_DELAY_MS = 250, MOST_DOUBLINGS = 5, /* 8 s at most */
  HALVES_AFTER_SECONDS = 60, COUNT_MAX = 255
};

/* One word, so that no lock is needed: 28 bits who, 8 bits count, 28 bits when it last changed. 0 is an empty place. */
struct throttle {
  unsigned char key[MAC_KEY_SIZE];
  _Atomic uint64_t places[SETS][WAYS];
};

#define TAG_OF(place) ((uint32_t)((place) >> 36))
#define TIME_MASK 0xfffffffu

static uint64_t make_place(uint32_t tag, unsigned int count, uint64_t now)
{
  return (uint64_t)tag << 36 | (uint64_t)count << 28 | (now & TIME_MASK);
}

/* What is left of a count after the time that has passed. */
static unsigned int count_left(uint64_t place, uint64_t now)
{
  unsigned int count = (unsigned int)(place >> 28) & COUNT_MAX;
  uint64_t halvings = ((now - place) & TIME_MASK) / HALVES_AFTER_SECONDS;
  return halvings < 8 ? count >> halvings : 0;
}

struct throttle *throttle_make(const unsigned char *key)
{
  struct throttle *t = mmap(0, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (t == MAP_FAILED) die_nomem();
  memcpy(t->key, key, MAC_KEY_SIZE);
  return t;
}

static _Atomic uint64_t *find_set(struct throttle *t, const char *kind, const char *who, uint32_t *tag)
{
  unsigned char mac[MAC_SIZE];

  mac_strings(mac, t->key, kind, who, (char *)0);
  *tag = (uint32_t)(mac[0] | mac[1] << 8 | mac[2] << 16) | (uint32_t)(mac[3] & 0x0f) << 24;
  return t->places[(mac[4] | mac[5] << 8) % SETS];
}

unsigned int throttle_delay_ms(struct throttle *t, const char *kind, const char *who, uint64_t now)
{
  uint32_t tag;
  _Atomic uint64_t *set = find_set(t, kind, who, &tag);
  unsigned int count = 0;

  for (unsigned int i = 0; i < WAYS; i++) {
    uint64_t place = atomic_load(&set[i]);
    if (place && TAG_OF(place) == tag) count = count_left(place, now);
  }
  if (count < FREE_TRIES) return 0;
  unsigned int doublings = count - FREE_TRIES < MOST_DOUBLINGS ? count - FREE_TRIES : MOST_DOUBLINGS;
  return FIRST_DELAY_MS << doublings;
}

/* The place of this one; else the one with the least to lose. */
static unsigned int choose(_Atomic uint64_t *set, uint32_t tag, uint64_t now)
{
  unsigned int least = 0, least_count = COUNT_MAX + 1;

  for (unsigned int i = 0; i < WAYS; i++) {
    uint64_t place = atomic_load(&set[i]);
    if (place && TAG_OF(place) == tag) return i;
    if (count_left(place, now) >= least_count) continue;
    least = i;
    least_count = count_left(place, now);
  }
  return least;
}

void throttle_failed(struct throttle *t, const char *kind, const char *who, uint64_t now)
{
  uint32_t tag;
  _Atomic uint64_t *set = find_set(t, kind, who, &tag);
  _Atomic uint64_t *chosen = &set[choose(set, tag, now)];
  uint64_t before = atomic_load(chosen), after;

  do {
    unsigned int count = before && TAG_OF(before) == tag ? count_left(before, now) : 0;
    after = make_place(tag, count < COUNT_MAX ? count + 1 : COUNT_MAX, now);
  } while (!atomic_compare_exchange_weak(chosen, &before, after));
}
