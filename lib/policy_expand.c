#include "lib/policy_expand.h"

#include <string.h>

/* A list of 100,000 members, each with a forward, fits into time and memory of one session (smtpd: 128 MiB); the groups of a
   directory are flat already, so that no sane chain of addresses is longer than a few. */
enum { STEPS_MAX = 200000, DEPTH_MAX = 30, ASKED_MAX = 100 };

/* An address on the way from the recipient to its ends. */
struct branch {
  const struct branch *parent; /* 0: the recipient itself */
  const struct address *address;
  const char *mailbox; /* KEY of the mailbox that forwards; 0 */
  const char *detail;
  unsigned int depth;
  bool is_asked; /* the recipient itself, also by the other name of its domain */
};

static void visit(struct expansion *x, const struct branch *parent, const char *string, const char *via, const char *detail,
                  bool is_asked);

static void say(struct expansion *x, unsigned int depth, const char *address, const char *what, const char *rule, const char *from)
{
  const struct policy_trace *trace = x->facts->trace;
  if (trace) trace->step(trace->to, depth, address, what, rule, from);
}

static enum lookup_result find(struct expansion *x, const char *kind, const char *key, text *record)
{
  enum lookup_result result = tables_find(x->tables, kind, key, record);
  if (result == LOOKUP_BROKEN) x->is_broken = true;
  return result;
}

/* The recipient's own record names the decision; of the rest the first that has something to say. */
static void note(struct expansion *x, const char *rule, const char *from)
{
  if (!*x->rule) x->rule = rule;
  if (!x->from.len) text_copy(&x->from, from);
}

static bool is_over(const struct expansion *x) { return x->is_broken || x->excess || x->is_internal; }

static bool may_step(struct expansion *x, unsigned int depth)
{
  if (depth > DEPTH_MAX) x->excess = "it leads through more than 30 addresses";
  if (++x->steps > STEPS_MAX) x->excess = "it leads to more than 200000 addresses";
  return !is_over(x);
}

static void add(struct expansion *x, const char *address, const char *mailbox, const char *detail, const char *via)
{
  struct policy_destination one = { .address = address, .mailbox = mailbox, .original = x->asked->shown.s,
                                    .detail = detail, .via = via, .bypass = "" };
  policy_destinations_add(&x->found, &one);
}

/* It matters while all that were found are full; of a long list not all are looked for. */
static bool is_full(struct expansion *x, const char *key, const text *record)
{
  const struct policy_ask *ask = x->facts->ask;

  if (x->full < x->found.count && x->found.count > ASKED_MAX) return false;
  const char *quota = record_get(record, "quota");
  return strcmp(quota, "0") && ask && ask->is_full && ask->is_full(ask->to, key);
}

static void add_mailbox(struct expansion *x, const struct branch *b, const char *key, const text *record, const char *name)
{
  size_t before = x->found.count;

  if (is_full(x, key, record)) {
    text path = TEXT_ZERO;
    text_add_format(&path, "state/full/%s", key);
    say(x, b->depth + 1, name, "full", "mailbox-full", text_string(&path));
    add(x, name, key, b->detail, "");
    x->full += x->found.count - before;
    text_free(&path);
  } else {
    say(x, b->depth + 1, name, "mailbox", "mailbox", record_get(record, "from"));
    add(x, name, key, b->detail, "");
  }
}

static bool is_same(const char *address, const char *other)
{
  return string_is_nocase(address, other);
}

/* Forwards belong to the mailbox: every address that leads to it leads to them (N-29). One to itself means: keep a copy. */
static void follow_mailbox(struct expansion *x, const struct branch *b, const char *key, const text *record, const char *name)
{
  struct branch own = { .parent = b, .address = b->address, .mailbox = key, .detail = b->detail, .depth = b->depth + 1 };
  bool keep = record_is(record, "keep", "yes");
  size_t at = 0;

  for (const char *to; (to = record_next(record, "forward", &at));) keep = keep || is_same(to, name) || is_same(to, b->address->shown.s);
  say(x, b->depth + 1, name, "forwards", "forward", record_get(record, "from"));
  if (keep) add_mailbox(x, b, key, record, name);
  at = 0;
  for (const char *to; (to = record_next(record, "forward", &at)) && !is_over(x);)
    if (!is_same(to, name) && !is_same(to, b->address->shown.s))
      visit(x, &own, to, name, b->detail, false);
}

/* Does the mailbox forward to an address that is this mailbox's own, with nothing between? Then it keeps a copy, by whichever
   address the message came. */
static bool is_own_address(const struct branch *b, const char *key)
{
  const struct branch *p = b->parent;

  while (p && p->address == b->address && !p->mailbox) p = p->parent; /* a group's members are at its address */
  return p && p->mailbox && !strcmp(p->mailbox, key);
}

/* A mailbox that was met before: a loop, if it forwards to here. */
static void meet_mailbox_again(struct expansion *x, const struct branch *b, const char *key, const text *record, const char *name)
{
  const struct branch *p = b;

  while (p && (!p->mailbox || strcmp(p->mailbox, key))) p = p->parent;
  if (is_own_address(b, key))
    add_mailbox(x, b, key, record, name);
  else {
    if (p) x->is_loop = true;
    say(x, b->depth + 1, name, p ? "loop" : "again", p ? "address-loop" : "once", "");
  }
}

/* A mailbox gets its own address (of a list, each member's); what was asked for stays beside it. */
static void to_mailbox(struct expansion *x, const struct branch *b, const char *key)
{
  text record = TEXT_ZERO, once = TEXT_ZERO;

  text_add(&once, "mailbox:");
  text_add(&once, key);
  if (!may_step(x, b->depth)) {
    text_free(&once);
    return;
  }
  enum lookup_result result = find(x, "mailbox", key, &record);
  const char *name = record_get(&record, "name");
  if (!strchr(name, '@')) name = b->address->shown.s; /* a public mailbox has no address of its own */
  if (result == LOOKUP_ABSENT)
    say(x, b->depth + 1, key, "gone", "unknown-user", "");
  else if (!names_add(&x->seen, text_string(&once)))
    meet_mailbox_again(x, b, key, &record, name);
  else if (record_is(&record, "receive", "no")) {
    say(x, b->depth + 1, name, "disabled", "mailbox-disabled", record_get(&record, "from"));
    x->is_closed = true;
    note(x, "mailbox-disabled", record_get(&record, "from"));
  } else if (record_find(&record, "forward") && record_is(&record, "forwarding", "no")) {
    say(x, b->depth + 1, name, "not forwarded", "forwarding-off", record_get(&record, "from"));
    add_mailbox(x, b, key, &record, name);
  } else if (record_find(&record, "forward"))
    follow_mailbox(x, b, key, &record, name);
  else if (result == LOOKUP_FOUND)
    add_mailbox(x, b, key, &record, name);
  text_free(&record);
  text_free(&once);
}

/* What a record names: mailboxes and addresses. */
static void to_members(struct expansion *x, const struct branch *b, const text *record)
{
  size_t at = 0;

  for (const char *key; (key = record_next(record, "mailbox", &at)) && !is_over(x);) to_mailbox(x, b, key);
  at = 0;
  for (const char *to; (to = record_next(record, "forward", &at)) && !is_over(x);)
    visit(x, b, to, b->address->shown.s, b->detail, false);
}

/* A folder of one's own is nobody's wish for all members: the detail ends here. */
static void to_group(struct expansion *x, const struct branch *b, const char *key)
{
  struct branch members = { .parent = b, .address = b->address, .detail = "", .depth = b->depth + 1 };
  text record = TEXT_ZERO;

  if (find(x, "group", key, &record) == LOOKUP_FOUND) {
    say(x, members.depth, *record_get(&record, "name") ? record_get(&record, "name") : key, "group", "group", record_get(&record, "from"));
    if (may_step(x, members.depth)) to_members(x, &members, &record);
  } else
    say(x, members.depth, key, "gone", "unknown-user", "");
  text_free(&record);
}

static void to_elsewhere(struct expansion *x, const struct branch *b, const char *via, const char *rule, const char *from)
{
  say(x, b->depth, b->address->shown.s, "elsewhere", rule, from);
  note(x, rule, from);
  add(x, b->address->shown.s, "", "", via);
}

/* An address of a relayed domain may stand in the tables only to be known: then it is that domain's host's. */
static bool is_listed_only(const struct policy_lookup *l, const struct address *a)
{
  const char *forward = record_get(&l->record, "forward");
  return l->is_relayed && !record_find(&l->record, "mailbox") && !record_find(&l->record, "group") &&
         (!*forward || is_same(forward, a->shown.s));
}

static void follow(struct expansion *x, const struct branch *b, const struct policy_lookup *l)
{
  const char *from = *record_get(&l->record, "from") ? record_get(&l->record, "from") : record_get(&l->domain, "file");
  size_t at = 0;

  note(x, l->rule, from);
  if (b->is_asked && x->is_public && record_is(&l->record, "internal", "yes") && !policy_is_postmaster(b->address, x->facts->delimiter)) {
    x->is_internal = true;
    text_copy(&x->from, from);
    return;
  }
  if (is_listed_only(l, b->address)) {
    to_elsewhere(x, b, "", "relay-domain", from);
    return;
  }
  say(x, b->depth, b->address->shown.s, "address", l->rule, from);
  to_members(x, b, &l->record);
  for (const char *key; (key = record_next(&l->record, "group", &at)) && !is_over(x);) to_group(x, b, key);
}

/* A postmaster without an address of its own: that of all domains, that of control, that of this host. */
static void find_postmaster(struct expansion *x, const struct branch *b)
{
  text record = TEXT_ZERO, of_host = TEXT_ZERO;

  text_add(&of_host, "postmaster@");
  text_add(&of_host, x->facts->me);
  text_lower(&of_host);
  if (find(x, "address", "postmaster@*", &record) == LOOKUP_FOUND) {
    note(x, "generic-address", record_get(&record, "from"));
    to_members(x, b, &record);
    size_t at = 0;
    for (const char *key; (key = record_next(&record, "group", &at)) && !is_over(x);) to_group(x, b, key);
  }
  if (!x->found.count && *x->facts->postmaster) {
    note(x, "postmaster", "control/doublebounceto");
    visit(x, b, x->facts->postmaster, b->address->shown.s, b->detail, false);
  }
  if (!x->found.count && find(x, "address", text_string(&of_host), &record) == LOOKUP_FOUND) {
    note(x, "postmaster", record_get(&record, "from"));
    to_members(x, b, &record);
  }
  text_free(&record);
  text_free(&of_host);
}

/* Is it an address of the mailbox that forwards to it? */
static bool is_address_of(struct expansion *x, const struct branch *b, const char *key)
{
  struct policy_lookup l = POLICY_LOOKUP_ZERO;
  bool is = false;
  size_t at = 0;

  policy_lookup(x->tables, x->facts->delimiter, b->address, &l);
  if (l.place == POLICY_KNOWN)
    for (const char *one; !is && (one = record_next(&l.record, "mailbox", &at));) is = !strcmp(one, key);
  policy_lookup_free(&l);
  return is;
}

/* An address that was met before: a loop, if it was on the way to here. */
static void meet_again(struct expansion *x, const struct branch *b)
{
  const struct branch *p = b->parent;

  if (p && p->mailbox && is_address_of(x, b, p->mailbox)) {
    to_mailbox(x, b, p->mailbox);
    return;
  }
  while (p && strcmp(p->address->folded.s, b->address->folded.s)) p = p->parent;
  if (p) x->is_loop = true;
  say(x, b->depth, b->address->shown.s, p ? "loop" : "again", p ? "address-loop" : "once", "");
}

static void fall_back(struct expansion *x, const struct branch *b, const struct policy_lookup *l)
{
  const char *file = record_get(&l->domain, "file");
  bool is_alias = l->place == POLICY_ALIAS;

  if (!is_alias && policy_is_postmaster(b->address, x->facts->delimiter)) {
    say(x, b->depth, b->address->shown.s, "address", "postmaster", file);
    find_postmaster(x, b);
    if (x->found.count || is_over(x)) return;
  }
  note(x, l->rule, file);
  say(x, b->depth, b->address->shown.s, l->place == POLICY_UNKNOWN ? "unknown" : "address", l->rule, file);
  if (l->place != POLICY_UNKNOWN) visit(x, b, l->next.s, b->address->shown.s, b->detail, is_alias && b->is_asked);
}

static void look_up(struct expansion *x, struct branch *b, const char *via)
{
  struct policy_lookup l = POLICY_LOOKUP_ZERO;

  policy_lookup(x->tables, x->facts->delimiter, b->address, &l);
  if (l.detail.len) b->detail = l.detail.s;
  switch (l.place) {
  case POLICY_BROKEN: x->is_broken = true; break;
  case POLICY_ELSEWHERE: to_elsewhere(x, b, via, l.rule, ""); break;
  case POLICY_RELAYED:
    x->must_ask = x->must_ask || (l.must_ask && b->is_asked);
    to_elsewhere(x, b, "", l.rule, record_get(&l.domain, "file"));
    break;
  case POLICY_KNOWN: follow(x, b, &l); break;
  case POLICY_ALIAS:
  case POLICY_CATCHALL:
  case POLICY_UNKNOWN: fall_back(x, b, &l);
  }
  policy_lookup_free(&l);
}

/* Each address once, so that a circle ends. via: who sends it there, if it is elsewhere. */
static void visit(struct expansion *x, const struct branch *parent, const char *string, const char *via, const char *detail,
                  bool is_asked)
{
  struct address address = ADDRESS_ZERO;
  struct branch b = { .parent = parent, .address = &address, .detail = detail, .depth = parent ? parent->depth + 1 : 0, .is_asked = is_asked };

  if (may_step(x, b.depth)) {
    if (address_parse(&address, string, strlen(string)) != ADDRESS_FULL || address.is_literal)
      say(x, b.depth, string, "bad", "address-literal", "");
    else if (names_add(&x->seen, address.folded.s))
      look_up(x, &b, via);
    else
      meet_again(x, &b);
  }
  address_free(&address);
}

/* RFC 5321 4.5.1: "postmaster" alone is that of this host. */
static void expand_postmaster(struct expansion *x)
{
  struct address address = ADDRESS_ZERO;
  struct branch b = { .address = x->asked, .detail = "" };
  text of_host = TEXT_ZERO;

  text_add(&of_host, "postmaster@");
  text_add(&of_host, x->facts->me);
  if (address_parse(&address, of_host.s, of_host.len) == ADDRESS_FULL) b.address = &address;
  x->rule = "postmaster";
  say(x, 0, x->asked->shown.s, "address", "postmaster", "");
  find_postmaster(x, &b);
  text_free(&of_host);
  address_free(&address);
}

void policy_expansion_run(struct expansion *x)
{
  x->rule = "";
  if (*x->asked->domain)
    visit(x, 0, x->asked->shown.s, "", "", true);
  else
    expand_postmaster(x);
  text_string(&x->from);
}

void policy_expansion_free(struct expansion *x)
{
  policy_destinations_free(&x->found);
  names_free(&x->seen);
  text_free(&x->from);
}
