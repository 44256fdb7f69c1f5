#include "smtpd/rates.h"

#include <stdlib.h>
#include <string.h>

#include "lib/die.h"

enum { WORDS_MAX = 6 };

const char *const rates_kinds[] = { "client", "login", "sender", "trusted" };
const char *const rates_things[] = { "connections", "messages", "recipients" };
const char *const rates_windows[] = { "minute", "hour", "day" };
const unsigned int rates_seconds[] = { 60, 3600, 86400 };

/* The place of a word in a list; its length if it is not there. */
static unsigned int place(const char *const *list, unsigned int length, const char *word)
{
  unsigned int i = 0;
  while (i < length && strcmp(list[i], word)) i++;
  return i;
}

/* Words in lower case, each ended by a NUL in storage; how many. */
static unsigned int split(const char *line, text *storage, const char *words[WORDS_MAX])
{
  unsigned int count = 0;

  text_copy(storage, line);
  text_string(storage);
  text_lower(storage);
  for (char *c = storage->s; *c && count <= WORDS_MAX;) {
    while (ascii_is_space(*c)) c++;
    if (!*c) break;
    if (count < WORDS_MAX) words[count] = c;
    count++;
    while (*c && !ascii_is_space(*c)) c++;
    if (*c) *c++ = 0;
  }
  return count;
}

static const char *parse_words(struct rates_rule *rule, const char *const *words, unsigned int count)
{
  const char *const *tail = words + count - 4; /* thing N per window */
  unsigned int kind = count ? place(rates_kinds, RATES_KINDS, words[0]) : RATES_KINDS;

  if (count != 5 && count != WORDS_MAX) return "say: client|login|sender|trusted [WHO] THING N per WINDOW";
  unsigned int thing = place(rates_things, RATES_THINGS, tail[0]), window = place(rates_windows, RATES_WINDOWS, tail[3]);
  if (kind == RATES_KINDS) return "what is limited is a client, login, sender or trusted";
  if (thing == RATES_THINGS) return "its connections, messages or recipients";
  if (kind == RATES_SENDER && thing == RATES_CONNECTIONS) return "a sender has no connections";
  if (!number_scan(tail[1], UINT32_MAX, &rule->max)) return "a number is missing";
  if (strcmp(tail[2], "per") || window == RATES_WINDOWS) return "per minute, hour or day";
  rule->kind = kind;
  rule->thing = thing;
  rule->window = window;
  if (count == WORDS_MAX) text_copy(&rule->who, words[1]);
  text_string(&rule->who);
  if (rule->who.len && (kind == RATES_CLIENT || kind == RATES_TRUSTED) && !cidr_parse(&rule->network, rule->who.s))
    return "not an address or a network";
  return 0;
}

bool rates_parse(struct rates *r, const text *lines, text *error)
{
  const char *words[WORDS_MAX], *wrong = 0;
  text storage = TEXT_ZERO;

  for (size_t at = 0; at < lines->len && !wrong; at += strlen(lines->s + at) + 1) {
    struct rates_rule rule = { .max = 0 };
    wrong = parse_words(&rule, words, split(lines->s + at, &storage, words));
    if (wrong) {
      text_copy(error, wrong);
      text_add_format(error, ": %.200s", lines->s + at);
      text_string(error);
      text_free(&rule.who);
    } else {
      r->list = realloc(r->list, (r->count + 1) * sizeof rule);
      if (!r->list) die_nomem();
      r->list[r->count++] = rule;
    }
  }
  text_free(&storage);
  return !wrong;
}

/* How close a rule fits: 0 not at all, 1 it is for all, more: the closer. */
static unsigned int closeness(const struct rates_rule *rule, const char *who)
{
  const char *at = strrchr(who, '@');
  struct ip ip;

  if (!rule->who.len) return 1;
  if (rule->kind == RATES_CLIENT || rule->kind == RATES_TRUSTED)
    return ip_parse(&ip, who) && cidr_has(&rule->network, &ip) ? 2 + rule->network.length : 0;
  if (!strcmp(rule->who.s, who)) return 3;
  return at && !strcmp(rule->who.s, at + 1) ? 2 : 0;
}

const struct rates_rule *rates_find(const struct rates *r, enum rates_kind kind, enum rates_thing thing, unsigned int window,
                                    const char *who)
{
  const struct rates_rule *best = 0;
  unsigned int closest = 0;

  for (size_t i = 0; i < r->count; i++) {
    const struct rates_rule *rule = &r->list[i];
    if (rule->kind != kind || rule->thing != thing || rule->window != window) continue;
    unsigned int close = closeness(rule, who);
    if (close > closest) {
      best = rule;
      closest = close;
    }
  }
  return best && best->max ? best : 0;
}
