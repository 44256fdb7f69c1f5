#include <string.h>

#include "lib/policy.h"

static void copy(text *to, const text *record, const char *key)
{
  text_copy(to, record_get(record, key));
  text_string(to);
}

/* By login, by certificate, by network: the first that is known (S-21). */
static enum lookup_result find_backend(struct tables *tables, const struct policy_facts *f, text *record)
{
  enum lookup_result result = LOOKUP_ABSENT;

  if (f->fingerprint && *f->fingerprint) result = tables_find(tables, "fingerprint", f->fingerprint, record);
  return result == LOOKUP_ABSENT ? policy_network_find(tables, "backend", f->ip, record) : result;
}

bool policy_know_client(struct tables *tables, struct policy_facts *facts, struct policy_standing *standing)
{
  text record = TEXT_ZERO;
  enum lookup_result trusted = policy_network_find(tables, "mynetworks", facts->ip, &record), backend = LOOKUP_FOUND;

  standing->is_trusted = trusted == LOOKUP_FOUND;
  if (facts->login)
    text_copy(&standing->backend, facts->backend ? facts->backend : "");
  else if ((backend = find_backend(tables, facts, &record)) == LOOKUP_FOUND)
    copy(&standing->backend, &record, "backend");
  else
    text_clear(&standing->backend);
  facts->is_trusted = standing->is_trusted;
  facts->backend = text_string(&standing->backend);
  text_free(&record);
  return trusted != LOOKUP_BROKEN && backend != LOOKUP_BROKEN;
}

bool policy_is_stranger(const struct policy_facts *f)
{
  return !f->login && !f->is_trusted && !(f->backend && *f->backend) && f->role != POLICY_INJECT;
}

void policy_client(const struct policy_facts *facts, struct policy_decision *d)
{
  bool is_known = facts->login || (facts->is_tls && facts->backend && *facts->backend);

  if (facts->role != POLICY_SUBMISSION || is_known) {
    policy_decide(d, 250, "2.1.0", facts->login ? "login" : is_known ? "backend" : "client", "");
    text_add(&d->text, "Ok");
  } else {
    policy_decide(d, 530, "5.7.0", "submission-needs-login", "");
    text_add(&d->text, facts->is_tls ? "Authentication required" : "Must issue a STARTTLS command first");
  }
  text_string(&d->text);
}

static const char *bypass_of(const text *record) { return record_is(record, "av", "yes") ? "av" : "yes"; }

const char *policy_bypass(struct tables *tables, const struct policy_facts *facts, const struct address *sender)
{
  text record = TEXT_ZERO;
  const char *bypass = "";

  if (policy_network_find(tables, "bypass", facts->ip, &record) == LOOKUP_FOUND ||
      (sender && (tables_find(tables, "bypass:sender", sender->folded.s, &record) == LOOKUP_FOUND ||
                  tables_find(tables, "bypass:sender", sender->domain, &record) == LOOKUP_FOUND)))
    bypass = bypass_of(&record);
  text_free(&record);
  return bypass;
}

const char *policy_bypass_recipient(struct tables *tables, const struct address *recipient)
{
  text record = TEXT_ZERO;
  const char *bypass = "";

  if (tables_find(tables, "bypass:recipient", recipient->folded.s, &record) == LOOKUP_FOUND ||
      (*recipient->domain && tables_find(tables, "bypass:recipient", recipient->domain, &record) == LOOKUP_FOUND))
    bypass = bypass_of(&record);
  text_free(&record);
  return bypass;
}
