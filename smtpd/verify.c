#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "smtpd/facts.h"
#include "smtpd/verify.h"

enum { VERIFY_SECONDS = 60 }; /* the client waits for five minutes (RFC 5321 4.5.3.2.3) */

/* N-123: how long an answer is kept, and from when on it is asked for again. */
enum { KEEP_GOOD = 86400, FRESH_GOOD = 28800, KEEP_BAD = 7200, FRESH_BAD = 900 };

/* What smtp-send said of one recipient (doc/calls.md, The outcome): "done|later|never STATUS CODE TEXT". */
struct said {
  text line;
  const char *verdict, *status, *code, *words;
};

static bool parse(struct said *said)
{
  char *part[4] = { said->line.s };

  for (int i = 1; i < 4; i++) {
    part[i] = strchr(part[i - 1], ' ');
    if (!part[i]) return false;
    *part[i]++ = 0;
  }
  said->verdict = part[0], said->status = part[1], said->code = part[2], said->words = part[3];
  return true;
}

/* One recipient, without a message and from nobody: a refusal is the recipient's. False: nobody answers. */
static bool ask(const text *hop, const struct address *recipient, struct said *said)
{
  int socket = call_open("smtp-send");
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  if (socket == -1) return false;
  record_add(&request, "what", "verify");
  record_add(&request, "sender", "");
  record_add(&request, "recipient", recipient->shown.s);
  bool is_answered = call_send(socket, hop, 0, 0) && call_send(socket, &request, 0, 0) &&
                     call_receive(socket, &answer, 0, VERIFY_SECONDS) == CALL_DONE;
  close(socket);
  text_copy(&said->line, is_answered ? record_get(&answer, "recipient") : "");
  text_string(&said->line);
  text_free(&request);
  text_free(&answer);
  return parse(said);
}

static void refuse(struct policy_decision *d, const struct address *recipient, unsigned int code, const char *status, const char *from,
                   const char *what, const char *words)
{
  static text kept = TEXT_ZERO; /* a decision's status is not its own */

  text_copy(&kept, status);
  policy_decide(d, code, text_string(&kept), "relay-domain-asked", from);
  text_add_format(&d->text, "<%s>: Recipient address rejected: %s", recipient->shown.s, what);
  if (*words) text_add(&d->text, ": ");
  for (; *words; words++) text_add_char(&d->text, ascii_is_printable(*words) ? *words : '?');
  text_string(&d->text);
}

static bool is_verdict(const struct said *said, const char *verdict) { return !strcmp(said->verdict, verdict); }

static void obey(const struct said *said, const struct address *recipient, const char *from, struct policy_decision *d)
{
  uint64_t code = 0;

  if (is_verdict(said, "done")) return;
  if (is_verdict(said, "never")) {
    bool is_given = number_scan(said->code, 599, &code) && code >= 500;
    refuse(d, recipient, is_given ? (unsigned int)code : 550, said->status, from, "undeliverable address", said->words);
  } else
    refuse(d, recipient, 450, "4.1.1", from, "unverified address", said->words);
}

/* --- what was said before --- */

static void add_key(const struct address *recipient, text *key)
{
  text_add(key, "verify ");
  text_add_text(key, &recipient->folded);
  text_string(key);
}

/* The same words as smtp-send's. False if there is nothing; is_fresh: it need not be asked again. */
static bool recall(struct limits *l, const struct address *recipient, struct said *said, bool *is_fresh)
{
  text key = TEXT_ZERO;
  uint64_t age = 0;

  add_key(recipient, &key);
  bool is_known = l && limits_find(l, key.s, &said->line, &age);
  text_string(&said->line);
  is_known = is_known && parse(said);
  *is_fresh = is_known && age < (is_verdict(said, "done") ? FRESH_GOOD : FRESH_BAD);
  text_free(&key);
  return is_known;
}

static void remember(struct limits *l, const struct address *recipient, const struct said *said)
{
  text key = TEXT_ZERO, line = TEXT_ZERO;
  uint64_t count;

  if (!l || is_verdict(said, "later")) return;
  add_key(recipient, &key);
  text_add_format(&line, "%s %s %s %s", said->verdict, said->status, said->code, said->words);
  limits_forget(l, key.s, &count); /* or it would stay as old as it was */
  limits_keep(l, key.s, text_string(&line), is_verdict(said, "done") ? KEEP_GOOD : KEEP_BAD);
  text_free(&key);
  text_free(&line);
}

/* Who cannot be asked now is believed what he said before. */
static void consult(const struct session *s, const struct address *recipient, const struct policy_route *route, struct policy_decision *d)
{
  static const struct said nobody = { .verdict = "later", .status = "4.1.1", .code = "000", .words = "its mail server cannot be asked now" };
  struct said before = { .line = TEXT_ZERO }, now = { .line = TEXT_ZERO };
  struct limits *limits = limits_open("mail-in"); /* strangers come there alone */
  bool is_fresh, is_known = recall(limits, recipient, &before, &is_fresh);
  const struct said *said = &before;

  if (!is_fresh) {
    said = ask(&route->hop, recipient, &now) ? &now : &nobody;
    remember(limits, recipient, said);
    if (is_verdict(said, "later") && is_known) said = &before;
    log_event("verify", "to", recipient->shown.s, "verdict", said->verdict, "code", said->code, "file", route->from.s, "client",
              s->peer->remote_ip, (char *)0);
  }
  obey(said, recipient, route->from.s, d);
  text_free(&before.line);
  text_free(&now.line);
  limits_close(limits);
}

void verify_recipient(const struct session *s, const struct address *recipient, struct policy_decision *d)
{
  struct policy_facts facts = session_facts(s);
  struct policy_stop stop = { .address = recipient->shown.s };
  struct policy_route route = POLICY_ROUTE_ZERO;

  policy_route(s->tables, &facts, &stop, &route);
  if (route.kind == POLICY_ROUTE_HOP) consult(s, recipient, &route, d);
  policy_route_free(&route);
}
