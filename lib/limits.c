#include <string.h>

#include "lib/limits_store.h"

static void counter_key(text *key, const struct limits_claim *claim)
{
  text_copy(key, claim->key);
  text_add_char(key, ' ');
  text_add_number(key, claim->seconds);
  text_string(key);
}

/* Into the window that the clock is in. */
static void roll(struct limits_counter *c, uint64_t now)
{
  uint64_t window = c->head.window, start = now - now % window;

  if (c->head.born != start) {
    c->previous = c->head.born + window == start ? c->current : 0;
    c->current = 0;
    c->head.born = start;
  }
  c->head.expires = start + 2 * window;
}

uint64_t limits_used(struct limits_counter *c, uint64_t now)
{
  roll(c, now);
  uint64_t left = c->head.born + c->head.window - now;
  return c->current + (uint64_t)((unsigned __int128)c->previous * left / c->head.window);
}

static uint64_t get_counter(struct limits *l, const char *key, uint64_t window, struct limits_counter *c)
{
  struct limits_value value;
  bool found = limits_get(l, key, &value) && value.len == sizeof *c;

  *c = (struct limits_counter){ .current = 0 };
  if (found) memcpy(c, value.s, sizeof *c);
  c->head.window = window;
  return limits_used(c, l->now);
}

/* Into a window of so many seconds: when no more than rest of the amount before it counts. */
static uint64_t seconds_until(uint64_t amount, uint64_t rest, uint64_t window)
{
  if (amount <= rest) return 0;
  return window - (uint64_t)(((unsigned __int128)(rest + 1) * window - 1) / amount);
}

static uint64_t seconds_to_wait(const struct limits_counter *c, const struct limits_claim *claim, uint64_t now)
{
  uint64_t window = c->head.window, passed = now - c->head.born, at;

  if (claim->amount > claim->max) return window;
  if (c->current <= claim->max - claim->amount) {
    at = seconds_until(c->previous, claim->max - claim->amount - c->current, window);
    return at > passed ? at - passed : 1;
  }
  return window - passed + seconds_until(c->current, claim->max - claim->amount, window);
}

static bool is_over(struct limits *l, const struct limits_claim *claim, uint64_t *retry_seconds)
{
  struct limits_counter c;
  text key = TEXT_ZERO;

  counter_key(&key, claim);
  uint64_t sum = get_counter(l, key.s, claim->seconds, &c) + claim->amount;
  text_free(&key);
  if (l->error || (sum >= claim->amount && sum <= claim->max)) return false;
  *retry_seconds = seconds_to_wait(&c, claim, l->now);
  return true;
}

static void change(struct limits *l, const struct limits_claim *claim, bool takes)
{
  struct limits_counter c;
  text key = TEXT_ZERO;

  counter_key(&key, claim);
  get_counter(l, key.s, claim->seconds, &c);
  if (takes)
    c.current += claim->amount;
  else
    c.current -= claim->amount < c.current ? claim->amount : c.current;
  limits_put(l, key.s, &c, sizeof c);
  text_free(&key);
}

static enum limits_result use(struct limits *l, const struct limits_claim *claims, size_t count, size_t *which,
                              uint64_t *retry_seconds, bool takes)
{
  bool over = false;
  size_t i;

  if (!l || !limits_begin(l)) return LIMITS_BROKEN;
  for (i = 0; i < count && !over; i++)
    if ((over = is_over(l, &claims[i], retry_seconds))) *which = i;
  for (i = 0; takes && !over && i < count; i++) change(l, &claims[i], true);
  if (!limits_end(l)) return LIMITS_BROKEN;
  return over ? LIMITS_OVER : LIMITS_WITHIN;
}

enum limits_result limits_look(struct limits *l, const struct limits_claim *claims, size_t count, size_t *which,
                               uint64_t *retry_seconds)
{
  return use(l, claims, count, which, retry_seconds, false);
}

enum limits_result limits_take(struct limits *l, const struct limits_claim *claims, size_t count, size_t *which,
                               uint64_t *retry_seconds)
{
  return use(l, claims, count, which, retry_seconds, true);
}

void limits_give(struct limits *l, const struct limits_claim *claims, size_t count)
{
  if (!l || !limits_begin(l)) return;
  for (size_t i = 0; i < count; i++) change(l, &claims[i], false);
  limits_end(l);
}

/* Does it stand there as it shall, and long enough? */
static bool stands(const struct limits_value *before, const struct limits_head *head, const char *value, uint64_t until)
{
  size_t length = strlen(value);
  return !head->window && head->expires >= until && before->len == sizeof *head + length &&
         !memcmp(before->s + sizeof *head, value, length);
}

static bool keep(struct limits *l, const char *key, const char *value, uint64_t seconds, uint64_t more_seconds)
{
  struct limits_head head;
  text bytes = TEXT_ZERO;
  struct limits_value before;

  if (!l || !limits_begin(l)) return false;
  bool found = limits_get(l, key, &before);
  if (found) memcpy(&head, before.s, sizeof head);
  if (more_seconds && found && stands(&before, &head, value, l->now + seconds)) return limits_end(l);
  head = (struct limits_head){ .expires = l->now + seconds + more_seconds, .born = found && !head.window ? head.born : l->now };
  text_add_bytes(&bytes, (const char *)&head, sizeof head);
  text_add(&bytes, value);
  limits_put(l, key, bytes.s, bytes.len);
  text_free(&bytes);
  return limits_end(l);
}

bool limits_keep(struct limits *l, const char *key, const char *value, uint64_t seconds) { return keep(l, key, value, seconds, 0); }

bool limits_renew(struct limits *l, const char *key, const char *value, uint64_t seconds)
{
  return keep(l, key, value, seconds, seconds / 64);
}

bool limits_find(struct limits *l, const char *key, text *value, uint64_t *age_seconds)
{
  struct limits_head head = { .window = 1 };
  struct limits_value found;

  text_clear(value);
  text_string(value);
  if (!l || !limits_begin(l)) return false;
  if (limits_get(l, key, &found)) {
    memcpy(&head, found.s, sizeof head);
    if (!head.window) text_copy_bytes(value, found.s + sizeof head, found.len - sizeof head);
    text_string(value);
    *age_seconds = head.born < l->now ? l->now - head.born : 0;
  }
  return limits_end(l) && !head.window;
}
