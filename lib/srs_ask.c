#include "lib/srs_ask.h"

#include <errno.h>
#include <string.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/srs.h"

enum { ANSWER_SECONDS = 20 };

bool srs_ask(const char *what, const char *address, const char *domain, text *answer)
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

/* One of ours, but not one that we relay; or the one of control/srsdomain. */
static bool comes_here(struct tables *tables, const char *domain)
{
  text record = TEXT_ZERO, own = TEXT_ZERO;
  bool is = tables_find(tables, "domain", domain, &record) == LOOKUP_FOUND && !record_find(&record, "relay");

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

static void decide(struct tables *tables, const struct policy_facts *f, const struct address *recipient, const struct address *original,
                   struct policy_destinations *all, struct policy_decision *d)
{
  struct policy_destination one = { .address = original->shown.s, .mailbox = "", .original = recipient->shown.s, .detail = "",
                                    .via = recipient->shown.s, .bypass = "" };
  text record = TEXT_ZERO;

  if (tables_find(tables, "domain", original->domain, &record) != LOOKUP_ABSENT)
    policy_recipient(tables, f, original, all, d);
  else {
    policy_destinations_add(all, &one);
    policy_decide(d, 250, "2.1.5", "srs", "control/srskey");
    text_copy(&d->text, "Ok");
    text_string(&d->text);
  }
  text_free(&record);
}

bool srs_return(struct tables *tables, const struct policy_facts *f, const struct address *recipient, struct policy_destinations *all,
                struct policy_decision *d)
{
  struct address original = ADDRESS_ZERO;
  text answer = TEXT_ZERO;

  if (!srs_is(recipient->local) || !comes_here(tables, recipient->domain) || !conf_is_yes("srs", true)) return false;
  if (!srs_ask("reverse", recipient->shown.s, 0, &answer))
    refuse(d, 451, "4.3.0", recipient, "it cannot be found out now whose address this is");
  else {
    const char *address = record_get(&answer, "address");
    if (record_is(&answer, "answer", "yes") && address_parse(&original, address, strlen(address)) == ADDRESS_FULL)
      decide(tables, f, recipient, &original, all, d);
    else if (record_is(&answer, "error", "expired"))
      refuse(d, 550, "5.1.1", recipient, "Recipient address rejected: it was made for a report, and is too old");
    else
      refuse(d, 550, "5.7.1", recipient, "Recipient address rejected: not an address that was made here");
  }
  address_free(&original);
  text_free(&answer);
  return true;
}
