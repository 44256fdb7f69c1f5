#include <string.h>

#include "smtpd/command.h"
#include "smtpd/commands.h"
#include "smtpd/lmtp.h"

/* Whose mail a postmaster without an address gets is read only when somebody writes to one. */
static void decide(struct session *s, const struct address *recipient, struct policy_decision *d)
{
  struct policy_facts f = session_facts(s);
  text postmaster = TEXT_ZERO;

  if (!strcmp(recipient->local, "postmaster")) {
    policy_postmaster(&postmaster);
    f.postmaster = postmaster.s;
  }
  if (s->role->is_lmtp) lmtp_recipient_begin(s);
  policy_recipient(s->tables, &f, recipient, &s->mail.destinations, d);
  text_free(&postmaster);
}

static void answer(struct session *s, const struct policy_decision *d, const char *recipient)
{
  reply_decision(s, d);
  if (policy_is_accepted(d)) {
    s->mail.recipients++;
    if (s->role->is_lmtp) lmtp_recipient_end(s, recipient);
    return;
  }
  session_log_refused(s, d, recipient);
  s->idle++;
}

void rcpt_proceed(struct session *s, const char *argument, size_t length)
{
  static struct address recipient = ADDRESS_ZERO;
  static struct policy_decision decision = POLICY_DECISION_ZERO;
  enum smtpd_command_result result = smtpd_rcpt_parse(&recipient, argument, length);

  if (result != COMMAND_GOOD)
    reply_error(s, command_syntax_reply(result, "501 5.5.4 Say RCPT TO:<address>", "553 5.1.3 The recipient is not an address"));
  else if (s->mail.recipients >= s->settings.recipients_max)
    reply(s, "452 4.5.3 Too many recipients");
  else if (!policy_is_accepted(&s->mail.sender_decision))
    answer(s, &s->mail.sender_decision, recipient.shown.s);
  else {
    decide(s, &recipient, &decision);
    answer(s, &decision, recipient.shown.s);
  }
}
