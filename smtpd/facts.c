#include "lib/log.h"
#include "smtpd/commands.h"
#include "smtpd/facts.h"

bool session_know_client(struct session *s)
{
  struct policy_facts f = session_facts(s);

  return tables_open(s->tables, "policy") && policy_know_client(s->tables, &f, &s->mail.standing);
}

struct policy_facts session_facts(const struct session *s)
{
  return (struct policy_facts){ .role = s->role->policy,
                                .is_tls = session_is_private(s),
                                .is_trusted = s->mail.standing.is_trusted,
                                .ip = s->peer->remote_ip,
                                .helo = s->helo.s,
                                .fingerprint = s->certificate.fingerprint.s,
                                .backend = s->mail.has_sender ? s->mail.standing.backend.s : s->backend.s,
                                .login = session_login(s),
                                .mailbox = s->mailbox.len ? s->mailbox.s : 0,
                                .delimiter = s->settings.delimiter,
                                .sender = s->mail.has_sender && !s->mail.is_null ? &s->mail.sender : 0,
                                .me = s->settings.me.s,
                                .postmaster = "" };
}

void session_log_refused(struct session *s, const struct policy_decision *d, const char *recipient)
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
