#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/mac.h"
#include "auth/remember.h"
#include "lib/die.h"

enum { PLACES = 16384 };

/* until is 0 while the mac is being written: a reader that sees the same until before and after has a whole mac. */
struct place {
  _Atomic uint64_t until;
  _Atomic uint64_t mac[MAC_SIZE / 8];
};

struct remember {
  unsigned char key[MAC_KEY_SIZE];
  unsigned int seconds;
  struct place places[PLACES];
};

struct remember *remember_make(const unsigned char *key, unsigned int seconds)
{
  struct remember *r = mmap(0, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (r == MAP_FAILED) die_nomem();
  memcpy(r->key, key, MAC_KEY_SIZE);
  r->seconds = seconds;
  return r;
}

/* The place is the mailbox's and the network's, so a wrong guess from elsewhere pushes nobody out. */
static struct place *find(struct remember *r, const struct remember_login *l, uint64_t *words)
{
  unsigned char mac[MAC_SIZE];

  mac_strings(mac, r->key, l->mailbox, l->network, (char *)0);
  struct place *place = &r->places[(mac[0] | mac[1] << 8) % PLACES];
  mac_strings(mac, r->key, l->mailbox, l->stored, l->network, l->password, (char *)0);
  memcpy(words, mac, MAC_SIZE);
  explicit_bzero(mac, sizeof mac);
  return place;
}

bool remember_has(struct remember *r, const struct remember_login *l, uint64_t now)
{
  uint64_t words[MAC_SIZE / 8], difference = 0;
  struct place *place = find(r, l, words);
  uint64_t until = atomic_load(&place->until);

  for (unsigned int i = 0; i < MAC_SIZE / 8; i++) difference |= words[i] ^ atomic_load(&place->mac[i]);
  return until > now && !difference && atomic_load(&place->until) == until;
}

void remember_add(struct remember *r, const struct remember_login *l, uint64_t now)
{
  uint64_t words[MAC_SIZE / 8];

  if (!r->seconds) return;
  struct place *place = find(r, l, words);
  atomic_store(&place->until, 0);
  for (unsigned int i = 0; i < MAC_SIZE / 8; i++) atomic_store(&place->mac[i], words[i]);
  atomic_store(&place->until, now + r->seconds);
}
