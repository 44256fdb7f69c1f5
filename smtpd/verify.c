#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/log.h"
#include "smtpd/commands.h"
#include "smtpd/verify.h"

enum { VERIFY_SECONDS = 60 }; /* the client waits for five minutes (RFC 5321 4.5.3.2.3) */

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
  text file = TEXT_ZERO;

  text_add(&file, from);
  policy_decide(d, code, status, "relay-domain-asked", text_string(&file));
  text_add_format(&d->text, "<%s>: Recipient address rejected: %s", recipient->shown.s, what);
  if (*words) text_add(&d->text, ": ");
  for (; *words; words++) text_add_char(&d->text, ascii_is_printable(*words) ? *words : '?');
  text_string(&d->text);
  text_free(&file);
}

static void obey(const struct said *said, const struct address *recipient, const char *from, struct policy_decision *d)
{
  uint64_t code = 0;

  if (!strcmp(said->verdict, "done")) return;
  if (!strcmp(said->verdict, "never")) {
    bool is_given = number_scan(said->code, 599, &code) && code >= 500;
    refuse(d, recipient, is_given ? (unsigned int)code : 550, said->status, from, "undeliverable address", said->words);
  } else
    refuse(d, recipient, 450, "4.1.1", from, "unverified address", said->words);
}

void verify_recipient(const struct session *s, const struct address *recipient, struct policy_decision *d)
{
  struct policy_facts facts = session_facts(s);
  struct policy_stop stop = { .address = recipient->shown.s };
  struct policy_route route = POLICY_ROUTE_ZERO;
  struct said said = { .line = TEXT_ZERO };

  policy_route(s->tables, &facts, &stop, &route);
  if (route.kind == POLICY_ROUTE_HOP) {
    if (ask(&route.hop, recipient, &said))
      obey(&said, recipient, route.from.s, d);
    else
      refuse(d, recipient, 450, "4.1.1", route.from.s, "unverified address", "its mail server cannot be asked now");
    log_event("verify", "to", recipient->shown.s, "verdict", said.verdict ? said.verdict : "later", "client", s->peer->remote_ip, (char *)0);
  }
  policy_route_free(&route);
  text_free(&said.line);
}
