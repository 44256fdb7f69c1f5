#include "send/transaction.h"

#include <errno.h>
#include <string.h>

#include "send/convert.h"
#include "send/data.h"
#include "send/parameters.h"
#include "send/recipient.h"
#include "send/session.h"

enum {
  BATCH_BYTES =
      8192, /* of commands before their replies are read: no two sides ever wait for each other (RFC 2920 3.1) */
  START_DATA = 354,
  NOT_KNOWN = 530 /* RFC 4954 6: a login is needed; RFC 3207 4: TLS is */
};

/* The commands that were said and whose replies have not been heard, in their order. */
struct pending {
  bool reset, mail, data;
  size_t first, end; /* recipients */
};

struct run {
  struct transaction *t;
  struct client *c;
  struct pending pending;
  struct outcome verdict; /* of MAIL or DATA, for all that are accepted */
  size_t accepted_count;
  bool was_used;         /* the connection */
  bool is_mail_answered, is_refused, may_send;
  bool is_again;         /* a new connection, on which something is done otherwise */
  struct sevenbit *sevenbit; /* the message is converted on its way; 0: it goes as it is */
  const char *when;
};

void send_transaction_decide(struct transaction *t, const struct outcome *o)
{
  for (size_t i = 0; i < t->count; i++)
    if (t->outcomes[i].kind == OUTCOME_OPEN) send_outcome_copy(&t->outcomes[i], o);
}

static bool is_utf8(const char *address) { return send_data_has_8bit(address, strlen(address)); }

static bool needs_utf8(const struct transaction *t)
{
  bool found = is_utf8(t->sender) || (t->is_utf8 && t->message->has_8bit_header);

  for (size_t i = 0; i < t->count && !found; i++)
    found = t->outcomes[i].kind == OUTCOME_OPEN && is_utf8(t->recipients[i]);
  return found;
}

/* RFC 6152 3: what the host does not take as it is, is converted or returned. */
static void begin_conversion(struct run *r, struct outcome *o)
{
  const char *fault;

  r->sevenbit = send_convert_open(r->t->message, &fault);
  if (fault && send_convert_is_unreadable(fault))
    send_outcome_say(o, OUTCOME_LATER, "4.3.0", fault, (char *)0);
  else if (fault)
    send_outcome_say(o, OUTCOME_NEVER, "5.6.3", "the message has 8-bit text, which the other host does not take (no 8BITMIME), and cannot be converted: ",
                     fault, (char *)0);
}

/* What needs no server: addresses that cannot be said, and what the server did not offer. */
static bool check(struct run *r)
{
  struct transaction *t = r->t;
  const struct extensions *offers = &r->c->offers;
  struct outcome o = OUTCOME_ZERO;
  bool is_open = false;

  for (size_t i = 0; i < t->count; i++)
    if (!send_recipient_is_sayable(t->recipients[i]) || !*t->recipients[i])
      send_outcome_say(&t->outcomes[i], OUTCOME_NEVER, "5.1.3", "this address cannot be used in SMTP", (char *)0);
  if (!send_recipient_is_sayable(t->sender))
    send_outcome_say(&o, OUTCOME_NEVER, "5.1.7", "the sender's address cannot be used in SMTP", (char *)0);
  else if (offers->size_max && t->message->size > offers->size_max)
    send_outcome_say(&o, OUTCOME_NEVER, "5.3.4", "the message is larger than the other host takes", (char *)0);
  else if (needs_utf8(t) && !offers->utf8)
    send_outcome_say(&o, OUTCOME_NEVER, "5.6.7",
                     "an address or the header is not ASCII, which the other host does not take (no SMTPUTF8)", (char *)0);
  else if (t->requires_tls && !send_session_suits_requiretls(r->c))
    send_outcome_say(&o, OUTCOME_NEVER, "5.7.30",
                     "its sender wants it to go only where TLS is verified all the way (REQUIRETLS), which this way is not",
                     (char *)0);
  else if (t->message->has_8bit && !offers->eightbit)
    begin_conversion(r, &o);
  if (o.kind != OUTCOME_OPEN) send_transaction_decide(t, &o);
  send_outcome_free(&o);
  for (size_t i = 0; i < t->count; i++) is_open |= t->outcomes[i].kind == OUTCOME_OPEN;
  return is_open;
}

static void say_mail(struct run *r)
{
  const struct extensions *offers = &r->c->offers;
  text *out = &r->c->out;

  text_add(out, "MAIL FROM:<");
  text_add(out, r->t->sender);
  text_add_char(out, '>');
  if (offers->size && !r->t->is_probe && !r->sevenbit) { /* what it will be as seven bits is not known yet */
    text_add(out, " SIZE=");
    text_add_number(out, r->t->message->size);
  }
  if (offers->eightbit && r->t->message->has_8bit) text_add(out, " BODY=8BITMIME");
  if (needs_utf8(r->t)) text_add(out, " SMTPUTF8");
  transaction_parameters_add(r->t, offers, out);
  text_add_bytes(out, "\r\n", 2);
  r->pending.mail = true;
}

static bool hear(struct run *r, const char *when)
{
  r->when = when;
  return send_client_hear(r->c, r->c->seconds);
}

/* The server's words are about the connection. */
static bool lose(struct run *r, const char *trouble)
{
  send_reply_clear(&r->c->reply);
  r->c->trouble = trouble;
  return false;
}

/* Out of its turn, too many messages of one connection, or it forgot us meanwhile, or our certificate (S-32): a new connection
   is another matter. */
static bool is_tired(const struct run *r)
{
  char status[REPLY_STATUS_MAX];

  if (!r->was_used) return false;
  return r->c->reply.code == 503 || r->c->reply.code == NOT_KNOWN || (r->c->reply.code >= 400 && send_reply_status(&r->c->reply, status) && !strcmp(status + 1, ".5.3"));
}

static bool hear_mail(struct run *r)
{
  if (!hear(r, "after MAIL")) return false;
  bool is_unknown = r->c->reply.code == NOT_KNOWN;
  if (is_tired(r)) return lose(r, "took no further message");
  if (r->c->reply.code / 100 == 3) return lose(r, "answered MAIL with a 3xx");
  r->is_mail_answered = true;
  if (r->c->reply.code / 100 == 2) {
    r->c->needs_reset = true;
    return true;
  }
  r->is_refused = true;
  send_outcome_take(&r->verdict, &r->c->reply, is_unknown ? "7.0" : "1.0");
  if (is_unknown && r->t->is_relay) send_outcome_defer(&r->verdict);
  return true;
}

/* False: that was no answer to RCPT. */
static bool take_recipient(struct run *r, size_t i)
{
  struct reply *reply = &r->c->reply;
  struct outcome *o = &r->t->outcomes[i];

  if (reply->code / 100 == 3) return lose(r, "answered RCPT with a 3xx");
  if (r->is_refused || o->kind != OUTCOME_OPEN) return true;
  if (reply->code / 100 == 2)
    r->accepted_count++; /* and stays open: the reply to the data decides */
  else
    send_recipient_refuse(o, reply, r->accepted_count > 0);
  return true;
}

static bool hear_recipients(struct run *r)
{
  for (; r->pending.first < r->pending.end; r->pending.first++)
    if (r->t->outcomes[r->pending.first].kind == OUTCOME_OPEN) {
      if (!hear(r, "after RCPT") || !take_recipient(r, r->pending.first)) return false;
    }
  return true;
}

static bool hear_data(struct run *r)
{
  if (!hear(r, "after DATA")) return false;
  r->may_send = r->c->reply.code == START_DATA;
  if (!r->may_send && !r->is_refused) {
    send_outcome_take(&r->verdict, &r->c->reply, "0.0");
    if (r->verdict.kind == OUTCOME_DONE) r->verdict.kind = OUTCOME_LATER; /* no data was sent, so nothing is done */
    r->is_refused = true;
    if (r->c->reply.code < 400) send_client_close(r->c); /* what it thinks that it is doing, nobody knows */
  }
  return true;
}

static bool hear_reset(struct run *r)
{
  if (!hear(r, "after RSET")) return false;
  return r->c->reply.code / 100 == 2 || lose(r, "refused RSET");
}

/* Sends what was said, and hears all replies to it. False: the connection is of no use any more. */
static bool exchange(struct run *r)
{
  struct pending *p = &r->pending;

  r->when = p->mail ? "before MAIL" : "in the middle of a transaction";
  if (r->c->out.len && !send_client_is_quiet(r->c)) return false;
  if (!send_client_flush(r->c)) return false;
  if (p->reset && !hear_reset(r)) return false;
  if (p->mail && !hear_mail(r)) return false;
  if (!hear_recipients(r)) return false;
  if (p->data && !hear_data(r)) return false;
  p->reset = p->mail = p->data = false;
  return true;
}

/* After each command: is it time to hear what the server says? */
static bool step(struct run *r)
{
  return r->c->offers.pipelining && r->c->out.len < BATCH_BYTES ? true : exchange(r);
}

static bool say_recipients(struct run *r)
{
  for (size_t i = 0; i < r->t->count && !r->is_refused; i++) {
    r->pending.end = i + 1;
    if (r->t->outcomes[i].kind != OUTCOME_OPEN) continue;
    text_add(&r->c->out, "RCPT TO:<");
    text_add(&r->c->out, r->t->recipients[i]);
    text_add_char(&r->c->out, '>');
    transaction_recipient_parameters_add(r->t, &r->c->offers, i, needs_utf8(r->t), &r->c->out);
    text_add_bytes(&r->c->out, "\r\n", 2);
    if (!step(r)) return false;
  }
  return true;
}

/* A small message whose lines are as they have to be is one chunk. It goes out together with its envelope, so that all of it costs one
   round trip (RFC 3030 4.2); where nobody is accepted it was sent in vain, which is at most 128 KiB. */
static bool is_chunk(const struct run *r)
{
  return r->c->offers.chunking && r->c->may_chunk && !r->c->is_lmtp && !r->t->is_probe && r->t->message->is_plain && r->t->message->size &&
         !r->sevenbit;
}

/* BDAT itself was not understood: what the server takes for commands by then, nobody knows. */
static bool is_no_bdat(unsigned int code) { return code >= 500 && code <= 504 && code != 503; }

static void take_chunk(struct run *r)
{
  unsigned int code = r->c->reply.code;
  bool is_for_somebody = !r->is_refused && r->accepted_count;

  r->c->needs_reset = code / 100 != 2;
  if (is_no_bdat(code) || (code == 503 && is_for_somebody)) {
    r->c->cannot_chunk = true;
    r->is_again = is_for_somebody;
    send_client_close(r->c);
  } else if (is_for_somebody)
    send_outcome_take(&r->verdict, &r->c->reply, "0.0");
  if (code / 100 == 3) send_client_close(r->c);
}

static bool send_chunk(struct run *r)
{
  struct client *c = r->c;
  struct message *m = r->t->message;

  if (r->is_refused) return exchange(r);
  if (!send_client_is_quiet(c) || !send_client_is_wanted(c)) return false;
  text_add_format(&c->out, "BDAT %zu LAST\r\n", m->bytes.len);
  struct iovec parts[2] = { { .iov_base = c->out.s, .iov_len = c->out.len }, { .iov_base = m->bytes.s, .iov_len = m->bytes.len } };
  r->when = "in the middle of the message";
  bool is_sent = send_client_send(c, parts, 2);
  text_clear(&c->out);
  if (!is_sent || !exchange(r)) return false;
  r->when = "after the message was sent, without a word about it";
  if (!send_client_hear(c, c->end_seconds)) return false;
  take_chunk(r);
  return true;
}

static bool say_envelope(struct run *r)
{
  if (r->c->needs_reset) {
    send_client_say(r->c, "RSET", "");
    r->pending.reset = true;
    r->c->needs_reset = false;
    if (!step(r)) return false;
  }
  say_mail(r);
  if (!step(r) || !say_recipients(r)) return false;
  if (!r->c->offers.pipelining && (r->is_refused || !r->accepted_count || r->t->is_probe)) return true;
  if (r->is_refused || r->t->is_probe) return exchange(r);
  if (is_chunk(r)) return send_chunk(r);
  /* RFC 2033 4.2: behind the data of nobody there is no reply, so DATA is not said before somebody is accepted. */
  if (r->c->is_lmtp) {
    if (!exchange(r)) return false;
    if (r->is_refused || !r->accepted_count) return true;
  }
  send_client_say(r->c, "DATA", "");
  r->pending.data = true;
  return exchange(r);
}

/* The message in parts, each changed as data.h says. False: the connection is of no use, or the file cannot be read. */
static bool send_parts(struct run *r, struct outcome *fault)
{
  struct data data = DATA_ZERO;
  struct message *m = r->t->message;
  struct client *c = r->c;
  bool sent = true;

  for (uint64_t at = 0; at < m->size && sent; at += m->bytes.len) {
    if (!send_convert_read(m, at)) {
      send_outcome_say(fault, OUTCOME_LATER, "4.3.0", "the queue file cannot be read: ", strerror(errno), (char *)0);
      return false;
    }
    send_convert_add(r->sevenbit, &m->bytes, &data, &c->out);
    sent = send_client_is_patient(c) && send_client_flush(c);
  }
  send_convert_end(r->sevenbit, &data, &c->out);
  return sent && send_client_is_patient(c) && send_client_flush(c);
}

static bool send_message(struct run *r, struct outcome *fault)
{
  static const char end[] = DATA_END;
  struct message *m = r->t->message;
  struct iovec parts[2] = { { .iov_base = m->bytes.s, .iov_len = m->bytes.len },
                            { .iov_base = (char *)end, .iov_len = sizeof end - 1 } };

  if (!send_client_is_patient(r->c)) return false;
  if (!r->accepted_count)
    return send_client_send(r->c, parts + 1, 1); /* DATA was said in advance, but nobody is there */
  return m->is_clean && !r->sevenbit ? send_client_send(r->c, parts, 2) : send_parts(r, fault);
}

/* RFC 2033 4.2: each of the accepted has a reply of his own. */
static bool hear_each(struct run *r)
{
  for (size_t i = 0; i < r->t->count; i++)
    if (r->t->outcomes[i].kind == OUTCOME_OPEN) {
      if (!send_client_hear(r->c, r->c->end_seconds)) return false;
      send_outcome_take(&r->t->outcomes[i], &r->c->reply, "0.0");
    }
  return true;
}

/* 250 is the server's word that it has the message; without it we keep it (check 29). */
static bool finish(struct run *r, struct outcome *fault)
{
  r->when = "in the middle of the message";
  if (!send_message(r, fault)) return false;
  r->when = "after the message was sent, without a word about it";
  if (r->c->is_lmtp ? !hear_each(r) : !send_client_hear(r->c, r->c->end_seconds)) return false;
  r->c->needs_reset = false;
  if (r->c->reply.code / 100 == 3) send_client_close(r->c); /* does it wait for more? */
  if (r->accepted_count && !r->c->is_lmtp) send_outcome_take(&r->verdict, &r->c->reply, "0.0");
  return true;
}

/* What each is to be told. False: some are to be tried again. */
static bool conclude(struct run *r, bool is_alive, struct outcome *fault)
{
  struct transaction *t = r->t;
  bool is_stale = !is_alive && r->was_used && !r->is_mail_answered;

  if (!is_alive) {
    if (fault->kind == OUTCOME_OPEN) send_client_explain(r->c, r->when, fault);
    send_client_close(r->c);
  }
  if (is_stale || r->is_again) return false;
  if (is_alive && t->is_probe && !r->is_refused) send_outcome_say(&r->verdict, OUTCOME_DONE, "2.1.5", "it would be taken", (char *)0);
  send_transaction_decide(t, is_alive ? &r->verdict : fault);
  return !is_alive || !r->accepted_count || r->is_refused || t->is_probe || !send_recipient_reopen(t->outcomes, t->count);
}

bool send_transaction_run(struct transaction *t)
{
  struct run r = { .t = t, .c = t->client, .was_used = t->client->is_used };
  struct outcome fault = OUTCOME_ZERO;
  bool is_concluded = true;

  if (check(&r)) {
    t->client->is_used = true;
    bool is_alive = say_envelope(&r) && (!r.may_send || finish(&r, &fault));
    is_concluded = conclude(&r, is_alive, &fault);
  }
  send_outcome_free(&fault);
  send_outcome_free(&r.verdict);
  send_convert_close(r.sevenbit);
  return is_concluded;
}
