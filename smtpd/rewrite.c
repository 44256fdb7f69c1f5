#include <errno.h>
#include <string.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/srs.h"
#include "smtpd/rewrite.h"

enum { ANSWER_SECONDS = 20 };

/* False: no answer. answer is a yes or a no. */
static bool ask(const char *what, const char *address, const char *domain, text *answer)
{
  text request = TEXT_ZERO;

  record_add(&request, "what", what);
  record_add(&request, "address", address);
  if (domain) record_add(&request, "domain", domain);
  errno = 0;
  bool heard = call_ask("srs-server", &request, 0, 0, answer, 0, ANSWER_SECONDS) == CALL_DONE;
  if (!heard) log_event("failed", "what", "ask srs-server", "error", errno ? strerror(errno) : "it closed", (char *)0);
  text_free(&request);
  return heard;
}

/* The sender at that domain; what cannot be rewritten stays. False: no answer. */
static bool find_sender(const struct session *s, const char *domain, text *address)
{
  const char *sender = s->mail.sender.shown.s;
  text answer = TEXT_ZERO;
  bool heard = ask("forward", sender, domain, &answer);

  text_clear(address);
  if (heard && record_is(&answer, "answer", "yes"))
    text_add(address, record_get(&answer, "address"));
  else if (heard)
    log_event("not-rewritten", "from", sender, "domain", domain, "error", record_get(&answer, "error"), (char *)0);
  text_string(address);
  text_free(&answer);
  return heard;
}

static bool is_wanted(text *own_domain)
{
  conf_value("srsdomain", own_domain, "");
  return conf_is_yes("srs", true);
}

/* Destinations of one domain mostly stand together, so that what was asked for last is asked for once. */
bool rewrite_senders(struct session *s, text *senders)
{
  text domain = TEXT_ZERO, own_domain = TEXT_ZERO, last = TEXT_ZERO, address = TEXT_ZERO;
  struct policy_destination one;
  bool heard = true, has_any = false;

  text_clear(senders);
  text_string(&last);
  for (size_t at = 0; heard && policy_destinations_next(&s->mail.destinations, &at, &one);) {
    bool needs = policy_needs_srs(s->tables, s->mail.is_null ? 0 : &s->mail.sender, &one, &domain);
    if (needs && !has_any && !is_wanted(&own_domain)) break;
    has_any |= needs;
    if (needs && own_domain.len) text_copy(&domain, text_string(&own_domain));
    if (needs && strcmp(text_string(&domain), last.s)) {
      heard = find_sender(s, domain.s, &address);
      text_copy(&last, domain.s);
      text_string(&last);
    }
    if (needs) text_add_text(senders, &address);
    text_add_char(senders, 0);
  }
  if (!has_any) text_clear(senders);
  text_free(&domain), text_free(&own_domain), text_free(&last), text_free(&address);
  return heard;
}

const char *rewrite_next(const text *senders, size_t *at)
{
  if (*at >= senders->len) return "";
  const char *sender = senders->s + *at;
  *at += strlen(sender) + 1;
  return sender;
}

/* One of ours, but not one that we relay; or the one of control/srsdomain. */
static bool comes_here(struct session *s, const char *domain)
{
  text record = TEXT_ZERO, own = TEXT_ZERO;
  bool is = tables_find(s->tables, "domain", domain, &record) == LOOKUP_FOUND && !record_find(&record, "relay");

  if (!is && conf_value("srsdomain", &own, "")) is = text_is_nocase(&own, domain);
  text_free(&record);
  text_free(&own);
  return is;
}

static void refuse(struct policy_decision *d, unsigned int code, const char *status, const struct address *recipient, const char *why)
{
  policy_decide(d, code, status, "srs", "control/srskey");
  text_add_format(&d->text, "<%s>: %s", recipient->shown.s, why);
  text_string(&d->text);
}

static void decide(struct session *s, const struct policy_facts *f, const struct address *recipient, const struct address *original,
                   struct policy_destinations *all, struct policy_decision *d)
{
  struct policy_destination one = { .address = original->shown.s, .mailbox = "", .original = recipient->shown.s, .detail = "",
                                    .via = recipient->shown.s, .bypass = "" };
  text record = TEXT_ZERO;

  if (tables_find(s->tables, "domain", original->domain, &record) != LOOKUP_ABSENT)
    policy_recipient(s->tables, f, original, all, d);
  else {
    policy_destinations_add(all, &one);
    policy_decide(d, 250, "2.1.5", "srs", "control/srskey");
    text_copy(&d->text, "Ok");
    text_string(&d->text);
  }
  text_free(&record);
}

bool rewrite_back(struct session *s, const struct policy_facts *f, const struct address *recipient, struct policy_destinations *all,
                  struct policy_decision *d)
{
  struct address original = ADDRESS_ZERO;
  text answer = TEXT_ZERO;

  if (!srs_is(recipient->local) || !comes_here(s, recipient->domain) || !conf_is_yes("srs", true)) return false;
  if (!ask("reverse", recipient->shown.s, 0, &answer))
    refuse(d, 451, "4.3.0", recipient, "it cannot be found out now whose address this is");
  else {
    const char *address = record_get(&answer, "address");
    if (record_is(&answer, "answer", "yes") && address_parse(&original, address, strlen(address)) == ADDRESS_FULL)
      decide(s, f, recipient, &original, all, d);
    else if (record_is(&answer, "error", "expired"))
      refuse(d, 550, "5.1.1", recipient, "Recipient address rejected: it was made for a report, and is too old");
    else
      refuse(d, 550, "5.7.1", recipient, "Recipient address rejected: not an address that was made here");
  }
  address_free(&original);
  text_free(&answer);
  return true;
}
