#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/log.h"
#include "smtpd/client_check.h"
#include "smtpd/commands.h"
#include "smtpd/rbl.h"

enum choice { CHOICE_OFF, CHOICE_DEFER, CHOICE_REJECT, CHOICE_SYNTAX, CHOICE_KNOWN };

struct choices {
  enum choice reverse, helo;
  bool has_lists;
};

/* One word of those that are allowed. */
static enum choice read_choice(const char *file, text *value, const char *const *words, const enum choice *choices)
{
  size_t i = 0;

  while (words[i] && !text_is(value, words[i])) i++;
  if (!words[i]) die_permanent("control/", file, ": not one of its words (doc/conf.md): ", text_string(value));
  return choices[i];
}

static struct choices read_choices(void)
{
  static const char *const reverse[] = { "off", "defer", "reject", 0 }, *const helo[] = { "off", "syntax", "known", 0 };
  static const enum choice reverse_choices[] = { CHOICE_OFF, CHOICE_DEFER, CHOICE_REJECT };
  static const enum choice helo_choices[] = { CHOICE_OFF, CHOICE_SYNTAX, CHOICE_KNOWN };
  text value = TEXT_ZERO;
  struct choices c;

  conf_value("reversecheck", &value, "off");
  c.reverse = read_choice("reversecheck", &value, reverse, reverse_choices);
  conf_value("helocheck", &value, "off");
  c.helo = read_choice("helocheck", &value, helo, helo_choices);
  c.has_lists = conf_lines("rbllist", &value) && value.len;
  text_free(&value);
  return c;
}

void client_check_settings(void)
{
  text lines = TEXT_ZERO;
  const char *error = "";
  struct rbl r;

  read_choices();
  conf_lines("rbllist", &lines);
  for (size_t at = 0, length; at < lines.len; at += length + 1) {
    length = strlen(lines.s + at);
    if (!rbl_parse(&r, lines.s + at, &error)) die_permanent("control/rbllist: ", lines.s + at, ": ", error);
  }
  text_free(&lines);
}

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void note_missing(const struct session *s)
{
  log_event("unchecked", "reason", strerror(errno), "client", s->peer->remote_ip, (char *)0);
}

static bool is_literal(const struct session *s) { return domain_literal_check(s->helo.s, s->helo.len); }

static void ask(struct session *s, const struct choices *c)
{
  struct client_check *check = &s->check;
  text request = TEXT_ZERO;

  record_add(&request, "what", "client");
  record_add(&request, "ip", s->peer->remote_ip);
  if (c->reverse != CHOICE_OFF) record_add(&request, "reverse", "yes");
  if (c->helo == CHOICE_KNOWN && !is_literal(s)) record_add(&request, "helo", s->helo.s);
  check->until_ms = now_ms() + ((int64_t)conf_number("rbltimeout", 5, 60) + 1) * 1000;
  check->call = call_open_now("client-check");
  if (check->call == -1 || !call_send(check->call, &request, 0, 0)) note_missing(s);
  text_free(&request);
}

void client_check_begin(struct session *s)
{
  struct client_check *check = &s->check;

  if (check->call != -1) close(check->call);
  check->call = -1;
  check->is_asked = check->is_decided = false;
  text_clear(&check->answer);
  text_clear(&check->warnings);
  if (s->role->policy != POLICY_MX || !s->peer->is_tcp || pace_is_trusted(s)) return;
  struct choices c = read_choices();
  check->is_asked = c.reverse != CHOICE_OFF || c.helo != CHOICE_OFF || c.has_lists;
  if (c.reverse != CHOICE_OFF || (c.helo == CHOICE_KNOWN && !is_literal(s)) || c.has_lists) ask(s, &c);
}

static void take_answer(struct session *s)
{
  struct client_check *check = &s->check;
  int64_t left_ms = check->until_ms - now_ms();

  if (check->call == -1) return;
  errno = ECONNRESET;
  if (call_receive(check->call, &check->answer, 0, left_ms > 1000 ? (unsigned int)(left_ms / 1000) : 1) != CALL_DONE) {
    note_missing(s);
    text_clear(&check->answer);
  }
  close(check->call);
  check->call = -1;
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

static void refuse_listed(struct session *s, const struct rbl *r, const char *why)
{
  struct policy_decision *d = &s->check.decision;
  bool is_reject = r->action == RBL_REJECT;

  policy_decide(d, is_reject ? 554 : 450, is_reject ? "5.7.1" : "4.7.1", "rbl", "control/rbllist");
  text_add_format(&d->text, "Service unavailable; Client host [%s] blocked using %s", s->peer->remote_ip, r->zone);
  if (*why) text_add_format(&d->text, "; %s", why);
  text_string(&d->text);
}

/* The lists in the order of the file: the first that refuses decides, unless one accepts. */
static void decide_lists(struct session *s)
{
  struct client_check *check = &s->check;
  bool is_accepted = false, is_refused = false;
  const char *error = "", *found;
  text lines = TEXT_ZERO;
  struct rbl r;

  conf_lines("rbllist", &lines);
  for (size_t at = 0, length; at < lines.len; at += length + 1) {
    length = strlen(lines.s + at);
    if (!rbl_parse(&r, lines.s + at, &error)) die_permanent("control/rbllist: ", lines.s + at, ": ", error);
    if (!(found = find_listing(&check->answer, &r))) continue;
    if (*r.text) found = r.text;
    if (r.action == RBL_ADDHEADER)
      text_add_format(&check->warnings, "X-RBL-Warning: (%s) %s\r\n", r.zone, found);
    else if (r.action == RBL_ACCEPT)
      is_accepted = true;
    else if (!is_refused) {
      refuse_listed(s, &r, found);
      is_refused = true;
    }
  }
  if (is_accepted) policy_decide(&check->decision, 250, "2.1.5", "rbl", "control/rbllist");
  text_free(&lines);
}

/* RFC 7372 3.3: X.7.25. Only what DNS is sure about counts. */
static void decide_reverse(struct session *s, enum choice choice)
{
  struct policy_decision *d = &s->check.decision;
  const char *name = record_find(&s->check.answer, "reverse");

  if (choice == CHOICE_OFF || !name || *name) return;
  bool is_reject = choice == CHOICE_REJECT;
  policy_decide(d, is_reject ? 550 : 450, is_reject ? "5.7.25" : "4.7.25", "reverse", "control/reversecheck");
  text_add_format(&d->text, "Client host rejected: cannot find your reverse hostname, [%s]", s->peer->remote_ip);
  text_string(&d->text);
}

static void decide_helo(struct session *s, enum choice choice)
{
  struct policy_decision *d = &s->check.decision;
  const char *why = 0;

  if (choice == CHOICE_OFF || is_literal(s)) return;
  if (!domain_check(s->helo.s, s->helo.len) || !memchr(s->helo.s, '.', s->helo.len))
    why = "need fully-qualified hostname";
  else if (choice == CHOICE_KNOWN && record_is(&s->check.answer, "helo", "unknown"))
    why = "Host not found";
  if (!why) return;
  policy_decide(d, 550, "5.7.1", "helo", "control/helocheck");
  text_add(&d->text, "Helo command rejected: ");
  text_add(&d->text, why);
  text_string(&d->text);
}

static void decide(struct session *s)
{
  struct policy_decision *d = &s->check.decision;
  struct choices c = read_choices();

  take_answer(s);
  policy_decide(d, 250, "2.1.5", "client", "");
  decide_lists(s);
  if (policy_is_accepted(d)) decide_reverse(s, c.reverse);
  if (policy_is_accepted(d)) decide_helo(s, c.helo);
  s->check.is_decided = true;
}

static bool is_spared(struct session *s, const struct address *recipient)
{
  struct policy_facts f = session_facts(s);

  return f.is_trusted || f.login || (f.backend && *f.backend) || *s->mail.bypass ||
         *policy_bypass_recipient(s->tables, recipient);
}

bool session_check_client(struct session *s, const struct address *recipient, struct policy_decision *d)
{
  const struct policy_decision *made = &s->check.decision;

  if (!s->check.is_asked || is_spared(s, recipient)) return true;
  if (!s->check.is_decided) decide(s);
  if (policy_is_accepted(made)) return true;
  policy_decide(d, made->code, made->status, made->rule, made->from.s);
  text_add_text(&d->text, &made->text);
  text_string(&d->text);
  return false;
}
