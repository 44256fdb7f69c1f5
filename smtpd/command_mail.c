#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "smtpd/command.h"
#include "smtpd/commands.h"
#include "smtpd/extension.h"
#include "smtpd/facts.h"
#include "smtpd/inject.h"

static bool check_size(struct session *s, const struct smtpd_parameters *m)
{
  if (!m->has_size || !s->settings.size_max || m->size_bytes <= s->settings.size_max) return true;
  reply(s, "552 5.3.4 Message too big");
  log_event("refused", "rule", "databytes", "file", "control/databytes", "reply", "552 5.3.4", "client",
            s->peer->remote_ip, "helo", s->helo.s, "login", session_login(s), (char *)0);
  return false;
}

/* RFC 8689 4.1: asked for in clear it is refused. */
static bool check_tls(struct session *s, const struct smtpd_parameters *m)
{
  if (!m->requires_tls || session_is_tls(s)) return true;
  reply_error(s, "530 5.7.10 REQUIRETLS needs an encrypted session");
  return false;
}

/* RFC 4865 4.2: at most as far ahead as was offered, and ahead. */
static bool check_hold(struct session *s, const struct smtpd_parameters *m)
{
  uint64_t now = (uint64_t)time(0), until = m->hold_seconds + (m->hold == HOLD_FOR ? now : 0);

  s->mail.hold_until = 0;
  if (m->hold == HOLD_NOT) return true;
  if (until < now || until - now > session_hold_max()) {
    reply_error(s, "554 5.5.4 The message cannot be held until then");
    return false;
  }
  s->mail.hold_until = until;
  return true;
}

/* The tables of this transaction: a change is seen by the next MAIL, also in an open session (T17). */
static bool open_tables(struct session *s)
{
  if (tables_open(s->tables, "policy")) return true;
  log_event("tables", "file", "tables/current/policy.cdb", "error", strerror(errno), (char *)0);
  reply(s, "451 4.3.0 The address tables cannot be read");
  return false;
}

static void begin(struct session *s, const struct smtpd_parameters *m, struct policy_facts *f)
{
  const struct address *sender = m->is_null ? 0 : &s->mail.sender;

  f->enforce_sender = f->login && policy_enforce_sender();
  f->is_directory_old = f->login && policy_directory_is_old();
  f->spoof_mx = f->role == POLICY_MX && policy_spoof_mx();
  if (s->role->policy == POLICY_INJECT) inject_facts(s, sender, f);
  s->mail.has_sender = true;
  s->mail.is_null = m->is_null;
  s->mail.is_utf8 = m->is_utf8;
  s->mail.bypass = policy_bypass(s->tables, f, sender);
  if (!pace_mail(s)) {
    session_reset(s);
    return;
  }
  policy_sender(s->tables, f, sender, &s->mail.sender_decision);
  reply(s, "250 2.1.0 Ok");
}

/* May this client begin at all? Who it is, the tables of this transaction say. */
static bool check_client(struct session *s, struct policy_facts *f)
{
  struct policy_decision *d = &s->mail.sender_decision;

  if (!policy_know_client(s->tables, f, &s->mail.standing)) {
    reply(s, "451 4.3.0 The address tables cannot be read");
    return false;
  }
  bool is_backend = s->mail.standing.backend.len > 0;
  if (s->was_backend && !is_backend) { /* S-32: its next certificate is in use by now, if it connects again */
    reply_last(s, "421 4.7.0 Your certificate is not known here any more: connect again");
    return false;
  }
  s->was_backend = is_backend && s->certificate.fingerprint.len;
  policy_client(f, d);
  if (policy_is_accepted(d)) return true;
  reply_decision(s, d);
  session_log_refused(s, d, 0);
  reply_count_error(s);
  return false;
}

void mail_proceed(struct session *s, const char *argument, size_t length)
{
  struct policy_facts f = session_facts(s);
  struct smtpd_parameters *m = &s->mail.said;

  if (s->mail.has_sender) {
    reply_error(s, "503 5.5.1 There is a sender already");
    return;
  }
  if (s->role->auth == ROLE_AUTH_ON_THIS_HOST && !peer_is_this_host(s->peer)) { /* N-115 */
    reply_error(s, "550 5.7.1 This port serves programs of this host only");
    return;
  }
  if (!open_tables(s) || !check_client(s, &f)) return;
  unsigned int extensions = s->extensions | (s->role->extensions & EXTENSION_REQUIRETLS);
  enum smtpd_command_result result = smtpd_mail_parse(m, &s->mail.sender, argument, length, extensions);
  if (result != COMMAND_GOOD)
    reply_error(s, command_syntax_reply(result, "501 5.5.4 Say MAIL FROM:<address>", "553 5.1.7 The sender is not an address"));
  else if (check_tls(s, m) && check_size(s, m) && check_hold(s, m))
    begin(s, m, &f);
}
