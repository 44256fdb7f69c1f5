#include <string.h>

#include "lib/policy_owner.h"

/* "<a>: what: why". */
static void say(struct policy_decision *d, const struct address *sender, const char *what, const char *why)
{
  text_clear(&d->text);
  text_add_char(&d->text, '<');
  if (sender) text_add_text(&d->text, &sender->shown);
  text_add(&d->text, ">: ");
  text_add(&d->text, what);
  if (*why) text_add(&d->text, ": ");
  text_add(&d->text, why);
  text_string(&d->text);
}

static void refuse(struct policy_decision *d, const struct address *sender, unsigned int code, const char *rule, const char *from,
                   const char *why)
{
  policy_decide(d, code, "5.7.1", rule, from);
  say(d, sender, "Sender address rejected", why);
}

static void tables_broken(struct policy_decision *d)
{
  policy_decide(d, 451, "4.3.0", "tables", "tables/current/policy.cdb");
  text_add(&d->text, "the address tables cannot be read");
  text_string(&d->text);
}

/* control/block: the address, its domain, then the domains that it is below (N-64, T2). */
static enum lookup_result find_block(struct tables *tables, const struct address *sender, text *record)
{
  enum lookup_result result = tables_find(tables, "block", sender->folded.s, record);

  if (result == LOOKUP_ABSENT) result = tables_find(tables, "block", sender->domain, record);
  for (const char *dot = strchr(sender->domain, '.'); dot && result == LOOKUP_ABSENT; dot = strchr(dot + 1, '.'))
    result = tables_find(tables, "block", dot, record);
  return result;
}

static bool check_block(struct tables *tables, const struct policy_facts *facts, const struct address *sender,
                        struct policy_decision *d)
{
  text record = TEXT_ZERO;
  enum lookup_result result = find_block(tables, sender, &record);

  if (result == LOOKUP_FOUND && !*policy_bypass(tables, facts, sender)) {
    policy_decide(d, 554, "5.7.1", "block", record_get(&record, "file"));
    text_add_format(&d->from, ", line %s", record_get(&record, "line"));
    text_string(&d->from);
    say(d, sender, record_is(&record, "kind", "suffix")   ? "Sender domain suffix rejected"
                   : record_is(&record, "kind", "domain") ? "Sender domain rejected"
                                                          : "Sender address rejected", record_get(&record, "text"));
  }
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

/* RFC 6409 4.2: on the submission ports a domain is fully qualified, or one of ours. */
static bool check_full(struct tables *tables, const struct policy_facts *f, const struct address *sender, struct policy_decision *d)
{
  text record = TEXT_ZERO;

  if (f->role != POLICY_SUBMISSION || sender->is_literal || strchr(sender->domain, '.')) return true;
  enum lookup_result result = tables_find(tables, "domain", sender->domain, &record);
  if (result == LOOKUP_ABSENT) {
    policy_decide(d, 554, "5.1.8", "domain-not-full", "");
    say(d, sender, "Sender address rejected", "its domain is not fully qualified");
  }
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

/* A stranger with a sender of ours (T16), or of a domain that we only pass on (S-25). */
static bool check_spoof(struct tables *tables, const struct policy_facts *f, const struct address *sender,
                        struct policy_decision *d)
{
  text record = TEXT_ZERO;

  if (!f->spoof_mx || f->role != POLICY_MX || !policy_is_stranger(f)) return true;
  enum lookup_result result = tables_find(tables, "domain", sender->domain, &record);
  if (result == LOOKUP_FOUND && *record_get(&record, "relay"))
    refuse(d, sender, 554, "spoof", "control/spoofmx", "Inbound relay refuses internal sender domains");
  else if (result == LOOKUP_FOUND)
    refuse(d, sender, 553, "spoof", "control/spoofmx", "not logged in");
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

/* L-16: a login with a list of senders (an instance of its own) has these and no other. */
static void check_allowed(const struct policy_facts *f, const text *list, const struct address *sender,
                          struct policy_decision *d)
{
  text why = TEXT_ZERO;
  size_t at = 0, count = 0;

  if (record_has(list, "address", sender->folded.s) || record_has(list, "domain", sender->domain)) return;
  while (record_next(list, "address", &at)) count++;
  text_add_format(&why, "not one of the %zu senders of %s", count, f->login);
  if (record_find(list, "limit")) text_add_format(&why, ", who may have %s", record_get(list, "limit"));
  refuse(d, sender, 553, "sender-not-allowed", record_get(list, "file"), text_string(&why));
  text_free(&why);
}

/* S-22 */
static bool check_backend(struct tables *tables, const struct policy_facts *f, const struct address *sender,
                          struct policy_decision *d)
{
  text record = TEXT_ZERO, why = TEXT_ZERO;
  enum lookup_result result = tables_find(tables, "backend", f->backend, &record);

  if (result == LOOKUP_FOUND && !record_has(&record, "domain", sender->domain)) {
    text_add_format(&why, "not a domain of %s", f->backend);
    refuse(d, sender, 554, "backend-domain", record_get(&record, "file"), text_string(&why));
  }
  text_free(&record);
  text_free(&why);
  return result != LOOKUP_BROKEN;
}

/* A user of this host is NAME at this host. */
static bool is_own_name(const struct policy_facts *f, const struct address *sender)
{
  return f->role == POLICY_INJECT && string_is_nocase(f->login, sender->local) && string_is_nocase(f->me, sender->domain);
}

static bool check_match(struct tables *tables, const struct policy_facts *f, const struct address *sender, const char *setting,
                        struct policy_decision *d)
{
  text why = TEXT_ZERO;

  if (is_own_name(f, sender)) return true;
  enum policy_right right = policy_may_send_as(tables, f, sender);
  if (right == POLICY_NO_RIGHT) {
    text_add_format(&why, "not owned by user %s", f->login);
    refuse(d, sender, 553, "sender-not-owned", setting, text_string(&why));
  }
  text_free(&why);
  return right != POLICY_RIGHT_UNKNOWN;
}

/* Whose sender is it: by the list of the login, else by the backend's domains, else by the addresses of the mailbox, unless it
   comes from our networks (N-98). */
static bool check_identity(struct tables *tables, const struct policy_facts *f, const struct address *sender, const char *setting,
                           struct policy_decision *d)
{
  text list = TEXT_ZERO, login = TEXT_ZERO;
  enum lookup_result listed = LOOKUP_ABSENT;
  bool is_readable = true;

  if (f->login) {
    text_add(&login, f->login);
    text_lower(&login);
    listed = tables_find(tables, "allowed", text_string(&login), &list);
  }
  if (listed == LOOKUP_FOUND)
    check_allowed(f, &list, sender, d);
  else if (f->backend && *f->backend)
    is_readable = check_backend(tables, f, sender, d);
  else if (setting && f->login && !f->is_trusted)
    is_readable = check_match(tables, f, sender, setting, d);
  text_free(&list);
  text_free(&login);
  return is_readable && listed != LOOKUP_BROKEN;
}

/* Is sending switched off for this mailbox? Then the decision says so. */
static bool check_submit(struct tables *tables, const char *mailbox, const struct address *sender,
                         struct policy_decision *d)
{
  text record = TEXT_ZERO;

  if (!*mailbox) return true;
  enum lookup_result result = tables_find(tables, "mailbox", mailbox, &record);
  if (result == LOOKUP_FOUND && record_is(&record, "submit", "no"))
    refuse(d, sender, 554, "sending-disabled", record_get(&record, "from"), "sending is disabled");
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

/* P-21: who of the directory server's people may no longer send is not known any more; those of directory/ are here. */
static void check_age(const struct policy_facts *f, const text *mailbox, struct policy_decision *d)
{
  if (!f->is_directory_old || strncmp(record_get(mailbox, "from"), "state/directory/", 16)) return;
  policy_decide(d, 451, "4.3.0", "directory-old", "control/directorymaxage");
  text_add(&d->text, "the directory has not been heard of for too long");
  text_string(&d->text);
}

/* An account or a backend that is gone since it logged in has no rights left in the session that is open still (T17, P-12). */
static bool check_login(struct tables *tables, const struct policy_facts *f, const struct address *sender,
                        struct policy_decision *d)
{
  text record = TEXT_ZERO;
  bool has_mailbox = f->mailbox && *f->mailbox, is_backend = f->backend && *f->backend;
  enum lookup_result result = LOOKUP_FOUND;

  if (f->login && (has_mailbox || is_backend))
    result = tables_find(tables, has_mailbox ? "mailbox" : "backend", has_mailbox ? f->mailbox : f->backend, &record);
  if (result == LOOKUP_ABSENT) refuse(d, sender, 554, "login-gone", "", "sending is disabled");
  if (result == LOOKUP_FOUND && has_mailbox) check_age(f, &record, d);
  text_free(&record);
  return result != LOOKUP_BROKEN;
}

/* First the match, then the switch (P-14): of who owns the sender, and of who has logged in. */
static bool check_switches(struct tables *tables, const struct policy_facts *f, const struct address *sender,
                           struct policy_decision *d)
{
  text owner = TEXT_ZERO;
  bool is_readable = !sender || policy_owner(tables, f->delimiter, sender, &owner);

  if (is_readable && sender) is_readable = check_submit(tables, owner.s, sender, d);
  if (is_readable && policy_is_accepted(d)) is_readable = check_login(tables, f, sender, d);
  if (is_readable && f->mailbox && policy_is_accepted(d)) is_readable = check_submit(tables, f->mailbox, sender, d);
  text_free(&owner);
  return is_readable;
}

static void accept(struct policy_decision *d, const char *rule)
{
  policy_decide(d, 250, "2.1.0", rule, "");
  text_add(&d->text, "Ok");
  text_string(&d->text);
}

void policy_sender(struct tables *tables, const struct policy_facts *f, const struct address *sender,
                   struct policy_decision *d)
{
  const char *setting = f->enforce_sender ? "control/enforcesender" : 0;
  bool is_readable = true;

  accept(d, sender ? "sender" : "null-sender");
  if (sender) {
    is_readable = check_block(tables, f, sender, d);
    if (is_readable && policy_is_accepted(d)) is_readable = check_full(tables, f, sender, d);
    if (is_readable && policy_is_accepted(d)) is_readable = check_spoof(tables, f, sender, d);
    if (is_readable && policy_is_accepted(d)) is_readable = check_identity(tables, f, sender, setting, d);
  }
  if (is_readable && policy_is_accepted(d)) is_readable = check_switches(tables, f, sender, d);
  if (!is_readable) tables_broken(d);
}

void policy_from(struct tables *tables, const struct policy_facts *f, const struct address *from, struct policy_decision *d)
{
  struct policy_facts known = *f;

  if (!f->enforce_from) known.backend = 0; /* what its users pass on was written by others */
  accept(d, "from");
  if (!check_identity(tables, &known, from, f->enforce_from ? "control/enforcefrom" : 0, d)) tables_broken(d);
}
