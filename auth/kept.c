#include "auth/kept.h"

#include <string.h>
#include <sys/mman.h>

#include <skalibs/random.h>

#include "lib/die.h"
#include "lib/mac.h"

enum { SETS = 512, WAYS = 4 };

struct place {
  unsigned char seal[MAC_SIZE]; /* over all that follows */
  unsigned char token[MAC_SIZE];
  int64_t until;
  uint64_t length;
  char record[KEPT_RECORD_MAX];
};

struct kept {
  unsigned char key[MAC_KEY_SIZE];
  struct place places[SETS][WAYS];
};

struct kept *kept_make(void)
{
  struct kept *k = mmap(0, sizeof *k, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (k == MAP_FAILED) die_nomem();
  random_buf((char *)k->key, sizeof k->key);
  return k;
}

static void seal(const struct kept *k, const struct place *p, unsigned char *mac)
{
  mac_bytes(mac, (const char *)k->key, sizeof k->key, (const char *)p->token, sizeof *p - offsetof(struct place, token));
}

static size_t set_of(const struct kept *k, const char *token, const text *settings, unsigned char *mac)
{
  unsigned char own[MAC_SIZE];

  mac_strings(own, k->key, "token", token, (char *)0);
  mac_bytes(mac, (const char *)own, sizeof own, settings->s, settings->len);
  return (size_t)(mac[0] | mac[1] << 8) % SETS;
}

/* A copy, since another process may write there. */
static bool is_whole(const struct kept *k, const struct place *p)
{
  unsigned char mac[MAC_SIZE];

  seal(k, p, mac);
  return !memcmp(mac, p->seal, sizeof mac) && p->length <= sizeof p->record;
}

bool kept_find(const struct kept *k, const char *token, const text *settings, int64_t now, text *record)
{
  unsigned char mac[MAC_SIZE];
  size_t set = set_of(k, token, settings, mac);

  for (size_t way = 0; way < WAYS; way++) {
    struct place copy = k->places[set][way];
    if (memcmp(copy.token, mac, sizeof mac) || copy.until <= now || !is_whole(k, &copy)) continue;
    text_copy_bytes(record, copy.record, copy.length);
    return true;
  }
  return false;
}

/* Its own place, or the one that ends first. */
static size_t choose(const struct place *set, const unsigned char *token)
{
  size_t first = 0;

  for (size_t way = 0; way < WAYS; way++) {
    if (!memcmp(set[way].token, token, MAC_SIZE)) return way;
    if (set[way].until < set[first].until) first = way;
  }
  return first;
}

void kept_add(struct kept *k, const char *token, const text *settings, int64_t until, const text *record)
{
  struct place p = { .until = until, .length = record->len };
  size_t set = set_of(k, token, settings, p.token);

  if (record->len > sizeof p.record) return;
  memcpy(p.record, record->s, record->len);
  seal(k, &p, p.seal);
  k->places[set][choose(k->places[set], p.token)] = p;
}
