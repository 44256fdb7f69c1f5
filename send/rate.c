#include "send/rate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/address.h"
#include "lib/die.h"

enum { CONNECTIONS_MAX = 1000 };

const char *const send_rate_windows[SEND_RATE_WINDOWS] = { "minute", "hour", "day" };
const unsigned int send_rate_seconds[SEND_RATE_WINDOWS] = { 60, 3600, 86400 };

/* The next word from *at, of length *length; 0 at the end. */
static const char *next_word(const char **at, size_t *length)
{
  const char *word;

  while (ascii_is_space(**at)) (*at)++;
  word = *at;
  while (**at && !ascii_is_space(**at)) (*at)++;
  *length = (size_t)(*at - word);
  return *length ? word : 0;
}

/* "100/hour" */
static const char *parse_rate(struct send_rate *rate, const char *word, size_t length)
{
  const char *slash = memchr(word, '/', length);
  uint64_t number;

  if (!slash || !number_scan_bytes(word, (size_t)(slash - word), UINT32_MAX, &number)) return "say: DESTINATION N/minute|hour|day [connections N]";
  if (!number) return "0 lets nothing go: hold the mail (qctl hold --destination)";
  size_t left = length - (size_t)(slash + 1 - word);
  for (unsigned int i = 0; i < SEND_RATE_WINDOWS; i++)
    if (strlen(send_rate_windows[i]) == left && !strncmp(send_rate_windows[i], slash + 1, left)) {
      if (rate->most[i]) return "the same window twice";
      rate->most[i] = (uint32_t)number;
      return 0;
    }
  return "/minute, /hour or /day";
}

static const char *parse_connections(struct send_rate *rate, const char **at)
{
  size_t length;
  const char *word = next_word(at, &length);
  uint64_t number;

  if (rate->connections) return "connections twice";
  if (!word || !number_scan_bytes(word, length, CONNECTIONS_MAX, &number) || !number) return "connections: a number from 1 to 1000";
  rate->connections = (unsigned int)number;
  return 0;
}

static const char *parse_subject(struct send_rate_rule *rule, const char *word, size_t length)
{
  bool is_suffix = *word == '.';
  text name = TEXT_ZERO;

  if (length == 1 && *word == '*')
    text_add_char(&name, '*');
  else if (memchr(word, ':', length) || *word == '[') /* an IPv6 address, an address literal */
    text_add_bytes(&name, word, length);
  else if (!domain_fold(word + is_suffix, length - is_suffix, &name)) {
    text_free(&name);
    return "neither a domain, nor a host, nor *";
  }
  text_lower(&name);
  rule->subject = malloc(name.len + 2);
  if (!rule->subject) die_nomem();
  rule->subject[0] = '.';
  memcpy(rule->subject + is_suffix, name.s, name.len);
  rule->subject[is_suffix + name.len] = 0;
  text_free(&name);
  return 0;
}

static const char *parse_line(struct send_rate_rule *rule, const char *at)
{
  static const char connections[] = "connections";
  size_t length;
  const char *word = next_word(&at, &length), *wrong = word ? parse_subject(rule, word, length) : "nothing is named";
  bool has_any = false;

  while (!wrong && (word = next_word(&at, &length))) {
    bool is_connections = length == sizeof connections - 1 && !memcmp(word, connections, length);
    wrong = is_connections ? parse_connections(&rule->rate, &at) : parse_rate(&rule->rate, word, length);
    has_any = true;
  }
  return wrong || has_any ? wrong : "say how much: N/minute|hour|day, or connections N";
}

bool send_rates_parse(struct send_rates *r, const text *lines, text *error)
{
  const char *wrong = 0;

  for (size_t at = 0; at < lines->len && !wrong; at += strlen(lines->s + at) + 1) {
    struct send_rate_rule rule = { .subject = 0 };
    wrong = parse_line(&rule, lines->s + at);
    for (size_t i = 0; i < r->count && !wrong; i++)
      if (!strcmp(r->list[i].subject, rule.subject)) wrong = "this destination is there twice";
    if (wrong) {
      text_copy(error, wrong);
      text_add_format(error, ": %.200s", lines->s + at);
      text_string(error);
      free(rule.subject);
    } else {
      r->list = realloc(r->list, (r->count + 1) * sizeof rule);
      if (!r->list) die_nomem();
      r->list[r->count++] = rule;
    }
  }
  return !wrong;
}

void send_rates_free(struct send_rates *r)
{
  for (size_t i = 0; i < r->count; i++) free(r->list[i].subject);
  free(r->list);
  *r = (struct send_rates)SEND_RATES_ZERO;
}

/* How close it fits; 0: not at all. */
static size_t closeness(const char *subject, const char *destination)
{
  size_t length = strlen(subject), has = strlen(destination);

  if (string_is_nocase(subject, destination)) return SIZE_MAX;
  if (*subject == '.' && has > length && string_is_nocase(destination + has - length, subject)) return length + 1;
  return !strcmp(subject, "*");
}

const struct send_rate *send_rates_find(const struct send_rates *r, const char *destination)
{
  const struct send_rate *best = 0;
  size_t closest = 0;

  for (size_t i = 0; i < r->count; i++) {
    size_t close = closeness(r->list[i].subject, destination);
    if (close <= closest) continue;
    closest = close;
    best = &r->list[i].rate;
  }
  return best;
}

bool send_rate_has_limit(const struct send_rate *rate) { return rate->most[SEND_RATE_MINUTE] || rate->most[SEND_RATE_HOUR] || rate->most[SEND_RATE_DAY]; }

void send_rate_say(const struct send_rate *rate, text *words)
{
  for (unsigned int i = 0; i < SEND_RATE_WINDOWS; i++)
    if (rate->most[i]) text_add_format(words, "%s%u/%s", words->len ? ", " : "", rate->most[i], send_rate_windows[i]);
  text_string(words);
}
