#include <string.h>

#include "lib/policy.h"

/* Expanding one recipient: addresses that wait to be looked up, and what came out so far. */
struct expansion {
  struct tables *tables;
  const struct policy_facts *facts;
  const struct address *asked;
  struct policy_destinations found;
  struct names seen;
  text waiting;   /* addresses, each ended by a NUL */
  text from;      /* what the first record said: the file, and the entry */
  bool is_broken; /* a table cannot be read */
  bool is_closed; /* it leads to a mailbox that receives nothing */
};

static enum lookup_result find(struct expansion *x, const char *kind, const char *key, text *record)
{
  enum lookup_result result = tables_find(x->tables, kind, key, record);
  if (result == LOOKUP_BROKEN) x->is_broken = true;
  return result;
}

static void note_from(struct expansion *x, const char *from)
{
  if (!x->from.len) text_copy(&x->from, from);
}

/* Each address once, so that a loop of aliases ends. */
static void wait_for(struct expansion *x, const char *address)
{
  text folded = TEXT_ZERO;

  text_add(&folded, address);
  text_lower(&folded);
  if (names_add(&x->seen, text_string(&folded))) text_add_bytes(&x->waiting, address, strlen(address) + 1);
  text_free(&folded);
}

static void add(struct expansion *x, const char *address, const char *mailbox)
{
  struct policy_destination one = {
    .address = address, .mailbox = mailbox, .original = x->asked->shown.s, .detail = "", .via = ""
  };
  policy_destinations_add(&x->found, &one);
}

/* It gets its own address (of a list, each member's): what was asked for stays beside it. */
static void add_mailbox(struct expansion *x, const char *address, const char *key)
{
  text record = TEXT_ZERO;

  if (find(x, "mailbox", key, &record) == LOOKUP_FOUND) {
    if (record_is(&record, "receive", "no")) {
      x->is_closed = true;
      note_from(x, record_get(&record, "from"));
    } else
      add(x, *record_get(&record, "name") ? record_get(&record, "name") : address, key);
  }
  text_free(&record);
}

/* An address of ours. True if the tables have it. */
static bool follow(struct expansion *x, const char *shown, const char *folded)
{
  text record = TEXT_ZERO;
  size_t at = 0;
  bool known = find(x, "address", folded, &record) == LOOKUP_FOUND;

  if (known) {
    for (const char *key; (key = record_next(&record, "mailbox", &at));) add_mailbox(x, shown, key);
    at = 0;
    for (const char *forward; (forward = record_next(&record, "forward", &at));) wait_for(x, forward);
    note_from(x, record_get(&record, "from"));
  }
  text_free(&record);
  return known;
}

static bool is_postmaster(const struct address *a) { return !strcmp(a->local, "postmaster"); }

/* A postmaster without an address of its own: the one of control, then the one of this host. */
static void find_postmaster(struct expansion *x)
{
  text of_host = TEXT_ZERO;

  if (*x->facts->postmaster) {
    wait_for(x, x->facts->postmaster);
    note_from(x, "control/doublebounceto");
  } else {
    text_add(&of_host, "postmaster@");
    text_add(&of_host, x->facts->me);
    text_lower(&of_host);
    follow(x, text_string(&of_host), of_host.s);
    text_free(&of_host);
  }
}

static void look_up(struct expansion *x, const char *string)
{
  struct address address = ADDRESS_ZERO;
  text record = TEXT_ZERO;

  if (address_parse(&address, string, strlen(string)) == ADDRESS_FULL && !address.is_literal)
    switch (find(x, "domain", address.domain, &record)) {
    case LOOKUP_BROKEN: break;
    case LOOKUP_ABSENT: add(x, address.shown.s, ""); break;
    case LOOKUP_FOUND:
      if (!follow(x, address.shown.s, address.folded.s) && is_postmaster(&address)) find_postmaster(x);
      note_from(x, record_get(&record, "file"));
    }
  address_free(&address);
  text_free(&record);
}

static void expand(struct expansion *x)
{
  size_t at = 0;

  if (*x->asked->domain)
    wait_for(x, x->asked->shown.s);
  else
    find_postmaster(x);
  while (at < x->waiting.len && !x->is_broken) {
    text next = TEXT_ZERO; /* a copy: waiting may move while it grows */
    text_add(&next, x->waiting.s + at);
    at += next.len + 1;
    look_up(x, text_string(&next));
    text_free(&next);
  }
}

static void expansion_free(struct expansion *x)
{
  policy_destinations_free(&x->found);
  names_free(&x->seen);
  text_free(&x->waiting);
  text_free(&x->from);
}

/* "<a>: Recipient address rejected: why", or what stands for it. */
static void say(struct policy_decision *d, const struct address *asked, const char *what)
{
  text_add_char(&d->text, '<');
  text_add_text(&d->text, &asked->shown);
  text_add(&d->text, ">: ");
  text_add(&d->text, what);
  text_string(&d->text);
}

static void accept_all(struct expansion *x, struct policy_destinations *all, struct policy_decision *d, const char *rule)
{
  struct policy_destination one;
  size_t at = 0;

  while (policy_destinations_next(&x->found, &at, &one)) policy_destinations_add(all, &one);
  policy_decide(d, 250, "2.1.5", rule, text_string(&x->from));
  text_add(&d->text, "Ok");
  text_string(&d->text);
}

static void decide(struct expansion *x, struct policy_destinations *all, struct policy_decision *d, const char *rule)
{
  text_string(&x->from);
  if (x->is_broken) {
    policy_decide(d, 451, "4.3.0", "tables", "tables/current/policy.cdb");
    say(d, x->asked, "the address tables cannot be read");
  } else if (x->found.count)
    accept_all(x, all, d, rule);
  else if (x->is_closed) {
    policy_decide(d, 550, "5.2.1", "mailbox-disabled", x->from.s);
    say(d, x->asked, "Recipient address rejected: mailbox is disabled");
  } else if (is_postmaster(x->asked)) {
    policy_decide(d, 451, "4.3.5", "no-postmaster", "control/doublebounceto");
    say(d, x->asked, "nobody is set up to read this mail yet");
  } else {
    policy_decide(d, 550, "5.1.1", "unknown-user", x->from.s);
    say(d, x->asked, "Recipient address rejected: User unknown");
  }
}

void policy_expand(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                   struct policy_destinations *all, struct policy_decision *d)
{
  struct expansion x = { .tables = tables, .facts = facts, .asked = recipient };

  if (recipient->is_literal) {
    policy_decide(d, 550, "5.1.2", "address-literal", "");
    say(d, recipient, "Recipient address rejected: mail goes to domain names only");
    return;
  }
  if (!*recipient->domain && !is_postmaster(recipient)) {
    policy_decide(d, 553, "5.1.3", "no-domain", "");
    say(d, recipient, "Recipient address rejected: it has no domain");
    return;
  }
  expand(&x);
  decide(&x, all, d, *recipient->domain ? "address" : "postmaster");
  expansion_free(&x);
}

/* Is the domain ours? An address without one is: it is this host's. */
static enum lookup_result find_domain(struct tables *tables, const struct address *recipient)
{
  text record = TEXT_ZERO;
  enum lookup_result result = *recipient->domain ? tables_find(tables, "domain", recipient->domain, &record) : LOOKUP_FOUND;

  text_free(&record);
  return result;
}

void policy_recipient(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                      struct policy_destinations *all, struct policy_decision *d)
{
  bool is_ours = find_domain(tables, recipient) != LOOKUP_ABSENT; /* a broken table is told by the expansion */

  if (is_ours || facts->role == POLICY_SUBMISSION) {
    policy_expand(tables, facts, recipient, all, d);
    if (!is_ours && policy_is_accepted(d)) d->rule = "remote";
  } else {
    policy_decide(d, 554, "5.7.1", "relay-denied", "control/domains");
    say(d, recipient, "Relay access denied");
  }
}
