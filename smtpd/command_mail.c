#include <errno.h>
#include <string.h>

#include "lib/log.h"
#include "smtpd/command.h"
#include "smtpd/commands.h"

static const char *syntax_reply(enum smtpd_command_result result, const char *bad_syntax, const char *bad_address)
{
  switch (result) {
  case COMMAND_BAD_BYTE: return "500 5.5.2 A byte that is not printable ASCII";
  case COMMAND_BAD_ADDRESS: return bad_address;
  case COMMAND_EIGHT_BIT: return "553 5.6.7 An address with bytes that are not ASCII needs SMTPUTF8, which is not offered";
  case COMMAND_BAD_PARAMETER: return "555 5.5.4 A parameter that is not known here";
  case COMMAND_BAD_VALUE: return "501 5.5.4 A parameter with a value that cannot be";
  default: return bad_syntax;
  }
}

static struct policy_facts facts(const struct session *s)
{
  return (struct policy_facts){ .role = s->role == ROLE_MX ? POLICY_MX : POLICY_SUBMISSION,
                                .is_tls = session_is_tls(s),
                                .login = session_login(s),
                                .mailbox = s->login.len ? s->mailbox.s : 0,
                                .me = s->settings.me.s,
                                .postmaster = "" };
}

static void log_refused(struct session *s, const struct policy_decision *d, const char *recipient)
{
  text answer = TEXT_ZERO;

  text_add_number(&answer, d->code);
  text_add_char(&answer, ' ');
  text_add(&answer, d->status);
  log_event("refused", "rule", d->rule, "file", d->from.s, "reply", text_string(&answer), "from",
            s->mail.has_sender ? s->mail.is_null ? "<>" : s->mail.sender.shown.s : "", "to", recipient, "client",
            s->peer->remote_ip, "helo", s->helo.s, "login", session_login(s), "generation", s->tables->generation.s,
            (char *)0);
  text_free(&answer);
}

static bool check_size(struct session *s, const struct smtpd_mail *m)
{
  if (!m->has_size || !s->settings.size_max || m->size_bytes <= s->settings.size_max) return true;
  reply(s, "552 5.3.4 Message too big");
  log_event("refused", "rule", "databytes", "file", "control/databytes", "reply", "552 5.3.4", "client",
            s->peer->remote_ip, "helo", s->helo.s, "login", session_login(s), (char *)0);
  return false;
}

/* The tables of this transaction: a change is seen by the next MAIL, also in an open session (T17). */
static bool open_tables(struct session *s)
{
  if (tables_open(s->tables, "policy")) return true;
  log_event("tables", "file", "tables/current/policy.cdb", "error", strerror(errno), (char *)0);
  reply(s, "451 4.3.0 The address tables cannot be read");
  return false;
}

static void begin(struct session *s, const struct smtpd_mail *m, const struct policy_facts *f)
{
  struct policy_facts known = *f;

  known.enforce_sender = f->login && policy_enforce_sender();
  s->mail.has_sender = true;
  s->mail.is_null = m->is_null;
  text_copy(&s->mail.body, m->body);
  text_string(&s->mail.body);
  policy_sender(s->tables, &known, m->is_null ? 0 : &s->mail.sender, &s->mail.sender_decision);
  reply(s, "250 2.1.0 Ok");
}

void mail_proceed(struct session *s, const char *argument, size_t length)
{
  struct policy_facts f = facts(s);
  struct policy_decision *d = &s->mail.sender_decision;
  struct smtpd_mail m;

  if (s->mail.has_sender) {
    reply_error(s, "503 5.5.1 There is a sender already");
    return;
  }
  policy_client(&f, d);
  if (!policy_is_accepted(d)) {
    reply_decision(s, d);
    log_refused(s, d, 0);
    reply_count_error(s);
    return;
  }
  enum smtpd_command_result result = smtpd_mail_parse(&m, &s->mail.sender, argument, length);
  if (result == COMMAND_GOOD && m.has_auth && !session_offers_auth(s)) result = COMMAND_BAD_PARAMETER;
  if (result != COMMAND_GOOD)
    reply_error(s, syntax_reply(result, "501 5.5.4 Say MAIL FROM:<address>", "553 5.1.7 The sender is not an address"));
  else if (check_size(s, &m) && open_tables(s))
    begin(s, &m, &f);
}

/* Whose mail a postmaster without an address gets is read only when somebody writes to one. */
static void decide(struct session *s, const struct address *recipient, struct policy_decision *d)
{
  struct policy_facts f = facts(s);
  text postmaster = TEXT_ZERO;

  if (!strcmp(recipient->local, "postmaster")) {
    policy_postmaster(&postmaster);
    f.postmaster = postmaster.s;
  }
  policy_recipient(s->tables, &f, recipient, &s->mail.destinations, d);
  text_free(&postmaster);
}

static void answer(struct session *s, const struct policy_decision *d, const char *recipient)
{
  reply_decision(s, d);
  if (policy_is_accepted(d)) {
    s->mail.recipients++;
    return;
  }
  log_refused(s, d, recipient);
  s->idle++;
}

void rcpt_proceed(struct session *s, const char *argument, size_t length)
{
  static struct address recipient = ADDRESS_ZERO;
  static struct policy_decision decision = POLICY_DECISION_ZERO;
  enum smtpd_command_result result = smtpd_rcpt_parse(&recipient, argument, length);

  if (result != COMMAND_GOOD)
    reply_error(s, syntax_reply(result, "501 5.5.4 Say RCPT TO:<address>", "553 5.1.3 The recipient is not an address"));
  else if (s->mail.recipients >= s->settings.recipients_max)
    reply(s, "452 4.5.3 Too many recipients");
  else if (!policy_is_accepted(&s->mail.sender_decision))
    answer(s, &s->mail.sender_decision, recipient.shown.s);
  else {
    decide(s, &recipient, &decision);
    answer(s, &decision, recipient.shown.s);
  }
}
