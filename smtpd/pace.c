#include "smtpd/pace.h"

#include <poll.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/log.h"
#include "smtpd/facts.h"
#include "smtpd/greylist.h"

enum { DELAY_MAX_SECONDS = 60 };

struct limits *pace_store(struct session *s)
{
  static const char *const users[] = { [POLICY_MX] = "mail-in", [POLICY_SUBMISSION] = "mail-submit", [POLICY_LMTP] = "mail-lmtp",
                                       [POLICY_INJECT] = "mail-inject" };

  if (!s->pace.tried_store) {
    s->pace.tried_store = true;
    s->pace.store = limits_open(users[s->role->policy]);
  }
  return s->pace.store;
}

/* A stranger: not one of our users, not one of our networks. */
static bool is_stranger(const struct session *s)
{
  struct policy_facts f = session_facts(s);

  f.backend = s->mail.standing.backend.s; /* known from the session's start */
  return s->role->policy != POLICY_LMTP && policy_is_stranger(&f);
}

/* Who speaks before the banner does not listen to the answers either. */
static bool is_early(struct session *s)
{
  struct pollfd client = { .fd = 0, .events = POLLIN };
  uint64_t seconds = s->role->policy == POLICY_MX ? conf_number("greetdelay", 0, DELAY_MAX_SECONDS) : 0;

  if (!seconds || peer_is_this_host(s->peer) || !is_stranger(s)) return false;
  return poll(&client, 1, (int)seconds * 1000) > 0;
}

bool pace_begin(struct session *s)
{
  static struct policy_decision d = POLICY_DECISION_ZERO;

  if (is_early(s)) {
    log_event("refused", "rule", "greetdelay", "file", "control/greetdelay", "reply", "554 5.5.1", "client", s->peer->remote_ip, (char *)0);
    reply_last(s, "554 5.5.1 You speak before you are greeted");
  } else if (!pace_rate_connection(s, RATES_CLIENT, &d)) {
    text answer = TEXT_ZERO;
    text_add_format(&answer, "421 %s %s", d.status, d.text.s);
    session_log_refused(s, &d, 0);
    reply_last(s, text_string(&answer));
    text_free(&answer);
  } else
    return true;
  reply_flush(s);
  return false;
}

static void refuse(struct session *s, const struct policy_decision *d)
{
  reply_decision(s, d);
  session_log_refused(s, d, 0);
  s->idle++;
}

bool pace_mail(struct session *s)
{
  static struct policy_decision d = POLICY_DECISION_ZERO;

  if (s->login.len && !s->pace.counted_login) {
    if (!pace_rate_connection(s, RATES_LOGIN, &d)) {
      refuse(s, &d);
      return false;
    }
    s->pace.counted_login = true;
  }
  if (pace_rate_look(s, RATES_MESSAGES, 1, &d)) return true;
  refuse(s, &d);
  return false;
}

bool pace_rcpt(struct session *s, struct policy_decision *d)
{
  s->pace.recipients++;
  return pace_rate_look(s, RATES_RECIPIENTS, s->mail.recipients + 1, d);
}

static void read_tarpit(struct session *s)
{
  if (s->pace.read_tarpit) return;
  s->pace.read_tarpit = true;
  s->pace.tarpit_count = conf_number("tarpitcount", 0, UINT32_MAX);
  if (s->pace.tarpit_count) s->pace.tarpit_seconds = conf_number("tarpitdelay", 5, DELAY_MAX_SECONDS);
}

void pace_delay(struct session *s)
{
  read_tarpit(s);
  if (!s->pace.tarpit_count || s->pace.recipients < s->pace.tarpit_count || !is_stranger(s)) return;
  reply_flush(s);
  poll(0, 0, (int)s->pace.tarpit_seconds * 1000); /* SIGTERM ends it */
}

void pace_unknown(struct session *s, const struct policy_decision *d)
{
  if (d->code != 550 || strcmp(d->status, "5.1.1")) return;
  if (!s->pace.read_unknown) s->pace.unknown_max = conf_number("unknownmax", 50, UINT32_MAX);
  s->pace.read_unknown = true;
  if (!s->pace.unknown_max || ++s->pace.unknown < s->pace.unknown_max || !is_stranger(s)) return;
  log_event("refused", "rule", "unknownmax", "file", "control/unknownmax", "reply", "421 4.7.0", "client", s->peer->remote_ip, "helo",
            s->helo.s, (char *)0);
  reply_last(s, "421 4.7.0 Too many unknown recipients");
}

const char *pace_data(struct session *s)
{
  static struct policy_decision d = POLICY_DECISION_ZERO;
  static text answer = TEXT_ZERO;

  s->pace.has_taken = greylist_data(s, &d) && pace_rate_message(s, &d);
  if (s->pace.has_taken) return 0;
  session_log_refused(s, &d, 0);
  s->idle++;
  text_clear(&answer);
  text_add_format(&answer, "%u %s %s", d.code, d.status, d.text.s);
  return text_string(&answer);
}

void pace_accepted(struct session *s) { s->pace.has_taken = false; }

void pace_reset(struct session *s)
{
  if (s->pace.has_taken) pace_rate_give(s);
  s->pace.has_taken = false;
  s->pace.new_seconds = 0;
}

void pace_forget(struct session *s)
{
  s->pace.counted_login = false;
  s->pace.recipients = s->pace.unknown = 0;
}
