#include "lib/srs_ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/srs.h"

enum { ANSWER_SECONDS = 20, HASTY_MS = 2000 };

/* For who waits for nothing else meanwhile. */
static bool call_now(const text *request, text *answer)
{
  int socket = call_open_now("srs-server");
  struct pollfd wait = { .fd = socket, .events = POLLIN };

  if (socket == -1) return false;
  bool heard = call_send(socket, request, 0, 0) && poll(&wait, 1, HASTY_MS) == 1 && call_receive(socket, answer, 0, 0) == CALL_DONE;
  close(socket);
  return heard;
}

/* what: "forward" or "reverse" (doc/calls.md). False: no answer. answer is a yes or a no. */
static bool ask(const char *what, const char *address, const char *domain, bool is_hasty, text *answer)
{
  text request = TEXT_ZERO;

  record_add(&request, "what", what);
  record_add(&request, "address", address);
  if (domain) record_add(&request, "domain", domain);
  errno = 0;
  bool heard = is_hasty ? call_now(&request, answer) : call_ask("srs-server", &request, 0, 0, answer, 0, ANSWER_SECONDS) == CALL_DONE;
  if (!heard) log_event("failed", "what", "ask srs-server", "error", errno ? strerror(errno) : "no answer", (char *)0);
  text_free(&request);
  return heard;
}

/* What cannot be rewritten stays. */
static bool find_sender(struct srs_ask *f, const char *sender)
{
  text answer = TEXT_ZERO;
  bool heard = ask("forward", sender, f->domain.s, f->is_hasty, &answer);

  text_clear(&f->answer);
  if (heard && record_is(&answer, "answer", "yes"))
    text_add(&f->answer, record_get(&answer, "address"));
  else if (heard)
    log_event("not-rewritten", "from", sender, "domain", f->domain.s, "error", record_get(&answer, "error"), (char *)0);
  text_free(&answer);
  return heard;
}

static bool forward(struct srs_ask *f, const struct address *sender, const text *domain)
{
  if (!f->has_settings) {
    conf_value("srsdomain", &f->own_domain, "");
    f->is_wanted = conf_is_yes("srs", true);
    f->has_settings = true;
  }
  if (!f->is_wanted || f->is_away) return !f->is_away;
  if (f->own_domain.len) domain = &f->own_domain;
  if (text_equal(&f->domain, domain)) return true;
  text_copy_bytes(&f->domain, domain->s, domain->len);
  text_string(&f->domain);
  f->is_away = !find_sender(f, sender->shown.s);
  return !f->is_away;
}

bool srs_ask_forward(struct srs_ask *f, struct tables *tables, const struct address *sender, const struct policy_destination *one)
{
  text domain = TEXT_ZERO;
  bool heard = true;

  text_clear(&f->address);
  if (policy_needs_srs(tables, sender, one, &domain)) {
    heard = forward(f, sender, &domain);
    if (f->is_wanted && heard) text_add_text(&f->address, &f->answer);
  }
  text_string(&f->address);
  text_free(&domain);
  return heard;
}

void srs_ask_free(struct srs_ask *f)
{
  text_free(&f->own_domain);
  text_free(&f->domain);
  text_free(&f->answer);
  text_free(&f->address);
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
  if (!ask("reverse", recipient->shown.s, 0, false, &answer))
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
