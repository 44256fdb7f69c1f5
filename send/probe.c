#include "send/probe.h"

#include <string.h>

#include "lib/call.h"
#include "lib/log.h"
#include "send/session.h"

enum {
  PROBE_SECONDS = 9, /* relay-test waits one more */
  OFFERED_MAX = 60,  /* lines, and bytes of each: the answer is one packet */
  OFFERED_BYTES = 500
};

/* ns8-mail's names for what can go wrong. "": it was not tried, for a reason of our own. */
static const char *name_outcome(const struct client *c, const struct outcome *why)
{
  const char *status = why->status;

  if (c->was_late) return "connection_timeout_error";
  if (!strcmp(status, "4.3.0")) return "";
  if (!strcmp(status, "4.4.4") || !strcmp(status, "4.4.3")) return "address_error";
  if (!strcmp(status, "4.7.8")) return "cannot_authenticate_to_server";
  if (!strncmp(status, "4.4.", 4)) return "cannot_connect_to_server";
  return "connection_not_supported_by_server";
}

static void add_text(text *record, const char *key, const text *value)
{
  if (value->len) record_add_bytes(record, key, value->s, value->len);
}

static void add_offered(text *record, const text *lines)
{
  text line = TEXT_ZERO;
  int count = 0;

  for (size_t i = 0; i < lines->len && count < OFFERED_MAX; i++)
    if (lines->s[i] == '\n') {
      add_text(record, "offered", &line);
      text_clear(&line);
      count++;
    } else if (line.len < OFFERED_BYTES)
      text_add_char(&line, ascii_is_printable(lines->s[i]) ? lines->s[i] : '?');
  text_free(&line);
}

static void say_reached(const struct client *c, const char *login, text *words)
{
  text_add_text(words, &c->remote);
  text_add(words, " would take mail from us, ");
  text_add(words, c->tls.len ? "by TLS, " : "in clear, ");
  text_add(words, *login ? "after the login of " : "without a login");
  text_add(words, login);
}

/* What a rule would say. */
static void take_facts(text *facts, const text *packet)
{
  static const char *const keys[] = { "login", "password", "fingerprint", "source", 0 };

  for (size_t i = 0, at; keys[i]; i++) {
    at = 0;
    for (const char *value; (value = record_next(packet, keys[i], &at));) record_add(facts, keys[i], value);
  }
}

void send_probe(int call, struct hop *hop, struct client *c, const text *packet)
{
  struct outcome why = OUTCOME_ZERO;
  text answer = TEXT_ZERO, words = TEXT_ZERO;

  if (!hop->rule.len) take_facts(&hop->facts, packet);
  send_client_limit(c, PROBE_SECONDS);
  bool is_reached = send_hop_reach(hop, c, &why);
  const char *name = is_reached ? "ok" : name_outcome(c, &why);
  if (is_reached)
    say_reached(c, text_string(&c->login), &words);
  else
    text_add_text(&words, &why.words);
  record_add(&answer, "answer", *name ? name : "later");
  add_text(&answer, "text", &words);
  add_text(&answer, "remote", &c->remote);
  add_text(&answer, "tls", &c->tls);
  if (c->policy) record_add(&answer, "policy", c->policy);
  if (c->is_verified) record_add(&answer, "verified", send_session_verified(c));
  add_text(&answer, "certificate", &c->certificate);
  add_text(&answer, "fingerprint", &c->fingerprint);
  add_offered(&answer, &c->offered);
  log_event("probe", "outcome", *name ? name : "later", "text", text_string(&words), (char *)0);
  call_send(call, &answer, 0, 0);
  send_outcome_free(&why);
  text_free(&answer);
  text_free(&words);
}
