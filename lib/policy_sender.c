#include <string.h>

#include "lib/policy.h"

void policy_client(const struct policy_facts *facts, struct policy_decision *d)
{
  if (facts->role != POLICY_SUBMISSION || facts->login) {
    policy_decide(d, 250, "2.1.0", facts->login ? "login" : "client", "");
    text_add(&d->text, "Ok");
  } else {
    policy_decide(d, 530, "5.7.0", "submission-needs-login", "");
    text_add(&d->text, facts->is_tls ? "Authentication required" : "Must issue a STARTTLS command first");
  }
  text_string(&d->text);
}

static void reject(struct policy_decision *d, const struct address *sender, const char *why)
{
  text_add_char(&d->text, '<');
  if (sender) text_add_text(&d->text, &sender->shown);
  text_add(&d->text, ">: Sender address rejected: ");
  text_add(&d->text, why);
  text_string(&d->text);
}

static void tables_broken(struct policy_decision *d)
{
  policy_decide(d, 451, "4.3.0", "tables", "tables/current/policy.cdb");
  text_add(&d->text, "the address tables cannot be read");
  text_string(&d->text);
}

/* The one mailbox that holds the address alone: only it owns the address (T5, T6). mailbox is "" if there is none. */
static bool find_owner(struct tables *tables, const struct address *sender, text *mailbox)
{
  text record = TEXT_ZERO;
  enum lookup_result result = tables_find(tables, "address", sender->folded.s, &record);

  text_clear(mailbox);
  if (result == LOOKUP_FOUND) {
    size_t at = 0;
    const char *key = record_next(&record, "mailbox", &at);
    if (key && !record_next(&record, "mailbox", &at)) text_add(mailbox, key);
  }
  text_string(mailbox);
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

/* Is sending switched off for this mailbox? Then the decision says so. False if the tables cannot be read. */
static bool check_submit(struct tables *tables, const char *mailbox, const struct address *sender,
                         struct policy_decision *d)
{
  text record = TEXT_ZERO;

  if (!*mailbox) return true;
  enum lookup_result result = tables_find(tables, "mailbox", mailbox, &record);
  if (result == LOOKUP_FOUND && record_is(&record, "submit", "no")) {
    policy_decide(d, 554, "5.7.1", "sending-disabled", record_get(&record, "from"));
    reject(d, sender, "sending is disabled");
  }
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

static void check_owner(const struct policy_facts *facts, const struct address *sender, const char *owner,
                        struct policy_decision *d)
{
  text why = TEXT_ZERO;

  if (!facts->enforce_sender || !facts->login || (*owner && facts->mailbox && !strcmp(owner, facts->mailbox))) return;
  policy_decide(d, 553, "5.7.1", "sender-not-owned", "control/enforcesender");
  text_add(&why, "not owned by user ");
  text_add(&why, facts->login);
  reject(d, sender, text_string(&why));
  text_free(&why);
}

void policy_sender(struct tables *tables, const struct policy_facts *facts, const struct address *sender,
                   struct policy_decision *d)
{
  text owner = TEXT_ZERO;
  bool readable = true;

  policy_decide(d, 250, "2.1.0", sender ? "sender" : "null-sender", "");
  text_add(&d->text, "Ok");
  text_string(&d->text);
  if (sender) {
    readable = find_owner(tables, sender, &owner);
    if (readable) check_owner(facts, sender, owner.s, d); /* first the match, then the switch: P-14 */
    if (readable && policy_is_accepted(d)) readable = check_submit(tables, owner.s, sender, d);
  }
  if (readable && policy_is_accepted(d) && facts->mailbox) readable = check_submit(tables, facts->mailbox, sender, d);
  if (!readable) tables_broken(d);
  text_free(&owner);
}
