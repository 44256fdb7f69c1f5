#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/srs_ask.h"
#include "smtpd/command.h"
#include "smtpd/commands.h"
#include "smtpd/facts.h"
#include "smtpd/greylist.h"
#include "smtpd/lmtp.h"
#include "smtpd/verify.h"

static void verify(void *to, const struct address *recipient, struct policy_decision *d) { verify_recipient(to, recipient, d); }

/* A member of a list who gets nothing is not told to the client: the log knows (L-22). */
static void note_skipped(void *to, unsigned int depth, const char *address, const char *what, const char *rule, const char *from)
{
  const struct session *s = to;

  if (depth && (!strcmp(what, "disabled") || !strcmp(what, "unknown") || !strcmp(what, "gone") || !strcmp(what, "loop") || !strcmp(what, "bad")))
    log_event("skipped", "what", what, "address", address, "rule", rule, "file", from, "client", s->peer->remote_ip, "generation",
              s->tables->generation.s, (char *)0);
}

/* Whose mail a postmaster without an address gets may have changed since the last message. */
static void decide(struct session *s, const struct address *recipient, struct policy_destinations *all, struct policy_decision *d)
{
  static text postmaster = TEXT_ZERO;
  struct policy_facts f = session_facts(s);
  struct policy_ask ask = { .is_full = policy_is_full, .verify = verify, .to = s };
  struct policy_trace trace = { .step = note_skipped, .to = s };

  if (!s->mail.recipients) policy_postmaster(&postmaster);
  f.postmaster = text_string(&postmaster);
  f.ask = &ask;
  f.trace = &trace;
  if (s->role->is_lmtp) lmtp_recipient_begin(s);
  if (srs_return(s->tables, &f, recipient, all, d)) return;
  policy_recipient(s->tables, &f, recipient, all, d);
}

/* Greylisting is for whom there is somebody: that is decided first, and where it leads to only counts if it passes. */
static void decide_with_greylist(struct session *s, const struct address *recipient, struct policy_decision *d)
{
  static struct policy_destinations aside = POLICY_DESTINATIONS_ZERO;

  if (!greylist_is_on(s)) {
    decide(s, recipient, &s->mail.destinations, d);
    return;
  }
  policy_destinations_clear(&aside);
  decide(s, recipient, &aside, d);
  if (policy_is_accepted(d) && greylist_rcpt(s, recipient, d)) policy_destinations_join(&s->mail.destinations, &aside);
}

static void answer(struct session *s, const struct policy_decision *d, const char *recipient)
{
  pace_delay(s);
  reply_decision(s, d);
  if (policy_is_accepted(d)) {
    s->mail.recipients++;
    if (s->role->is_lmtp) lmtp_recipient_end(s, recipient);
    return;
  }
  session_log_refused(s, d, recipient);
  s->idle++;
  pace_unknown(s, d);
}

/* Those of the destinations that this RCPT led to: up to the last one that there is now (RFC 3461 5.2.7). Some may have been there
   already: if it is no other, `same` says which. */
static void note_asked(struct session *s, const struct address *recipient, size_t before, const struct smtpd_parameters *said)
{
  const struct policy_destinations *all = &s->mail.destinations;
  size_t added = all->count - before;

  record_add_number(&s->mail.asked, "last", all->count);
  record_add(&s->mail.asked, "notify", said->notify.len ? said->notify.s : "");
  record_add(&s->mail.asked, "orcpt", said->orcpt.len ? said->orcpt.s : "");
  record_add(&s->mail.asked, "address", recipient->shown.s);
  record_add(&s->mail.asked, "several", added + all->met > 1 ? "yes" : "no");
  record_add(&s->mail.asked, "same", !added && all->met && !s->role->is_lmtp ? all->met_address.s : "");
}

void rcpt_proceed(struct session *s, const char *argument, size_t length)
{
  static struct address recipient = ADDRESS_ZERO;
  static struct smtpd_parameters said;
  static struct policy_decision decision = POLICY_DECISION_ZERO;
  enum smtpd_command_result result = smtpd_rcpt_parse(&said, &recipient, argument, length, s->extensions, s->mail.is_utf8);

  if (s->mail.chunks)
    reply_error(s, "503 5.5.1 The message has begun");
  else if (result != COMMAND_GOOD)
    reply_error(s, command_syntax_reply(result, "501 5.5.4 Say RCPT TO:<address>", "553 5.1.3 The recipient is not an address"));
  else if (s->mail.recipients >= s->settings.recipients_max)
    reply(s, "452 4.5.3 Too many recipients");
  else if (!policy_is_accepted(&s->mail.sender_decision))
    answer(s, &s->mail.sender_decision, recipient.shown.s);
  else {
    size_t before = s->mail.destinations.count;
    s->mail.destinations.met = 0;
    if (pace_rcpt(s, &decision) && session_check_client(s, &recipient, &decision) ) decide_with_greylist(s, &recipient, &decision);
    answer(s, &decision, recipient.shown.s);
    if (policy_is_accepted(&decision)) note_asked(s, &recipient, before, &said);
  }
}
