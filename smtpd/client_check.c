#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/policy_host.h"
#include "smtpd/client_check.h"
#include "smtpd/facts.h"

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

static void ask(struct session *s, const struct policy_host_choices *c)
{
  struct client_check *check = &s->check;
  text request = TEXT_ZERO;

  record_add(&request, "what", "client");
  record_add(&request, "ip", s->peer->remote_ip);
  if (c->reverse != POLICY_HOST_OFF) record_add(&request, "reverse", "yes");
  if (c->helo == POLICY_HOST_KNOWN && !is_literal(s)) record_add(&request, "helo", s->helo.s);
  check->until_ms = now_ms() + ((int64_t)conf_number("rbltimeout", 5, 60) + 1) * 1000;
  check->call = call_open_now("client-check");
  if (check->call == -1 || !call_send(check->call, &request, 0, 0)) note_missing(s);
  text_free(&request);
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

/* Is this another client than the one that was asked about, or does it call itself otherwise? */
static bool is_new(const struct session *s, text *who)
{
  text now = TEXT_ZERO;

  text_add_format(&now, "%s %s", s->peer->remote_ip, s->helo.s);
  bool differs = !text_is(who, text_string(&now));
  text_copy(who, now.s);
  text_free(&now);
  return differs;
}

void client_check_begin(struct session *s)
{
  struct client_check *check = &s->check;

  if (!is_new(s, &check->who)) return;
  take_answer(s); /* one question at a time: else a client with many names could take all of client-check's sessions */
  check->is_asked = check->is_decided = false;
  text_clear(&check->answer);
  text_clear(&check->warnings);
  if (s->role->policy != POLICY_MX || !s->peer->is_tcp || s->mail.standing.is_trusted) return;
  struct policy_host_choices c = policy_host_choices();
  check->is_asked = c.reverse != POLICY_HOST_OFF || c.helo != POLICY_HOST_OFF || c.has_lists;
  if (c.reverse != POLICY_HOST_OFF || (c.helo == POLICY_HOST_KNOWN && !is_literal(s)) || c.has_lists) ask(s, &c);
}

static void decide(struct session *s)
{
  struct policy_host host = { .ip = s->peer->remote_ip, .helo = s->helo.s, .answer = &s->check.answer };

  take_answer(s);
  policy_host(&host, &s->check.decision, &s->check.warnings);
  s->check.is_decided = true;
}

static bool is_spared(struct session *s, const struct address *recipient)
{
  struct policy_facts f = session_facts(s);
  return policy_host_is_spared(s->tables, &f, s->mail.bypass, recipient);
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
