#include "auth/throttle.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include <skalibs/random.h>

#include "lib/die.h"

enum { SETS = 8192, WAYS = 4, REPEAT_SECONDS = 3600 };

/* One word, so that no lock is needed: 36 bits of an HMAC over what was said by whom, 28 bits when. 0 is an empty place. */
struct throttle {
  unsigned char repeats_key[MAC_KEY_SIZE], names_key[MAC_KEY_SIZE];
  _Atomic uint64_t places[SETS][WAYS];
};

#define TIME_MASK 0xfffffffu

struct throttle *throttle_make(void)
{
  struct throttle *t = mmap(0, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (t == MAP_FAILED) die_nomem();
  random_buf((char *)t->repeats_key, MAC_KEY_SIZE);
  guess_key_make(t->names_key);
  return t;
}

void throttle_unknown(const struct throttle *t, text *who, const char *login) { guess_who_unknown(who, t->names_key, login); }

/* True if this very password was wrong a short while ago; else it is noted, in the oldest place of its set. */
static bool is_repeat(struct throttle *t, const struct throttle_try *try, uint64_t now)
{
  unsigned char mac[MAC_SIZE];
  uint64_t word;
  unsigned int oldest = 0;

  mac_strings(mac, t->repeats_key, try->who, try->ip, try->password, (char *)0);
  memcpy(&word, mac, sizeof word);
  word &= ~(uint64_t)TIME_MASK;
  _Atomic uint64_t *set = t->places[(mac[8] | mac[9] << 8) % SETS];
  for (unsigned int i = 0; i < WAYS; i++) {
    uint64_t place = atomic_load(&set[i]);
    if (place && !((place ^ word) & ~(uint64_t)TIME_MASK) && ((now - place) & TIME_MASK) < REPEAT_SECONDS) return true;
    if (((now - place) & TIME_MASK) > ((now - atomic_load(&set[oldest])) & TIME_MASK)) oldest = i;
  }
  atomic_store(&set[oldest], word | (now & TIME_MASK));
  explicit_bzero(mac, sizeof mac);
  return false;
}

static struct guess guess_of(const struct throttle_try *try)
{
  return (struct guess){ .who = try->who, .ip = try->ip, .is_shared = try->is_shared };
}

void throttle_look(const struct throttle_try *try, struct guess_state *state)
{
  struct guess g = guess_of(try);
  struct limits *l = limits_open(GUESS_USER);

  guess_look(l, &g, state);
  limits_close(l);
}

void throttle_failed(struct throttle *t, const struct throttle_try *try, uint64_t now)
{
  struct guess g = guess_of(try);

  if (try->password && is_repeat(t, try, now)) return;
  struct limits *l = limits_open(GUESS_USER);
  guess_failed(l, &g);
  limits_close(l);
}

void throttle_right(const struct throttle_try *try)
{
  struct guess g = guess_of(try);
  struct limits *l = limits_open(GUESS_USER);

  guess_right(l, &g);
  limits_close(l);
}
