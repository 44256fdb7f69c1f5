#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "smtpd/session.h"

enum { CLAIMS_MAX = RATES_KINDS * RATES_WINDOWS * 2 };

/* What one step needs of all counters that concern it. */
struct claims {
  struct limits_claim list[CLAIMS_MAX];
  const struct rates_rule *rules[CLAIMS_MAX];
  text keys[CLAIMS_MAX];
  const char *who[CLAIMS_MAX];
  size_t count;
};

static struct claims claims; /* a session is one process */

void pace_rates_read(struct rates *rates)
{
  text lines = TEXT_ZERO, error = TEXT_ZERO;

  conf_lines("ratelimit", &lines);
  if (!rates_parse(rates, &lines, &error)) die_permanent("control/ratelimit: ", error.s);
  text_free(&lines);
}

static bool has_rates(struct session *s)
{
  if (s->role->policy == POLICY_LMTP) return false; /* the server in front of us has its own */
  if (!s->pace.read_rates) {
    s->pace.read_rates = true;
    pace_rates_read(&s->pace.rates);
  }
  return s->pace.rates.count > 0;
}

/* Who somebody is in the role of a kind; 0: nobody. */
static const char *name_of(struct session *s, enum rates_kind kind)
{
  static text login = TEXT_ZERO;

  if (s->mail.standing.is_trusted != (kind == RATES_TRUSTED)) return 0;
  switch (kind) {
  case RATES_CLIENT:
  case RATES_TRUSTED: return *s->peer->remote_ip ? s->peer->remote_ip : 0;
  case RATES_LOGIN:
    if (!s->login.len) return 0;
    text_copy_bytes(&login, s->login.s, s->login.len);
    text_lower(&login);
    return text_string(&login);
  case RATES_SENDER: return s->mail.has_sender && !s->mail.is_null ? s->mail.sender.folded.s : 0;
  default: return 0;
  }
}

static void add_key(text *key, enum rates_kind kind, enum rates_thing thing, const char *who)
{
  struct ip ip;

  text_copy(key, rates_kinds[kind]);
  text_add_char(key, ' ');
  if ((kind == RATES_CLIENT || kind == RATES_TRUSTED) && ip_parse(&ip, who))
    cidr_add(key, &ip, 32, 64);
  else
    text_add(key, who);
  text_add_char(key, ' ');
  text_add(key, rates_things[thing]);
  text_string(key);
}

static void claim(struct session *s, enum rates_kind kind, enum rates_thing thing, uint64_t amount)
{
  const char *who = name_of(s, kind);

  for (unsigned int window = 0; who && window < RATES_WINDOWS; window++) {
    const struct rates_rule *rule = rates_find(&s->pace.rates, kind, thing, window, who);
    if (!rule || claims.count == CLAIMS_MAX) continue;
    size_t i = claims.count++;
    add_key(&claims.keys[i], kind, thing, who);
    claims.who[i] = who;
    claims.rules[i] = rule;
    claims.list[i] = (struct limits_claim){ .key = claims.keys[i].s, .amount = amount, .max = rule->max, .seconds = rates_seconds[window] };
  }
}

static void refuse(struct policy_decision *d, size_t which, uint64_t retry_seconds)
{
  const struct rates_rule *rule = claims.rules[which];

  policy_decide(d, 450, "4.7.1", "ratelimit", "control/ratelimit");
  text_add_format(&d->text, "<%s>: limit of %llu %s per %s reached, try again in %llu seconds", claims.who[which],
                  (unsigned long long)rule->max, rates_things[rule->thing], rates_windows[rule->window], (unsigned long long)retry_seconds);
  text_string(&d->text);
}

static bool settle(struct session *s, bool takes, struct policy_decision *d)
{
  uint64_t retry_seconds = 0;
  size_t which = 0;
  struct limits *store = claims.count ? pace_store(s) : 0;

  if (!store) return true;
  enum limits_result result = takes ? limits_take(store, claims.list, claims.count, &which, &retry_seconds)
                                    : limits_look(store, claims.list, claims.count, &which, &retry_seconds);
  if (result == LIMITS_OVER) refuse(d, which, retry_seconds);
  return result != LIMITS_OVER;
}

bool pace_rate_connection(struct session *s, enum rates_kind kind, struct policy_decision *d)
{
  claims.count = 0;
  if (!has_rates(s)) return true;
  claim(s, kind, RATES_CONNECTIONS, 1);
  if (kind == RATES_CLIENT) claim(s, RATES_TRUSTED, RATES_CONNECTIONS, 1);
  return settle(s, true, d);
}

bool pace_rate_look(struct session *s, enum rates_thing thing, uint64_t amount, struct policy_decision *d)
{
  claims.count = 0;
  if (!has_rates(s)) return true;
  for (unsigned int kind = 0; kind < RATES_KINDS; kind++) claim(s, kind, thing, amount);
  return settle(s, false, d);
}

static void claim_message(struct session *s)
{
  claims.count = 0;
  for (unsigned int kind = 0; kind < RATES_KINDS; kind++) {
    claim(s, kind, RATES_MESSAGES, 1);
    claim(s, kind, RATES_RECIPIENTS, s->mail.recipients);
  }
}

bool pace_rate_message(struct session *s, struct policy_decision *d)
{
  if (!has_rates(s)) return true;
  claim_message(s);
  return settle(s, true, d);
}

void pace_rate_give(struct session *s)
{
  if (!has_rates(s)) return;
  claim_message(s);
  if (claims.count) limits_give(pace_store(s), claims.list, claims.count);
}
