#include "send/sts_find.h"

#include <string.h>
#include <time.h>

#include "lib/dns_text.h"
#include "lib/log.h"
#include "send/sts_store.h"

enum { USED_STEP = 86400 }; /* when a policy was used is known to the day */

void send_sts_found_free(struct sts_found *s)
{
  send_sts_entry_free(&s->entry);
  text_free(&s->reason);
  text_free(&s->host);
}

static void ask(struct sts_found *s, const char *domain)
{
  text name = TEXT_ZERO, records = TEXT_ZERO;

  s->domain = domain;
  text_add_format(&name, "_mta-sts.%s", domain);
  s->asked = dns_find_text(text_string(&name), &records);
  s->record = send_sts_record_find(&records, s->id, &s->record_error);
  text_free(&name);
  text_free(&records);
}

/* Administrators are told of policies that could not be had (RFC 8461 3.3), unless there is none to be lost. */
static void log_failure(const struct sts_found *s)
{
  bool is_kept = send_sts_entry_is_valid(&s->entry, time(0));

  log_event("unfetched", "domain", s->domain, "id", s->id, "failure", s->failure, "reason", s->reason.s, "kept",
            is_kept ? send_sts_mode_word(s->entry.policy.mode) : "", (char *)0);
}

static void log_policy(const struct sts_found *s)
{
  text age = TEXT_ZERO;

  text_add_number(&age, s->entry.policy.max_age);
  log_event("fetched", "domain", s->domain, "id", s->entry.id, "mode", send_sts_mode_word(s->entry.policy.mode), "max_age", text_string(&age),
            "host", s->host.s, (char *)0);
  text_free(&age);
}

/* The domain is locked, the entry is what the file says. */
static void fetch(struct sts_found *s, const char *id)
{
  struct sts_fetch f = STS_FETCH_ZERO;

  send_sts_https_fetch(&f, s->domain);
  text_copy(&s->host, f.host.s);
  text_copy(&s->reason, f.reason.s);
  text_string(&s->host);
  text_string(&s->reason);
  s->failure = f.failure;
  s->is_fetched = f.result == STS_FETCH_DONE;
  s->is_blocked = f.result == STS_FETCH_BLOCKED;
  if (s->is_fetched)
    send_sts_entry_succeed(&s->entry, &f.policy, id, time(0));
  else if (!s->is_blocked)
    send_sts_entry_fail(&s->entry, f.failure, s->reason.s, id, time(0));
  if (s->is_fetched) log_policy(s);
  if (!s->is_fetched) log_failure(s);
  if (!s->is_blocked) send_sts_store_write(s->domain, &s->entry);
  send_sts_fetch_free(&f);
}

/* One asks the policy host, the others wait and then find what came (RFC 8461 3.3: it is not to be overwhelmed). */
static enum sts_step fetch_once(struct sts_found *s)
{
  send_sts_store_lock(s->domain, true);
  send_sts_store_read(s->domain, &s->entry);
  enum sts_step step = send_sts_entry_step(&s->entry, s->record, s->id, time(0));
  if (step == STS_STEP_FETCH) {
    if (!s->entry.used) s->entry.used = time(0);
    fetch(s, s->id);
    step = s->is_fetched || send_sts_entry_is_valid(&s->entry, time(0)) ? STS_STEP_USE : STS_STEP_NONE;
  } else
    s->is_fetched = step == STS_STEP_USE;
  send_sts_store_unlock();
  return step;
}

/* Why there is no policy, or not a newer one, where no fetch has just told it. */
static void explain(struct sts_found *s)
{
  if (*s->failure || s->is_fetched || s->is_blocked) return;
  if (s->record == STS_RECORD_INVALID) {
    s->failure = "sts-policy-invalid";
    text_copy(&s->reason, "the TXT record cannot be used: ");
    text_add(&s->reason, s->record_error);
  } else if (s->record == STS_RECORD_FOUND && s->entry.failed) {
    s->failure = text_string(&s->entry.failure);
    text_copy(&s->reason, text_string(&s->entry.reason));
  }
}

void send_sts_find(struct sts_found *s, const char *domain)
{
  enum sts_step step;

  ask(s, domain);
  send_sts_store_read(domain, &s->entry);
  step = send_sts_entry_step(&s->entry, s->record, s->id, time(0));
  if (step == STS_STEP_FETCH) step = fetch_once(s);
  s->has_policy = step == STS_STEP_USE;
  if (s->has_policy) s->is_blocked = false;
  explain(s);
  text_string(&s->reason);
  text_string(&s->host);
}

void send_sts_try(struct sts_found *s, const char *domain)
{
  ask(s, domain);
  send_sts_store_lock(domain, true);
  send_sts_store_read(domain, &s->entry);
  if (s->record == STS_RECORD_FOUND) fetch(s, s->id);
  s->has_policy = s->is_fetched || send_sts_entry_is_valid(&s->entry, time(0));
  send_sts_store_unlock();
  explain(s);
  text_string(&s->reason);
  text_string(&s->host);
}

/* A record that says nothing of MTA-STS ends discovery (3.1): the policy stays for its max_age, but is not renewed. Where the
   DNS is silent, which somebody may see to, the policy host is asked all the same (10.2). True: the entry was written. */
static bool renew(struct sts_found *s)
{
  ask(s, s->domain);
  if (s->record != STS_RECORD_FOUND && s->asked != DNS_LATER) return false;
  fetch(s, s->record == STS_RECORD_FOUND ? s->id : s->entry.id);
  return !s->is_blocked;
}

void send_sts_refresh(const char *domain, bool is_used)
{
  struct sts_found s = STS_FOUND_ZERO;
  int64_t now = time(0);

  s.domain = domain;
  if (!send_sts_store_lock(domain, false)) return; /* somebody is at it */
  if (send_sts_store_read(domain, &s.entry)) {
    bool is_noted = is_used && (now < s.entry.used || now - s.entry.used >= USED_STEP);
    if (is_noted) s.entry.used = now;
    bool is_written = send_sts_entry_is_due(&s.entry, now) && renew(&s);
    if (is_noted && !is_written) send_sts_store_write(domain, &s.entry);
  }
  send_sts_store_unlock();
  send_sts_found_free(&s);
}
