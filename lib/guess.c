#include "lib/guess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "lib/cidr.h"
#include "lib/conf.h"
#include "lib/hex.h"

#define KEY_FILE "state/limits/" GUESS_USER "/key"

enum {
  PARTS = 1000, /* a count is kept in thousandths */
  FAILURES_MAX = 100000,
  FIRST_DELAY_MS = 250, MOST_DOUBLINGS = 5, /* 8 s at most: clients wait that long */
  UNCOUNTED_DELAY_MS = 1000,
  WIDE_TIMES = 10,   /* so many times what a /64 may, its /48 may */
  KNOWN_FAILURES = 20, /* more failures in a network where the name is known, and it is a stranger there */
  CLOCK_SLACK = 60,
  UNKNOWN_BYTES = 8
};

/* What is counted: how many failures cost nothing, and in how many seconds half of a count is forgotten. */
static const struct kind {
  const char *word;
  unsigned int free;
  uint64_t half_life;
  unsigned int blocks; /* times control/authblock; 0: never */
} kinds[] = {
  { "network ", 10, 3600, 1 },
  { "wide ", 10 * WIDE_TIMES, 3600, WIDE_TIMES },
  { "name ", 5, 900, 0 },
  { "at ", 10, 3600, 0 },
};

static const struct kind *kind_of(const char *key)
{
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strncmp(key, kinds[i].word, strlen(kinds[i].word))) return &kinds[i];
  return 0;
}

/* A space ends a part of a key. */
static void add_word(text *who, const char *word)
{
  for (; *word; word++)
    if (ascii_is_printable(*word) && *word != ' ' && *word != '%')
      text_add_char(who, *word);
    else
      text_add_format(who, "%%%02x", (unsigned char)*word);
}

void guess_who_mailbox(text *who, const char *name)
{
  text_clear(who);
  add_word(who, name);
  text_string(who);
}

void guess_who_backend(text *who, const char *name)
{
  text_copy(who, "backend:");
  add_word(who, name);
  text_string(who);
}

void guess_who_unknown(text *who, const unsigned char *key, const char *login)
{
  unsigned char mac[MAC_SIZE];

  mac_strings(mac, key, "unknown", login, (char *)0);
  text_copy(who, "unknown:");
  hex_add(who, mac, UNKNOWN_BYTES);
  text_string(who);
}

bool guess_key_read(unsigned char *key)
{
  int fd = open(KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd == -1) return false;
  errno = EINVAL;
  bool is_whole = read(fd, key, MAC_KEY_SIZE) == MAC_KEY_SIZE;
  close(fd);
  return is_whole;
}

bool guess_key_make(unsigned char *key)
{
  if (guess_key_read(key)) return true;
  random_buf((char *)key, MAC_KEY_SIZE);
  int fd = open(KEY_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd == -1) return false;
  bool is_written = write(fd, key, MAC_KEY_SIZE) == MAC_KEY_SIZE && !fsync(fd);
  close(fd);
  return is_written;
}

/* The keys of one try. */
struct keys {
  text network, wide, name, here; /* empty: is not counted */
};

static void add_key(text *key, const char *word, const char *of)
{
  text_copy(key, word);
  text_add(key, of);
  text_string(key);
}

static void network_key(text *key, const char *word, const struct ip *ip, unsigned int length4, unsigned int length6)
{
  text_copy(key, word);
  cidr_add(key, ip, length4, length6);
  text_string(key);
}

static void make_keys(struct keys *k, const struct guess *g)
{
  struct ip ip;
  bool has_ip = ip_parse(&ip, g->ip);

  *k = (struct keys){ TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO };
  if (has_ip && !g->is_shared) network_key(&k->network, "network ", &ip, 32, 64);
  if (has_ip && !g->is_shared && !ip.is_v4) network_key(&k->wide, "wide ", &ip, 32, 48);
  add_key(&k->name, "name ", g->who);
  add_key(&k->here, "at ", g->who);
  text_add_char(&k->here, ' ');
  if (has_ip) cidr_add(&k->here, &ip, 24, 48); /* who has a new address each night stays at home */
  text_string(&k->here);
}

static void free_keys(struct keys *k)
{
  text_free(&k->network);
  text_free(&k->wide);
  text_free(&k->name);
  text_free(&k->here);
}

/* In thousandths: what is left of parts after so many seconds. */
static uint64_t decay(uint64_t parts, uint64_t seconds, uint64_t half_life)
{
  if (seconds / half_life >= 32) return 0;
  parts >>= seconds / half_life;
  return parts - parts * (seconds % half_life) / (2 * half_life);
}

/* "THOUSANDTHS SECOND": the count and when it last grew. From a clock that was wrong: none. */
static bool parse_value(const char *value, const struct kind *kind, uint64_t now, uint64_t *parts, uint64_t *seconds_ago)
{
  const char *space = strchr(value, ' ');
  uint64_t since;

  if (!space || !number_scan_bytes(value, (size_t)(space - value), (uint64_t)FAILURES_MAX * PARTS, parts) || !number_scan(space + 1, UINT64_MAX, &since) ||
      since > now + CLOCK_SLACK)
    return false;
  *seconds_ago = since < now ? now - since : 0;
  *parts = decay(*parts, *seconds_ago, kind->half_life);
  return true;
}

static unsigned int whole(uint64_t parts) { return (unsigned int)((parts + PARTS / 2) / PARTS); }

static bool find(struct limits *l, const text *key, uint64_t *parts, uint64_t *seconds_ago)
{
  text value = TEXT_ZERO;
  uint64_t age;

  *parts = *seconds_ago = 0;
  bool found = key->len && limits_find(l, key->s, &value, &age);
  if (found && !parse_value(value.s, kind_of(key->s), (uint64_t)time(0), parts, seconds_ago)) *parts = 0;
  text_free(&value);
  return found;
}

static bool look_at(struct limits *l, const text *key, struct guess_count *count)
{
  uint64_t parts;
  bool found = find(l, key, &parts, &count->seconds_ago);

  count->failures = whole(parts);
  return found;
}

unsigned int guess_delay_ms(const char *key, unsigned int failures)
{
  const struct kind *kind = kind_of(key);

  if (!kind || failures < kind->free) return 0;
  unsigned int doublings = failures - kind->free < MOST_DOUBLINGS ? failures - kind->free : MOST_DOUBLINGS;
  return FIRST_DELAY_MS << doublings;
}

uint64_t guess_blocked_seconds(const char *key, unsigned int failures)
{
  const struct kind *kind = kind_of(key);
  uint64_t most = kind ? conf_number("authblock", GUESS_BLOCK, GUESS_BLOCK_MAX) * kind->blocks : 0, left = failures, seconds = 0;

  if (!most || failures < most) return 0;
  for (; left >= 2 * most; left /= 2) seconds += kind->half_life;
  return seconds + (left - most + 1) * 2 * kind->half_life / (left + 1) + 1;
}

static void slow_down(struct guess_state *state, const text *key, const struct guess_count *count)
{
  if (!key->len) return;
  unsigned int delay_ms = guess_delay_ms(key->s, count->failures);
  uint64_t blocked = guess_blocked_seconds(key->s, count->failures);

  if (delay_ms > state->delay_ms) state->delay_ms = delay_ms;
  if (blocked > state->blocked_seconds) state->blocked_seconds = blocked;
}

static void look(struct limits *l, const struct keys *k, struct guess_state *state)
{
  *state = (struct guess_state){ .blocked_seconds = 0 };
  state->has_logged_in = look_at(l, &k->here, &state->here);
  look_at(l, &k->network, &state->network);
  look_at(l, &k->wide, &state->wide);
  look_at(l, &k->name, &state->name);
  state->is_known = state->has_logged_in && state->here.failures < KNOWN_FAILURES;
  slow_down(state, &k->here, &state->here);
  if (state->is_known) return;
  slow_down(state, &k->network, &state->network);
  slow_down(state, &k->wide, &state->wide);
  slow_down(state, &k->name, &state->name);
}

void guess_look(struct limits *l, const struct guess *g, struct guess_state *state)
{
  struct keys k;

  make_keys(&k, g);
  bool is_held = l && limits_hold(l);
  if (is_held) look(l, &k, state);
  if (!is_held || !limits_release(l)) *state = (struct guess_state){ .is_uncounted = true, .delay_ms = UNCOUNTED_DELAY_MS };
  free_keys(&k);
}

/* Until less than half a failure is left. */
static uint64_t seconds_kept(const struct kind *kind, uint64_t parts)
{
  uint64_t seconds = kind->half_life;
  for (; parts >= PARTS; parts /= 2) seconds += kind->half_life;
  return seconds;
}

static void add_failure(struct limits *l, const text *key)
{
  uint64_t parts, seconds_ago;
  text value = TEXT_ZERO;

  if (!key->len) return;
  const struct kind *kind = kind_of(key->s);
  find(l, key, &parts, &seconds_ago);
  parts = parts + PARTS < (uint64_t)FAILURES_MAX * PARTS ? parts + PARTS : (uint64_t)FAILURES_MAX * PARTS;
  text_add_number(&value, parts);
  text_add_char(&value, ' ');
  text_add_number(&value, (uint64_t)time(0));
  bool is_here = !strcmp(kind->word, "at ");
  limits_keep(l, key->s, text_string(&value), is_here ? GUESS_KNOWN_SECONDS : seconds_kept(kind, parts));
  text_free(&value);
}

void guess_failed(struct limits *l, const struct guess *g)
{
  struct guess_state state;
  struct keys k;

  make_keys(&k, g);
  if (l && limits_hold(l)) {
    look(l, &k, &state);
    if (state.has_logged_in) add_failure(l, &k.here);
    if (!state.is_known) {
      add_failure(l, &k.network);
      add_failure(l, &k.wide);
      add_failure(l, &k.name);
    }
    limits_release(l);
  }
  free_keys(&k);
}

/* What it has failed here stays counted: a stranger behind the same address is not to be helped by the owner's logins. */
void guess_right(struct limits *l, const struct guess *g)
{
  struct keys k;
  uint64_t age;
  text value = TEXT_ZERO;

  make_keys(&k, g);
  if (l && limits_hold(l)) {
    if (!limits_find(l, k.here.s, &value, &age)) text_copy(&value, "0 0");
    limits_renew(l, k.here.s, text_string(&value), GUESS_KNOWN_SECONDS);
    limits_release(l);
  }
  text_free(&value);
  free_keys(&k);
}

static void add_to_list(text *keys, const text *key)
{
  if (key->len) text_add_bytes(keys, key->s, key->len + 1);
}

void guess_keys_of_network(text *keys, const char *ip)
{
  struct keys k;

  make_keys(&k, &(struct guess){ .who = "", .ip = ip });
  add_to_list(keys, &k.network);
  add_to_list(keys, &k.wide);
  free_keys(&k);
}

void guess_keys_of_who(text *keys, const char *who)
{
  text_add(keys, "name ");
  text_add(keys, who);
  text_add_char(keys, 0);
  text_add(keys, "at ");
  text_add(keys, who);
  text_add_char(keys, 0);
}

bool guess_parse(const struct limits_entry *entry, struct guess_count *left)
{
  const struct kind *kind = kind_of(entry->key);
  uint64_t parts;

  if (entry->is_counter || !kind || !parse_value(entry->value, kind, (uint64_t)time(0), &parts, &left->seconds_ago)) return false;
  left->failures = whole(parts);
  return true;
}

bool guess_clear(struct limits *l, const char *key)
{
  uint64_t count;
  return strncmp(key, "at ", 3) ? limits_forget(l, key, &count) : limits_keep(l, key, "0 0", GUESS_KNOWN_SECONDS);
}
