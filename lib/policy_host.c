#include "lib/policy_host.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/rbl.h"

/* One word of those that are allowed. */
static enum policy_host_choice read_choice(const char *file, text *value, const char *const *words, const enum policy_host_choice *choices)
{
  size_t i = 0;

  while (words[i] && !text_is(value, words[i])) i++;
  if (!words[i]) die_permanent("control/", file, ": not one of its words (doc/conf.md): ", text_string(value));
  return choices[i];
}

struct policy_host_choices policy_host_choices(void)
{
  static const char *const reverse[] = { "off", "defer", "reject", 0 }, *const helo[] = { "off", "syntax", "known", 0 };
  static const enum policy_host_choice reverse_choices[] = { POLICY_HOST_OFF, POLICY_HOST_DEFER, POLICY_HOST_REJECT };
  static const enum policy_host_choice helo_choices[] = { POLICY_HOST_OFF, POLICY_HOST_SYNTAX, POLICY_HOST_KNOWN };
  text value = TEXT_ZERO;
  struct policy_host_choices c;

  conf_value("reversecheck", &value, "off");
  c.reverse = read_choice("reversecheck", &value, reverse, reverse_choices);
  conf_value("helocheck", &value, "off");
  c.helo = read_choice("helocheck", &value, helo, helo_choices);
  c.has_lists = conf_lines("rbllist", &value) && value.len;
  text_free(&value);
  return c;
}

void policy_host_settings(void)
{
  text lines = TEXT_ZERO;
  const char *error = "";
  struct rbl r;

  policy_host_choices();
  conf_lines("rbllist", &lines);
  for (size_t at = 0, length; at < lines.len; at += length + 1) {
    length = strlen(lines.s + at);
    if (!rbl_parse(&r, lines.s + at, &error)) die_permanent("control/rbllist: ", lines.s + at, ": ", error);
  }
  text_free(&lines);
}

/* What the zone said, if one of its answers counts: "ZONE ADDRESS TEXT". */
static const char *find_listing(const text *answer, const struct rbl *r)
{
  size_t length = strlen(r->zone), at = 0;
  char address[46];

  for (const char *one; (one = record_next(answer, "listed", &at));) {
    if (strncmp(one, r->zone, length) || one[length] != ' ') continue;
    const char *ip = one + length + 1;
    size_t ip_length = strcspn(ip, " ");
    if (ip_length >= sizeof address) continue;
    memcpy(address, ip, ip_length);
    address[ip_length] = 0;
    if (rbl_matches(r, address)) return ip[ip_length] ? ip + ip_length + 1 : "";
  }
  return 0;
}

static void refuse_listed(const struct policy_host *h, const struct rbl *r, const char *why, struct policy_decision *d)
{
  bool is_reject = r->action == RBL_REJECT;

  policy_decide(d, is_reject ? 554 : 450, is_reject ? "5.7.1" : "4.7.1", "rbl", "control/rbllist");
  text_add_format(&d->text, "Service unavailable; Client host [%s] blocked using %s", h->ip, r->zone);
  if (*why) text_add_format(&d->text, "; %s", why);
  text_string(&d->text);
}

/* The lists in the order of the file: the first that refuses decides, unless one accepts. */
static void decide_lists(const struct policy_host *h, struct policy_decision *d, text *warnings)
{
  bool is_accepted = false, is_refused = false;
  const char *error = "", *found;
  text lines = TEXT_ZERO;
  struct rbl r;

  conf_lines("rbllist", &lines);
  for (size_t at = 0, length; at < lines.len; at += length + 1) {
    length = strlen(lines.s + at);
    if (!rbl_parse(&r, lines.s + at, &error)) die_permanent("control/rbllist: ", lines.s + at, ": ", error);
    if (!(found = find_listing(h->answer, &r))) continue;
    if (*r.text) found = r.text;
    if (r.action == RBL_ADDHEADER)
      text_add_format(warnings, "X-RBL-Warning: (%s) %s\r\n", r.zone, found);
    else if (r.action == RBL_ACCEPT)
      is_accepted = true;
    else if (!is_refused) {
      refuse_listed(h, &r, found, d);
      is_refused = true;
    }
  }
  if (is_accepted) policy_decide(d, 250, "2.1.5", "rbl", "control/rbllist");
  text_free(&lines);
}

/* RFC 7372 3.3: X.7.25. Only what DNS is sure about counts. */
static void decide_reverse(const struct policy_host *h, enum policy_host_choice choice, struct policy_decision *d)
{
  const char *name = record_find(h->answer, "reverse");

  if (choice == POLICY_HOST_OFF || !name || *name) return;
  bool is_reject = choice == POLICY_HOST_REJECT;
  policy_decide(d, is_reject ? 550 : 450, is_reject ? "5.7.25" : "4.7.25", "reverse", "control/reversecheck");
  text_add_format(&d->text, "Client host rejected: cannot find your reverse hostname, [%s]", h->ip);
  text_string(&d->text);
}

static void decide_helo(const struct policy_host *h, enum policy_host_choice choice, struct policy_decision *d)
{
  const char *why = 0;

  if (choice == POLICY_HOST_OFF || domain_literal_check(h->helo, strlen(h->helo))) return;
  if (!domain_check(h->helo, strlen(h->helo)) || !memchr(h->helo, '.', strlen(h->helo)))
    why = "need fully-qualified hostname";
  else if (choice == POLICY_HOST_KNOWN && record_is(h->answer, "helo", "unknown"))
    why = "Host not found";
  if (!why) return;
  policy_decide(d, 550, "5.7.1", "helo", "control/helocheck");
  text_add(&d->text, "Helo command rejected: ");
  text_add(&d->text, why);
  text_string(&d->text);
}

void policy_host(const struct policy_host *h, struct policy_decision *d, text *warnings)
{
  struct policy_host_choices c = policy_host_choices();

  policy_decide(d, 250, "2.1.5", "client", "");
  decide_lists(h, d, warnings);
  if (policy_is_accepted(d)) decide_reverse(h, c.reverse, d);
  if (policy_is_accepted(d)) decide_helo(h, c.helo, d);
}

bool policy_host_is_spared(struct tables *tables, const struct policy_facts *facts, const char *bypass, const struct address *recipient)
{
  return !policy_is_stranger(facts) || *bypass || *policy_bypass_recipient(tables, recipient);
}
