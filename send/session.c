#include "send/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/peer.h"
#include "send/failure.h"
#include "send/login.h"
#include "send/tlsreport.h"

enum { TLS_SECONDS = 40, READY = 220 };

/* An MX that calls itself by our name is ourselves, by an address that we do not know of. */
static bool calls_itself(const struct client *c, const text *name)
{
  size_t length = name->len;
  const text *lines = &c->reply.lines;

  return lines->len > length && bytes_are_nocase(lines->s, name->s, length) &&
         (lines->s[length] == ' ' || lines->s[length] == '\n');
}

static void take_offers(struct client *c)
{
  const char *second = memchr(c->reply.lines.s, '\n', c->reply.lines.len);

  send_extensions_parse(&c->offers, &c->reply);
  text_clear(&c->offered);
  second++; /* each line ends with one */
  text_add_bytes(&c->offered, second, c->reply.lines.len - (size_t)(second - c->reply.lines.s));
}

static enum session_result hello(struct client *c, const struct hop *hop, struct outcome *why)
{
  text name = TEXT_ZERO;
  bool heard;

  text_add_text(&name, &hop->helo);
  c->is_lmtp = record_is(&hop->facts, "protocol", "lmtp");
  heard = send_client_ask(c, c->is_lmtp ? "LHLO " : "EHLO ", text_string(&name));
  if (heard && c->reply.code / 100 == 2)
    take_offers(c);
  else if (heard && c->reply.code / 100 == 5 && !c->is_lmtp) {
    c->offers = (struct extensions){ .size_max = 0 };
    heard = send_client_ask(c, "HELO ", text_string(&name));
  }
  text_free(&name);
  if (!heard) return send_failure_lost(c, c->is_lmtp ? "after LHLO" : "after EHLO", why);
  if (c->reply.code / 100 != 2) return send_failure_refused(c, "4.5.0", c->is_lmtp ? "refused our LHLO: does it speak LMTP?" : "refused our HELO", why);
  return hop->is_mx && calls_itself(c, &hop->helo) ? SESSION_LOOP : SESSION_READY;
}

/* What the report says of a session that is encrypted: in testing mode, or without a usable TLSA record, not all need be well. */
static void tell_encrypted(const struct client *c, const struct tls_plan *plan, const text *answer)
{
  const char *policy = plan->decision.policy;
  bool is_reported = !strcmp(policy, "sts-testing") || !strcmp(policy, "dane");

  if (*plan->decision.failure)
    send_tlsreport_tell(plan, c, plan->decision.failure, "it is no MX of the domain's MTA-STS policy");
  else
    send_tlsreport_tell(plan, c, is_reported && !c->is_verified ? record_get(answer, "failure") : "success", record_get(answer, "error"));
}

static void take_encrypted(struct client *c, const struct tls_plan *plan, const text *answer, int plain)
{
  send_client_go_on(c, plain);
  text_copy(&c->tls, record_get(answer, "protocol"));
  text_add_char(&c->tls, ' ');
  text_add(&c->tls, record_get(answer, "cipher"));
  text_copy(&c->fingerprint, record_get(answer, "fingerprint"));
  text_copy(&c->certificate, record_get(answer, "certificate"));
  c->is_verified = record_is(answer, "verified", "yes");
  tell_encrypted(c, plan, answer);
}

static enum session_result fail_unencrypted(struct client *c, const struct tls_plan *plan, const text *answer, struct outcome *why)
{
  const char *what = !strcmp(plan->decision.policy, "dane")  ? "no TLS (DANE): "
                     : !strcmp(plan->decision.policy, "sts") ? "no TLS (MTA-STS): "
                                                             : "no TLS: ";

  send_client_close(c);
  send_failure_say(c, "4.7.5", what, record_get(answer, "error"), why);
  send_tlsreport_tell(plan, c, *record_get(answer, "failure") ? record_get(answer, "failure") : "validation-failure", record_get(answer, "error"));
  return plan->decision.is_required ? SESSION_FAILED : SESSION_CLEAR;
}

/* Hands the socket to tls-client. */
static enum session_result encrypt(struct client *c, const struct tls_plan *plan, struct outcome *why)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds;
  enum session_result result = SESSION_READY;

  record_add(&request, "what", "connect");
  send_tlsplan_request(plan, &request);
  if (call_ask("tls-client", &request, &c->fd, 1, &answer, &fds, send_client_left(c, TLS_SECONDS)) != CALL_DONE) {
    c->was_late = errno == ETIMEDOUT;
    result = c->was_late ? send_failure_say(c, "4.4.2", "the TLS handshake took too long", "", why)
                         : send_failure_say(c, "4.3.0", "our tls-client does not answer", "", why);
  } else if (record_is(&answer, "answer", "yes") && fds.count == 1)
    take_encrypted(c, plan, &answer, fds.fd[0]);
  else {
    call_close_fds(&fds);
    result = fail_unencrypted(c, plan, &answer, why);
  }
  text_free(&request);
  text_free(&answer);
  return result;
}

/* Who demands what the host does not do. */
static const char *name_demander(const struct tls_plan *plan)
{
  if (!strcmp(plan->decision.policy, "dane")) return "its TLSA records demand (DANE)";
  if (!strcmp(plan->decision.policy, "sts")) return "the domain's MTA-STS policy demands";
  return plan->search->hop->is_mx ? "control/tlspolicy demands" : "the relay rule demands";
}

/* Who adds words in clear to the answer to STARTTLS would have us take them for those of the host (RFC 3207 5). */
static enum session_result refuse_words(struct client *c, const struct tls_plan *plan, struct outcome *why)
{
  text answer = TEXT_ZERO;

  record_add(&answer, "error", "there are words in clear behind its answer to STARTTLS");
  record_add(&answer, "failure", "validation-failure");
  enum session_result result = fail_unencrypted(c, plan, &answer, why);
  text_free(&answer);
  return result;
}

static enum session_result start_tls(struct client *c, const struct tls_plan *plan, struct outcome *why)
{
  enum session_result result;

  if (!c->offers.starttls) {
    send_tlsreport_tell(plan, c, "starttls-not-supported", "");
    if (!plan->decision.is_required) return SESSION_READY;
    return send_failure_say(c, "4.7.4", "it does not offer STARTTLS, which ", name_demander(plan), why);
  }
  if (!send_client_ask(c, "STARTTLS", "")) return send_failure_lost(c, "after STARTTLS", why);
  if (c->reply.code != READY) {
    send_tlsreport_tell(plan, c, "starttls-not-supported", "it refused STARTTLS");
    return plan->decision.is_required ? send_failure_refused(c, "4.7.4", "refused STARTTLS", why) : SESSION_READY;
  }
  result = send_client_has_words(c) ? refuse_words(c, plan, why) : encrypt(c, plan, why);
  return result == SESSION_READY ? hello(c, plan->search->hop, why) : result;
}

/* What is known before a byte is heard. */
static void begin(struct client *c, const struct tls_plan *plan)
{
  struct sockaddr_storage far, near;
  struct peer peer = { .is_tcp = true };
  socklen_t far_length = sizeof far, near_length = sizeof near;

  if (!getpeername(c->fd, (struct sockaddr *)&far, &far_length) && !getsockname(c->fd, (struct sockaddr *)&near, &near_length))
    peer_set(&peer, &far, &near);
  memcpy(c->far_ip, peer.remote_ip, sizeof c->far_ip);
  memcpy(c->near_ip, peer.local_ip, sizeof c->near_ip);
  c->policy = plan->decision.policy;
  c->is_verified = false;
  c->is_way_secure = plan->decision.is_way_secure;
}

enum session_result send_session_open(struct client *c, const struct tls_plan *plan, bool allow_tls, struct outcome *why)
{
  const struct hop *hop = plan->search->hop;
  enum session_result result = SESSION_READY;

  begin(c, plan);
  if (hop->tls == HOP_TLS_TLS) result = encrypt(c, plan, why);
  if (result != SESSION_READY) return result;
  if (!send_client_hear(c, c->seconds)) return send_failure_lost(c, "before its greeting", why);
  if (c->reply.code != READY) return send_failure_refused(c, "4.3.2", "takes no mail now", why);
  result = hello(c, hop, why);
  if (result == SESSION_READY && allow_tls && hop->tls != HOP_TLS_TLS && hop->tls != HOP_TLS_OFF) result = start_tls(c, plan, why);
  if (result == SESSION_READY) result = send_login(c, hop, plan->host, why);
  return result;
}

bool send_session_suits_requiretls(const struct client *c) { return c->is_verified && c->is_way_secure && c->offers.requiretls; }

const char *send_session_verified(const struct client *c) { return !c->is_verified ? "no" : c->is_way_secure ? "yes" : "host"; }
