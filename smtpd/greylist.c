#include "smtpd/greylist.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "smtpd/facts.h"

enum { DELAY = 60, AGE = 2592000, FIRST_AGE = 172800, CLIENTS = 5 }; /* seconds; passes */

void greylist_sender(text *out, const char *folded)
{
  const char *at = strrchr(folded, '@'), *c = folded;
  const char *end = at ? at : folded + strlen(folded), *plus = memchr(folded, '+', (size_t)(end - folded));

  text_clear(out);
  for (const char *stop = plus && plus > folded ? plus : end; c < stop; c++)
    if (!ascii_is_digit(*c))
      text_add_char(out, *c);
    else if (c == folded || !ascii_is_digit(c[-1]))
      text_add_char(out, '#');
  text_add(out, end);
  text_string(out);
}

/* An address, its domain, or ".DOMAIN" for what is below that. */
static bool fits(const char *pattern, const char *address)
{
  const char *at = strrchr(address, '@'), *domain = at ? at + 1 : "";
  size_t length = strlen(domain), tail = strlen(pattern);

  if (*pattern == '.') return length > tail && string_is_nocase(domain + length - tail, pattern);
  return string_is_nocase(pattern, strchr(pattern, '@') ? address : domain);
}

enum greylist_line greylist_line_check(const char *line, const struct greylist_facts *facts)
{
  size_t word = strcspn(line, " \t");
  const char *value = line + word + strspn(line + word, " \t");
  bool is_known = false;
  struct cidr network;
  struct ip ip;

  if (!*value || strpbrk(value, " \t")) return GREYLIST_BAD;
  if (word == 6 && !strncmp(line, "client", word)) {
    if (!cidr_parse(&network, value)) return GREYLIST_BAD;
    is_known = ip_parse(&ip, facts->client) && cidr_has(&network, &ip);
  } else if (word == 9 && !strncmp(line, "recipient", word))
    is_known = fits(value, facts->recipient);
  else if (word == 6 && !strncmp(line, "sender", word))
    is_known = fits(value, facts->sender);
  else
    return GREYLIST_BAD;
  return is_known ? GREYLIST_KNOWN : GREYLIST_OTHER;
}

static bool is_whitelisted(const struct greylist_facts *facts)
{
  text lines = TEXT_ZERO;
  bool is_known = false;

  conf_lines("greylistwhitelist", &lines);
  for (size_t at = 0; at < lines.len; at += strlen(lines.s + at) + 1) {
    enum greylist_line result = greylist_line_check(lines.s + at, facts);
    if (result == GREYLIST_BAD) die_permanent("control/greylistwhitelist: not client NETWORK, sender or recipient ADDRESS|DOMAIN: ", lines.s + at);
    is_known |= result == GREYLIST_KNOWN;
  }
  text_free(&lines);
  return is_known;
}

void greylist_check_settings(void)
{
  conf_is_yes("greylist", false);
  is_whitelisted(&(struct greylist_facts){ "", "", "" });
}

bool greylist_is_on(struct session *s)
{
  struct policy_facts f = session_facts(s);
  return s->role->policy == POLICY_MX && conf_is_yes("greylist", false) && policy_is_stranger(&f) && !*s->mail.bypass;
}

static void refuse(struct policy_decision *d, const char *recipient, uint64_t seconds)
{
  policy_decide(d, 450, "4.7.1", "greylist", "control/greylist");
  text_add_format(&d->text, "<%s>: greylisted, try again in %llu seconds", recipient, (unsigned long long)seconds);
  text_string(&d->text);
}

static void add_network(text *key, const char *kind, const char *client)
{
  struct ip ip;

  text_copy(key, kind);
  text_add_char(key, ' ');
  if (ip_parse(&ip, client)) cidr_add(key, &ip, 24, 64);
  text_string(key);
}

/* Networks that come again are known after so many passes, and stay it while they come. */
static uint64_t passes_of(struct limits *store, const char *key)
{
  text value = TEXT_ZERO;
  uint64_t age, passes = 0;

  if (limits_find(store, key, &value, &age) && !number_scan(value.s, UINT32_MAX, &passes)) passes = 0;
  text_free(&value);
  return passes;
}

static void keep_passes(struct limits *store, const char *key, uint64_t passes, uint64_t age_max)
{
  text value = TEXT_ZERO;

  text_add_number(&value, passes);
  limits_renew(store, key, text_string(&value), age_max);
  text_free(&value);
}

/* How long to wait; 0: it may pass. */
static uint64_t look_up(struct limits *store, const char *triplet, const char *client)
{
  uint64_t delay = conf_number("greylistdelay", DELAY, 86400), age_max = conf_number("greylistage", AGE, 31536000), age = 0;
  uint64_t clients = conf_number("greylistclients", CLIENTS, 1000000), passes = clients ? passes_of(store, client) : 0, wait = 0;
  text value = TEXT_ZERO;

  if (clients && passes >= clients) {
    keep_passes(store, client, passes, age_max);
    return 0;
  }
  bool found = limits_find(store, triplet, &value, &age), has_passed = found && text_is(&value, "passed");
  if (!found && !limits_keep(store, triplet, "new", FIRST_AGE))
    wait = 0;
  else if (!has_passed && age < delay)
    wait = delay - age;
  else {
    limits_renew(store, triplet, "passed", age_max);
    if (!has_passed && clients) keep_passes(store, client, passes + 1, age_max);
  }
  text_free(&value);
  return wait;
}

bool greylist_rcpt(struct session *s, const struct address *recipient, struct policy_decision *d)
{
  const char *sender = s->mail.is_null ? "" : s->mail.sender.folded.s;
  struct greylist_facts facts = { s->peer->remote_ip, sender, recipient->folded.s };
  text client = TEXT_ZERO, triplet = TEXT_ZERO, plain = TEXT_ZERO;
  bool is_postmaster = !strcmp(recipient->local, "postmaster"); /* who is held up must find an ear */
  bool is_spared = is_postmaster || *policy_bypass_recipient(s->tables, recipient) || is_whitelisted(&facts);
  struct limits *store = is_spared ? 0 : pace_store(s);
  uint64_t wait = 0;

  if (store) {
    add_network(&client, "greyclient", s->peer->remote_ip);
    add_network(&triplet, "grey", s->peer->remote_ip);
    greylist_sender(&plain, sender);
    text_add_format(&triplet, " <%s> %s", plain.s, recipient->folded.s);
    if (limits_hold(store)) wait = look_up(store, text_string(&triplet), client.s);
    if (!limits_release(store)) wait = 0; /* without a store nobody is held up */
  }
  if (wait && s->mail.is_null)
    s->pace.new_seconds = wait;
  else if (wait)
    refuse(d, recipient->shown.s, wait);
  text_free(&client);
  text_free(&triplet);
  text_free(&plain);
  return !wait || s->mail.is_null;
}

bool greylist_data(struct session *s, struct policy_decision *d)
{
  if (!s->pace.new_seconds) return true;
  refuse(d, "", s->pace.new_seconds);
  return false;
}
