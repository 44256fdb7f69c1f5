/* smtp-send: brings messages to one other host by SMTP.

   Serves calls on run/smtp-send: first the hop, then a packet for each message, each answered with the outcome of its
   recipients (doc/calls.md). The connection to the other host is kept from one message to the next. Runs as
   mail-remote; writes no file. */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/conf_known.h"
#include "lib/die.h"
#include "lib/dns.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "lib/user.h"
#include "send/hop.h"
#include "send/probe.h"
#include "send/session.h"
#include "send/transaction.h"

enum {
  CONNECTIONS = 10000,
  CONNECTION_BYTES = 256 << 20,
  HOP_SECONDS = 30,     /* for the caller to name the hop */
  RECIPIENTS_MAX = 100, /* a packet; every server takes so many (RFC 5321 4.5.3.1.8) */
  CONNECTION_MESSAGES = 100, /* over one connection */
  MESSAGE_SECONDS = 55 * 60, /* for all that a message needs; send-schedule waits an hour */
  WORDS_MAX = 500       /* of a recipient's outcome, so that an answer is never larger than a packet */
};

struct job {
  struct hop hop;
  struct client client;
  struct message message;
  const char *recipients[RECIPIENTS_MAX], *notify[RECIPIENTS_MAX], *originals[RECIPIENTS_MAX];
  struct outcome outcomes[RECIPIENTS_MAX];
  struct transaction transaction;
  uint64_t messages, messages_max; /* over this connection; 0: any number */
};

static uid_t sender_uid; /* of send-schedule */

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The recipients, and what is said of each behind it. False: there is none, or too many. */
static bool take_recipients(struct job *job, const text *packet)
{
  size_t at = 0, count = 0, key_length;

  for (const char *pair; (pair = record_walk(packet, &at, &key_length));) {
    const char *value = pair + key_length + 1;
    if (!strncmp(pair, "recipient=", 10)) {
      if (count == RECIPIENTS_MAX) return false;
      job->recipients[count] = value;
      job->notify[count] = job->originals[count] = 0;
      job->outcomes[count++].kind = OUTCOME_OPEN;
    } else if (count && !strncmp(pair, "notify=", 7))
      job->notify[count - 1] = value;
    else if (count && !strncmp(pair, "orcpt=", 6))
      job->originals[count - 1] = value;
  }
  job->transaction.count = count;
  return count > 0;
}

/* False: this is not such a packet. */
static bool take_packet(struct job *job, const text *packet, const struct call_fds *fds)
{
  static struct message none = MESSAGE_ZERO;
  bool is_probe = record_is(packet, "what", "verify");
  uint64_t offset;

  if (!take_recipients(job, packet)) return false;
  job->transaction = (struct transaction){ .client = &job->client,
                                           .message = is_probe ? &none : &job->message,
                                           .sender = record_get(packet, "sender"),
                                           .envid = record_find(packet, "envid"),
                                           .ret = record_find(packet, "ret"),
                                           .priority = record_find(packet, "priority"),
                                           .is_utf8 = record_is(packet, "smtputf8", "yes"),
                                           .requires_tls = record_is(packet, "requiretls", "yes"),
                                           .is_relay = !job->hop.is_mx,
                                           .is_probe = is_probe,
                                           .recipients = job->recipients,
                                           .notify = job->notify,
                                           .originals = job->originals,
                                           .outcomes = job->outcomes,
                                           .count = job->transaction.count };
  if (is_probe) return true;
  if (!record_is(packet, "what", "send") || fds->count != 1 || !record_number(packet, "offset", INT64_MAX, &offset))
    return false;
  struct transaction *t = &job->transaction;
  bool is_open = send_message_open(&job->message, fds->fd[0], offset);
  job->message.is_own = record_is(packet, "own", "yes");
  if (!is_open) {
    struct outcome o = OUTCOME_ZERO;
    send_outcome_say(&o, OUTCOME_LATER, "4.3.0", "the queue file cannot be read", (char *)0);
    send_transaction_decide(t, &o);
    send_outcome_free(&o);
  }
  return true;
}

/* Many hosts take only so many messages over one connection. How old it may be is send-schedule's (control/connectiontime). */
static void begin_counting(struct job *job)
{
  job->messages = 0;
  job->messages_max = conf_number("connectionmessages", CONNECTION_MESSAGES, UINT32_MAX);
}

static bool is_worn(const struct job *job) { return job->messages_max && job->messages >= job->messages_max; }

/* Over the kept connection or a new one; a kept one that has died meanwhile is replaced once. */
static void deliver(struct job *job)
{
  struct outcome why = OUTCOME_ZERO;

  if (job->outcomes[0].kind != OUTCOME_OPEN) return; /* the file could not be read */
  send_client_limit(&job->client, MESSAGE_SECONDS);
  job->hop.requires_tls = job->transaction.requires_tls;
  if (job->client.fd != -1 && job->hop.requires_tls && !send_session_suits_requiretls(&job->client))
    send_client_quit(&job->client); /* another host may be fit */
  if (job->client.fd != -1 && is_worn(job)) send_client_quit(&job->client);
  do {
    if (job->client.fd == -1) begin_counting(job);
    if (job->client.fd == -1 && !send_hop_reach(&job->hop, &job->client, &why)) {
      send_transaction_decide(&job->transaction, &why);
      break;
    }
    job->messages++;
  } while (!send_transaction_run(&job->transaction));
  send_outcome_free(&why);
}

static void log_outcome(const struct job *job, size_t i, const char *id, int64_t ms)
{
  static text remote = TEXT_ZERO, tls = TEXT_ZERO, reply = TEXT_ZERO, time = TEXT_ZERO;
  const struct outcome *o = &job->outcomes[i];

  text_clear(&remote), text_clear(&tls), text_clear(&reply), text_clear(&time);
  text_add_text(&remote, &job->client.remote);
  text_add_text(&tls, &job->client.tls);
  if (o->code) text_add_number(&reply, o->code), text_add_char(&reply, ' ');
  text_add_text(&reply, &o->words);
  text_add_number(&time, (uint64_t)ms);
  log_event("delivery", "id", id, "to", job->recipients[i], "outcome", send_outcome_name(o->kind), "status", o->status,
            "remote", text_string(&remote), "tls", text_string(&tls), "policy", job->client.policy, "verified",
            tls.len ? send_session_verified(&job->client) : "", "reply", text_string(&reply), "ms",
            text_string(&time), (char *)0);
}

static bool answer(int call, struct job *job, const char *id, int64_t ms)
{
  static text record = TEXT_ZERO, value = TEXT_ZERO;

  text_clear(&record);
  text_clear(&value);
  text_add_text(&value, &job->client.remote);
  if (value.len) record_add(&record, "remote", text_string(&value));
  text_clear(&value);
  text_add_text(&value, &job->client.tls);
  if (value.len) record_add(&record, "tls", text_string(&value));
  if (job->client.policy) record_add(&record, "policy", job->client.policy);
  if (job->client.is_verified) record_add(&record, "verified", send_session_verified(&job->client));
  if (job->client.fd != -1) record_add(&record, "keep", "yes");
  if (job->client.offers.dsn) record_add(&record, "dsn", "yes");
  for (size_t i = 0; i < job->transaction.count; i++) {
    log_outcome(job, i, id, ms);
    send_outcome_add(&record, &job->outcomes[i], WORDS_MAX);
  }
  return call_send(call, &record, 0, 0);
}

/* Who only asks whether a recipient would be taken sends nothing (S-26), */
static bool may_send(const struct peer *peer) { return !peer->uid || peer->uid == sender_uid; }

/* ... and names no relay rule: beside a host of his choosing that would bring him the rule's login. */
static bool take_hop(struct hop *hop, const text *packet, const struct peer *peer)
{
  return send_hop_parse(hop, packet) && (!hop->rule.len || may_send(peer));
}

static void session(int in, int out, const struct peer *peer)
{
  static struct job job = { .hop = HOP_ZERO, .client = CLIENT_ZERO, .message = MESSAGE_ZERO };
  text packet = TEXT_ZERO;
  struct call_fds fds;
  bool is_open = true;

  (void)out;
  job.client.asker = in;
  if (call_receive(in, &packet, 0, HOP_SECONDS) != CALL_DONE) return;
  if (!take_hop(&job.hop, &packet, peer)) {
    log_event("refused", "reason", "this is not a hop, or not for this caller", (char *)0);
    return;
  }
  while (is_open && call_receive(in, &packet, &fds, 0) == CALL_DONE) {
    int64_t begin = now_ms();
    conf_waited();
    if (record_is(&packet, "what", "probe") && !peer->uid) {
      send_probe(in, &job.hop, &job.client, &packet);
      is_open = false;
    } else if (!take_packet(&job, &packet, &fds) || (!job.transaction.is_probe && !may_send(peer))) {
      log_event("refused", "reason", "this is not a message to send", (char *)0);
      is_open = false;
    } else {
      deliver(&job);
      is_open = answer(in, &job, record_get(&packet, "id"), now_ms() - begin);
    }
    call_close_fds(&fds);
  }
  send_client_quit(&job.client);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-send", "mail-in", "mail-submit", 0 };
  static const char *const reads[] = { "control", "tables", "/etc/hosts", "/etc/resolv.conf", 0 };
  static const struct sandbox sandbox = { .reads = reads, .may_connect = true, .may_choose_source = true };
  static const struct serve service = { .concurrency = CONNECTIONS,
                                        .memory_bytes = CONNECTION_BYTES,
                                        .callers = callers,
                                        .sandbox = &sandbox,
                                        .refresh = conf_learn,
                                        .session = session };
  text me = TEXT_ZERO;

  PROG = "smtp-send";
  if (argc != 1) die_usage("smtp-send");
  home_enter();
  if (!conf_value("helohost", &me, "")) conf_me(&me);
  sender_uid = user_uid("mail-send");
  if (!dns_is_trusted())
    log_event("dnssec", "reason", "the nameservers of /etc/resolv.conf are not all on this host, or control/trustresolver is no: DANE is not used", (char *)0);
  return serve(&service, argv);
}
