#include <string.h>

#include "lib/policy_expand.h"
#include "lib/policy_relay.h"

/* "<a>: Recipient address rejected: why", or what stands for it. */
static void say(struct policy_decision *d, const struct address *asked, const char *what)
{
  text_clear(&d->text);
  text_add_char(&d->text, '<');
  text_add_text(&d->text, &asked->shown);
  text_add(&d->text, ">: ");
  text_add(&d->text, what);
  text_string(&d->text);
}

static void refuse(struct policy_decision *d, const struct address *asked, unsigned int code, const char *status, const char *rule,
                   const char *from, const char *what)
{
  policy_decide(d, code, status, rule, from);
  say(d, asked, what);
}

static void accept(struct policy_decision *d, const char *rule, const char *from)
{
  policy_decide(d, 250, "2.1.5", rule, from);
  text_add(&d->text, "Ok");
  text_string(&d->text);
}

static void explain_nowhere(const struct expansion *x, struct policy_decision *d)
{
  if (x->is_closed)
    refuse(d, x->asked, 550, "5.2.1", "mailbox-disabled", x->from.s, "Recipient address rejected: mailbox is disabled");
  else if (policy_is_postmaster(x->asked, x->facts->delimiter))
    refuse(d, x->asked, 451, "4.3.5", "no-postmaster", "control/doublebounceto", "nobody is set up to read this mail yet");
  else if (x->is_loop)
    refuse(d, x->asked, 550, "5.4.6", "address-loop", x->from.s, "Recipient address rejected: it leads back to itself");
  else
    refuse(d, x->asked, 550, "5.1.1", "unknown-user", x->from.s, "Recipient address rejected: User unknown");
}

static void decide(const struct expansion *x, struct policy_decision *d)
{
  if (x->is_broken)
    refuse(d, x->asked, 451, "4.3.0", "tables", "tables/current/policy.cdb", "the address tables cannot be read");
  else if (x->excess)
    refuse(d, x->asked, 451, "4.3.5", "expansion-limit", x->from.s, x->excess);
  else if (x->is_internal)
    refuse(d, x->asked, 554, "5.7.1", "internal", x->from.s, "Recipient address rejected: access denied");
  else if (!x->found.count)
    explain_nowhere(x, d);
  else if (x->full == x->found.count)
    refuse(d, x->asked, 552, "5.2.2", "mailbox-full", x->from.s, "Recipient address rejected: Mailbox is full");
  else
    accept(d, x->rule, x->from.s);
}

static bool has_place(const struct policy_facts *facts, const struct address *recipient, struct policy_decision *d)
{
  if (recipient->is_literal)
    refuse(d, recipient, 550, "5.1.2", "address-literal", "", "Recipient address rejected: mail goes to domain names only");
  else if (!*recipient->domain && !policy_is_postmaster(recipient, facts->delimiter))
    refuse(d, recipient, 553, "5.1.3", "no-domain", "", "Recipient address rejected: it has no domain");
  else
    return true;
  return false;
}

static void add_all(const struct expansion *x, const char *bypass, struct policy_destinations *all)
{
  struct policy_destination one;
  size_t at = 0;

  while (policy_destinations_next(&x->found, &at, &one)) {
    one.bypass = bypass;
    policy_destinations_add(all, &one);
  }
  if (*x->asked->domain) names_add(&all->domains, x->asked->domain);
}

static void expand(struct expansion *x, struct policy_destinations *all, struct policy_decision *d)
{
  const struct policy_ask *ask = x->facts->ask;

  if (!has_place(x->facts, x->asked, d)) return;
  policy_expansion_run(x);
  decide(x, d);
  if (x->is_public && x->must_ask && policy_is_accepted(d) && ask && ask->verify) ask->verify(ask->to, x->asked, d);
  if (policy_is_accepted(d)) add_all(x, policy_bypass_recipient(x->tables, x->asked), all);
  policy_expansion_free(x);
}

void policy_expand(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                   struct policy_destinations *all, struct policy_decision *d)
{
  struct expansion x = { .tables = tables, .facts = facts, .asked = recipient };
  expand(&x, all, d);
}

/* S-24: a backend's domain without a relay rule has no way out of here but to domains of ours. */
static bool has_way_out(struct tables *tables, const struct policy_facts *f)
{
  text record = TEXT_ZERO;
  bool has = policy_relay_find(tables, "sender", f->sender, &record) != LOOKUP_ABSENT ||
             policy_relay_find(tables, "default", 0, &record) != LOOKUP_ABSENT;

  text_free(&record);
  return has;
}

/* Is the domain ours? An address without one is: it is this host's. */
static enum lookup_result find_domain(struct tables *tables, const struct address *recipient)
{
  text record = TEXT_ZERO;
  enum lookup_result result = *recipient->domain ? tables_find(tables, "domain", recipient->domain, &record) : LOOKUP_FOUND;

  text_free(&record);
  return result;
}

/* postmaster@ME, though ME is no domain of ours: who answers to what this host says of itself reaches somebody (RFC 5321
   4.5.1). He is the one that an address without a domain leads to. */
static bool is_of_host(const struct policy_facts *f, const struct address *recipient, struct address *bare)
{
  static const char path[] = "<postmaster>";
  size_t used;

  return policy_is_postmaster(recipient, f->delimiter) && f->me && string_is_nocase(recipient->domain, f->me) &&
         address_parse_path(bare, path, sizeof path - 1, &used) == ADDRESS_LOCAL;
}

static void decide_recipient(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                             struct policy_destinations *all, struct policy_decision *d)
{
  struct expansion x = { .tables = tables, .facts = facts, .asked = recipient };
  bool is_ours = find_domain(tables, recipient) != LOOKUP_ABSENT; /* a broken table is told by the expansion */

  x.is_public = policy_is_stranger(facts) && facts->role != POLICY_LMTP; /* N-40 */
  bool is_full = is_ours || facts->role != POLICY_SUBMISSION || recipient->is_literal || strchr(recipient->domain, '.');
  if (!is_ours && policy_is_stranger(facts)) /* N-98, P-30 */
    refuse(d, recipient, 554, "5.7.1", "relay-denied", "control/domains", "Relay access denied");
  else if (!is_full) /* RFC 6409 4.2 */
    refuse(d, recipient, 554, "5.1.2", "domain-not-full", "", "Recipient address rejected: its domain is not fully qualified");
  else if (!is_ours && facts->backend && *facts->backend && !has_way_out(tables, facts))
    refuse(d, recipient, 550, "5.7.1", "untransportable", "control/relayrules", "Recipient address rejected: untransportable");
  else
    expand(&x, all, d);
}

void policy_recipient(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                      struct policy_destinations *all, struct policy_decision *d)
{
  struct address bare = ADDRESS_ZERO;
  bool is_hosts = is_of_host(facts, recipient, &bare) && find_domain(tables, recipient) == LOOKUP_ABSENT;

  decide_recipient(tables, facts, is_hosts ? &bare : recipient, all, d);
  address_free(&bare);
}
