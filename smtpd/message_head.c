#include <string.h>

#include "lib/envelope.h"
#include "smtpd/message.h"
#include "smtpd/received.h"

static void add_facts(const struct session *s, const struct message *m, const struct smtpd_received *r, text *facts)
{
  record_add(facts, "role", s->role->name);
  if (*r->ip) record_add(facts, "client", r->ip);
  record_add(facts, "helo", r->helo);
  if (s->login.len) record_add(facts, "login", s->login.s);
  if (*r->tls) record_add(facts, "tls", r->tls);
  if (m->header.message_id.len) record_add(facts, "message-id", m->header.message_id.s);
  if (s->mail.body.len) record_add(facts, "body", s->mail.body.s);
  record_add(facts, "generation", s->tables->generation.s);
}

static void add_recipients(const struct session *s, struct envelope *e)
{
  struct policy_destination one;
  size_t at = 0;

  while (policy_destinations_next(&s->mail.destinations, &at, &one)) {
    text facts = TEXT_ZERO, original = TEXT_ZERO;
    if (*one.mailbox) record_add(&facts, "mailbox", one.mailbox);
    if (*one.detail) record_add(&facts, "detail", one.detail);
    if (*one.bypass) record_add(&facts, "bypass", one.bypass);
    if (strcmp(one.original, one.address)) {
      text_add(&original, "rfc822;");
      text_add(&original, one.original);
      record_add(&facts, "orcpt", text_string(&original));
    }
    envelope_add_recipient(e, one.address, &facts);
    text_free(&facts);
    text_free(&original);
  }
}

void message_head_add(const struct session *s, const struct message *m, text *head)
{
  struct envelope e = ENVELOPE_ZERO;
  struct smtpd_received r = { .helo = s->helo.s,
                              .ip = s->peer->remote_ip,
                              .me = s->settings.me.s,
                              .tls = session_is_tls(s) ? s->tls.s : "",
                              .id = m->id.s,
                              .is_extended = s->is_extended,
                              .is_lmtp = s->role->is_lmtp,
                              .is_authenticated = s->login.len > 0,
                              .seconds = m->birth_seconds };

  e.birth_seconds = m->birth_seconds;
  text_copy_bytes(&e.id, m->id.s, m->id.len);
  if (!s->mail.is_null) text_copy_bytes(&e.sender, s->mail.sender.shown.s, s->mail.sender.shown.len);
  add_facts(s, m, &r, &e.facts);
  add_recipients(s, &e);
  envelope_format(&e, head);
  smtpd_received_add(head, &r);
  envelope_free(&e);
}
