#include "send/limit.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "send/link.h"

enum { AGAIN_SECONDS = 60 }; /* the operator may have changed what is counted */

/* It has memory of its own only if there is something to count. One that cannot be opened is tried again in a minute. */
static struct limits *store(struct send_schedule *s)
{
  static uint64_t again_ms;

  if (s->limits || s->now_ms < again_ms) return s->limits;
  again_ms = s->now_ms + AGAIN_SECONDS * 1000;
  return s->limits = limits_open("mail-send");
}

void send_limits_read(struct send_schedule *s)
{
  static text last = TEXT_ZERO;
  struct send_rates rates = SEND_RATES_ZERO, old = s->rates;
  text lines = TEXT_ZERO, error = TEXT_ZERO;

  conf_lines("destinationrate", &lines);
  if (lines.len == last.len && (!lines.len || !memcmp(lines.s, last.s, lines.len))) {
    text_free(&lines);
    return;
  }
  if (!send_rates_parse(&rates, &lines, &error)) {
    text sentence = TEXT_ZERO;
    text_add_format(&sentence, "control/destinationrate: %s", error.s);
    conf_fault(text_string(&sentence));
    text_free(&sentence);
    text_free(&error);
    text_free(&lines);
    send_rates_free(&rates);
    return;
  }
  s->rates = rates;
  send_lanes_set_rates(&s->lanes, &s->rates);
  send_rates_free(&old);
  text_free(&last);
  last = lines;
}

static size_t make_claims(const struct send_lane *lane, const text *key, size_t count, struct limits_claim claims[SEND_RATE_WINDOWS])
{
  size_t used = 0;

  for (unsigned int i = 0; i < SEND_RATE_WINDOWS; i++)
    if (lane->rate.most[i]) claims[used++] = (struct limits_claim){ .key = key->s, .amount = count, .max = lane->rate.most[i], .seconds = send_rate_seconds[i] };
  return used;
}

static void make_key(const struct send_lane *lane, text *key)
{
  text_copy(key, "destination ");
  text_add(key, send_lane_destination(lane));
  text_lower(key);
  text_string(key);
}

/* If the store cannot be used, which the log says, mail goes: as many do that may wait for what cannot be counted. */
size_t send_limit_take(struct send_schedule *s, struct send_lane *lane, size_t wanted)
{
  static text key = TEXT_ZERO;
  struct limits_claim claims[SEND_RATE_WINDOWS];
  uint64_t seconds = AGAIN_SECONDS;
  size_t which;

  if (!send_rate_has_limit(&lane->rate)) return wanted;
  make_key(lane, &key);
  for (size_t some = wanted; some; some /= 2) {
    if (limits_take(store(s), claims, make_claims(lane, &key, some, claims), &which, &seconds) == LIMITS_OVER) continue;
    lane->limited_until_ms = 0;
    return some;
  }
  if (seconds > AGAIN_SECONDS) seconds = AGAIN_SECONDS;
  if (!lane->limited_until_ms) log_event("limited", "destination", send_lane_destination(lane), (char *)0);
  lane->limited_until_ms = s->now_ms + (seconds ? seconds : 1) * 1000;
  return 0;
}

void send_limit_give(struct send_schedule *s, const struct send_lane *lane, size_t count)
{
  static text key = TEXT_ZERO;
  struct limits_claim claims[SEND_RATE_WINDOWS];

  if (!count || !send_rate_has_limit(&lane->rate)) return;
  make_key(lane, &key);
  limits_give(store(s), claims, make_claims(lane, &key, count, claims));
}

/* By all ways that lead there; an own one without work is there already. */
bool send_limit_has_connection(const struct send_schedule *s, const struct send_lane *lane)
{
  unsigned int count = 0;

  if (!lane->rate.connections || lane->idle) return true;
  for (const struct send_link *l = s->links; l; l = l->next)
    if (l->service == SEND_SMTP && string_is_nocase(send_lane_destination(l->lane), send_lane_destination(lane))) count++;
  return count < lane->rate.connections;
}

void send_limit_say(const struct send_lane *lane, text *words)
{
  text limit = TEXT_ZERO;

  send_rate_say(&lane->rate, &limit);
  text_clear(words);
  text_add_format(words, "waits for the rate limit of %s: %s", send_lane_destination(lane), limit.s);
  text_string(words);
  text_free(&limit);
}
