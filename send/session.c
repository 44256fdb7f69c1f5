#include "send/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "send/failure.h"
#include "send/login.h"

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

/* Hands the socket to tls-client. */
static enum session_result encrypt(struct client *c, const struct hop *hop, const char *host, struct outcome *why)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds;
  bool is_pinned = hop->tls == HOP_TLS_FINGERPRINT || (hop->tls == HOP_TLS_TLS && record_find(&hop->facts, "fingerprint"));
  size_t at = 0;
  enum session_result result = SESSION_READY;

  record_add(&request, "what", "connect");
  record_add(&request, "name", host);
  record_add(&request, "verify", is_pinned ? "fingerprint" : send_hop_is_verified(hop) ? "name" : "none");
  if (record_is(&hop->facts, "certificate", "yes")) record_add(&request, "bear", "certificate");
  for (const char *one; is_pinned && (one = record_next(&hop->facts, "fingerprint", &at));) record_add(&request, "fingerprint", one);
  if (call_ask("tls-client", &request, &c->fd, 1, &answer, &fds, send_client_left(c, TLS_SECONDS)) != CALL_DONE) {
    c->was_late = errno == ETIMEDOUT;
    result = c->was_late ? send_failure_say(c, "4.4.2", "the TLS handshake took too long", "", why)
                         : send_failure_say(c, "4.3.0", "our tls-client does not answer", "", why);
  }
  else if (record_is(&answer, "answer", "yes") && fds.count == 1) {
    send_client_go_on(c, fds.fd[0]);
    text_copy(&c->tls, record_get(&answer, "protocol"));
    text_add_char(&c->tls, ' ');
    text_add(&c->tls, record_get(&answer, "cipher"));
    text_copy(&c->fingerprint, record_get(&answer, "fingerprint"));
    text_copy(&c->certificate, record_get(&answer, "certificate"));
  } else {
    call_close_fds(&fds);
    send_client_close(c);
    send_failure_say(c, "4.7.5", "no TLS: ", record_get(&answer, "error"), why);
    result = hop->tls == HOP_TLS_MAY ? SESSION_CLEAR : SESSION_FAILED;
  }
  text_free(&request);
  text_free(&answer);
  return result;
}

static enum session_result start_tls(struct client *c, const struct hop *hop, const char *host, struct outcome *why)
{
  enum session_result result;

  if (!c->offers.starttls) {
    if (hop->tls == HOP_TLS_MAY) return SESSION_READY;
    return send_failure_say(c, "4.7.4", "it does not offer STARTTLS, which the relay rule demands", "", why);
  }
  if (!send_client_ask(c, "STARTTLS", "")) return send_failure_lost(c, "after STARTTLS", why);
  if (c->reply.code != READY)
    return hop->tls == HOP_TLS_MAY ? SESSION_READY : send_failure_refused(c, "4.7.4", "refused STARTTLS", why);
  result = encrypt(c, hop, host, why);
  return result == SESSION_READY ? hello(c, hop, why) : result;
}

enum session_result send_session_open(struct client *c, const struct hop *hop, const char *host, bool allow_tls,
                                      struct outcome *why)
{
  enum session_result result = hop->tls == HOP_TLS_TLS ? encrypt(c, hop, host, why) : SESSION_READY;

  if (result != SESSION_READY) return result;
  if (!send_client_hear(c, c->seconds)) return send_failure_lost(c, "before its greeting", why);
  if (c->reply.code != READY) return send_failure_refused(c, "4.3.2", "takes no mail now", why);
  result = hello(c, hop, why);
  if (result == SESSION_READY && allow_tls && hop->tls != HOP_TLS_TLS && hop->tls != HOP_TLS_OFF)
    result = start_tls(c, hop, host, why);
  if (result == SESSION_READY) result = send_login(c, hop, why);
  return result;
}
