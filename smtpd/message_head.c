#include <string.h>

#include "lib/conf.h"
#include "lib/envelope.h"
#include "smtpd/facts.h"
#include "smtpd/inject.h"
#include "smtpd/message.h"
#include "smtpd/received.h"
#include "smtpd/rewrite.h"

static void add_priority(text *facts, int priority)
{
  char digits[] = { '-', (char)('0' + (priority < 0 ? -priority : priority)), 0 };

  record_add(facts, "priority", priority < 0 ? digits : digits + 1);
}

/* What the client asked for with MAIL, and the message itself in its header (doc/queue.md). */
static void add_parameters(const struct session *s, bool is_tls_optional, text *facts)
{
  const struct smtpd_parameters *said = &s->mail.said;

  if (*said->body) record_add(facts, "body", said->body);
  if (s->mail.is_utf8) record_add(facts, "smtputf8", "yes");
  if (said->requires_tls) record_add(facts, "requiretls", "yes");
  if (said->envid.len) record_add(facts, "envid", said->envid.s);
  if (*said->ret) record_add(facts, "ret", said->ret);
  if (s->mail.hold_until) record_add_number(facts, "holduntil", s->mail.hold_until);
  if (!said->requires_tls && is_tls_optional) record_add(facts, "tlsoptional", "yes"); /* REQUIRETLS wins (RFC 8689 5) */
  if (said->priority != PRIORITY_NONE && said->priority) add_priority(facts, said->priority);
}

static void add_facts(const struct session *s, const struct message *m, const struct smtpd_received *r, text *facts)
{
  struct policy_facts f = session_facts(s);

  record_add(facts, "role", s->role->name);
  if (*r->ip) record_add(facts, "client", r->ip);
  record_add(facts, "helo", r->helo);
  if (s->login.len) record_add(facts, "login", s->login.s);
  if (s->login.len && s->mailbox.len) record_add(facts, "owner", s->mailbox.s);
  if (s->role->policy == POLICY_INJECT) record_add_number(facts, "uid", inject_uid(s));
  if (*r->tls) record_add(facts, "tls", r->tls);
  if (f.is_trusted) record_add(facts, "trusted", "yes");
  if (f.backend && *f.backend) record_add(facts, "backend", f.backend);
  if (s->mail.bypass && *s->mail.bypass) record_add(facts, "bypass", s->mail.bypass);
  if (m->header.message_id.len) record_add(facts, "message-id", m->header.message_id.s);
  add_parameters(s, smtpd_header_is_tls_optional(&m->header), facts);
  record_add(facts, "generation", s->tables->generation.s);
}

#define SUCCESS "success" /* stands first in notify (dsn_notify_parse) */

/* What was asked for with the RCPT that led to a destination: the records of mail.asked in their order, each up to its last. */
struct asked {
  size_t at; /* in mail.asked */
  uint64_t first, last;
  const char *notify, *orcpt;
  const char *address; /* that it was asked for */
  const char *same;    /* "": it led to destinations of its own; else to this one, which was there already */
  bool is_several;
};

static bool next_asked(const struct session *s, struct asked *w)
{
  const text *all = &s->mail.asked;
  const char *last = record_next(all, "last", &w->at);

  if (!last) return false;
  w->first = w->last;
  w->notify = record_next(all, "notify", &w->at);
  w->orcpt = record_next(all, "orcpt", &w->at);
  w->address = record_next(all, "address", &w->at);
  w->is_several = !strcmp(record_next(all, "several", &w->at), "yes");
  w->same = record_next(all, "same", &w->at);
  number_scan(last, SIZE_MAX, &w->last);
  return true;
}

static void find_asked(const struct session *s, struct asked *w, size_t index)
{
  while (index >= w->last && next_asked(s, w))
    ;
  if (index >= w->last) w->notify = w->orcpt = ""; /* nobody's, as a copy */
}

/* An address that leads to several tells of success by one report, "expanded"; they are asked for none (RFC 3461 5.2.7.3). */
static bool is_expanded(const struct session *s, const struct asked *w)
{
  return w->is_several && !strncmp(w->notify, SUCCESS, sizeof SUCCESS - 1) && !s->mail.is_null;
}

static const char *notify_of(const struct session *s, const struct asked *w)
{
  size_t length = sizeof SUCCESS - 1;

  if (!is_expanded(s, w)) return w->notify;
  return w->notify[length] == ',' ? w->notify + length + 1 : "never";
}

/* RFC 3461 5.2.1: orcpt, what the client gave, else the address that it asked for if another one stands in its place. */
static void add_original(text *facts, const struct policy_destination *one, const char *given)
{
  text original = TEXT_ZERO;

  if (*given)
    text_add(&original, given);
  else if (strcmp(one->original, one->address)) {
    text_add(&original, string_is_ascii(one->original) ? "rfc822;" : "utf-8;");
    text_add(&original, one->original);
  }
  if (original.len) record_add(facts, "orcpt", text_string(&original));
  if (strcmp(one->original, one->address)) record_add(facts, "original", one->original);
  text_free(&original);
}

/* Who another one than the client is told that the sender is; no report goes to an archive's sender (N-22, N-103). */
static void add_sender(const struct policy_destination *one, const char *rewritten, text *facts)
{
  if (one->is_copy) {
    record_add(facts, "copy", "yes");
    record_add(facts, "notify", "never");
    record_add(facts, "sender", "<>");
  } else if (*rewritten)
    record_add(facts, "sender", rewritten);
}

static void add_recipients(const struct session *s, const struct message *m, struct envelope *e)
{
  struct asked asked = { .notify = "", .orcpt = "" };
  struct policy_destination one;
  size_t at = 0, at_sender = 0;

  for (size_t i = 0; policy_destinations_next(&s->mail.destinations, &at, &one); i++) {
    find_asked(s, &asked, i);
    text facts = TEXT_ZERO;
    if (*one.mailbox) record_add(&facts, "mailbox", one.mailbox);
    if (*one.detail) record_add(&facts, "detail", one.detail);
    if (*one.bypass) record_add(&facts, "bypass", one.bypass);
    add_sender(&one, rewrite_next(&m->senders, &at_sender), &facts);
    if (!one.is_copy && *asked.notify) record_add(&facts, "notify", notify_of(s, &asked));
    if (!one.is_copy) add_original(&facts, &one, asked.orcpt);
    envelope_add_recipient(e, one.address, &facts);
    text_free(&facts);
  }
}

static void add_facts_asked(const struct asked *w, const char *notify, text *facts)
{
  record_add(facts, "notify", notify);
  if (*w->orcpt)
    record_add(facts, "orcpt", w->orcpt);
  else if (*w->same && !w->is_several) {
    text original = TEXT_ZERO;
    text_add(&original, string_is_ascii(w->address) ? "rfc822;" : "utf-8;");
    text_add(&original, w->address);
    record_add(facts, "orcpt", text_string(&original));
    text_free(&original);
  }
}

/* So that its report can tell a mailbox here from another host. */
static void add_mailbox_of(const struct envelope *e, const char *address, text *facts)
{
  for (size_t i = 0; i < e->count; i++) {
    const char *mailbox = strcmp(e->recipients[i].address, address) ? 0 : record_find(&e->recipients[i].facts, "mailbox");
    if (!mailbox) continue;
    record_add(facts, "mailbox", mailbox);
    return;
  }
}

/* Behind those who get the message: the addresses that led to several and tell of that, and those that led to one who gets it
   already and of which the sender wants to hear, too (RFC 3461 5.2.7). */
static void add_told(const struct session *s, struct envelope *e)
{
  struct asked asked = { .notify = "", .orcpt = "" };

  while (next_asked(s, &asked)) {
    bool is_all = is_expanded(s, &asked), is_same = *asked.same && !asked.is_several && *asked.notify && strcmp(asked.notify, "never");
    text facts = TEXT_ZERO;
    if (is_all || is_same) {
      record_add(&facts, is_all ? "expanded" : "same", "yes");
      if (is_same) add_mailbox_of(e, asked.same, &facts);
      add_facts_asked(&asked, is_all ? SUCCESS : asked.notify, &facts);
      envelope_add_recipient(e, is_all ? asked.address : asked.same, &facts);
    }
    text_free(&facts);
  }
}

/* The address that was asked for, if nobody else's is among the recipients: those who get a blind copy are not told to others
   (RFC 5321 7.2). */
static const char *only_recipient(const struct session *s)
{
  struct policy_destination one;
  size_t at = 0;

  return s->mail.recipients == 1 && policy_destinations_next(&s->mail.destinations, &at, &one) && !one.is_copy ? one.original : 0;
}

void message_head_add(const struct session *s, const struct message *m, text *head)
{
  struct envelope e = ENVELOPE_ZERO;
  bool is_known = s->login.len > 0;
  struct smtpd_received r = { .helo = s->helo.s,
                              .reverse = record_find(&s->check.answer, "reverse"),
                              .ip = s->peer->remote_ip,
                              .me = s->settings.me.s,
                              .tls = session_is_tls(s) ? s->tls.s : "",
                              .id = m->id.s,
                              .is_extended = s->is_extended,
                              .is_lmtp = s->role->is_lmtp,
                              .is_authenticated = is_known,
                              .is_utf8 = s->mail.is_utf8,
                              .is_hidden = is_known && conf_is_yes("hideclient", false),
                              .recipient = only_recipient(s),
                              .login = is_known && conf_is_yes("showlogin", false) ? s->login.s : 0,
                              .user = s->role->policy == POLICY_INJECT ? s->login.s : 0,
                              .uid = inject_uid(s),
                              .seconds = m->birth_seconds };

  e.birth_seconds = m->birth_seconds;
  e.next_seconds = s->mail.hold_until;
  text_copy_bytes(&e.id, m->id.s, m->id.len);
  if (!s->mail.is_null) text_copy_bytes(&e.sender, s->mail.sender.shown.s, s->mail.sender.shown.len);
  add_facts(s, m, &r, &e.facts);
  add_recipients(s, m, &e);
  add_told(s, &e);
  envelope_format(&e, head);
  smtpd_received_add(head, &r);
  text_add_text(head, &s->check.warnings);
  envelope_free(&e);
}
