/* lib/policy: what a recipient leads to, by tables that this test writes. Requirements N-19, N-21, N-22, N-28, N-29, N-35 to N-44,
   N-63, N-79, N-103, N-104, L-20 to L-24, S-24, S-26, S-34, T1 to T4, T7, T12. */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/policy.h"
#include "tests/check.h"
#include "tests/policy_tables.h"

const char *PROG = "lib_policy_expand";

enum { CHAIN = 60, MEMBERS = 3000, TOO_MANY = 200001 };

static struct tables tables = TABLES_ZERO;

static const struct {
  const char *kind, *key, *words;
} rows[] = {
  { "table", "generation", "id=1" },
  { "domain", "a.test", "file=d/a.test" },
  { "domain", "b.test", "file=d/b.test catchall=ann@a.test copy=copy@a.test" },
  { "domain", "lost.test", "file=d/lost.test catchall=shut@a.test" },
  { "domain", "other.test", "file=d/other.test alias=a.test" },
  { "domain", "mirror.test", "file=d/mirror.test alias=mirrored.test" },
  { "domain", "mirrored.test", "file=d/mirrored.test alias=mirror.test" },
  { "domain", "xn--bcher-kva.test", "file=d/buecher.test" },
  { "domain", "all.test", "file=d/all.test relay=back.lan port=2525 tls=encrypt recipients=all copy=arch@far.test" },
  { "domain", "listed.test", "file=d/listed.test relay=back.lan recipients=listed" },
  { "domain", "asked.test", "file=d/asked.test relay=back.lan recipients=asked" },
  { "address", "ann@a.test", "kind=address mailbox=ka from=ann" },
  { "address", "bob@a.test", "kind=address mailbox=kb from=bob" },
  { "address", "shut@a.test", "kind=address mailbox=ks from=shut" },
  { "address", "full@a.test", "kind=address mailbox=kf from=full" },
  { "address", "team@a.test", "kind=address mailbox=ka mailbox=ks mailbox=kf from=team" },
  { "address", "two@a.test", "kind=address mailbox=kf mailbox=kf2 from=two" },
  { "address", "ann+x@a.test", "kind=address mailbox=kb from=exact" },
  { "address", "away@a.test", "kind=address mailbox=kaway from=away" },
  { "address", "alias.of.away@a.test", "kind=address forward=away@a.test from=alias" },
  { "address", "keep@a.test", "kind=address mailbox=kkeep from=keep" },
  { "address", "self@a.test", "kind=address mailbox=kself from=self" },
  { "address", "ping@a.test", "kind=address mailbox=kping from=ping" },
  { "address", "pong@a.test", "kind=address mailbox=kpong from=pong" },
  { "address", "toping@a.test", "kind=address forward=ping@a.test from=toping" },
  { "address", "zig@a.test", "kind=address mailbox=kzig from=zig" },
  { "address", "zig.too@a.test", "kind=address mailbox=kzig from=zig" },
  { "address", "own@a.test", "kind=address mailbox=kown from=own" },
  { "address", "own.too@a.test", "kind=address mailbox=kown from=own" },
  { "address", "own.list@a.test", "kind=address mailbox=kfown mailbox=kown from=own" },
  { "address", "zag@a.test", "kind=address mailbox=kzag from=zag" },
  { "address", "out@a.test", "kind=address forward=joe@far.test from=out" },
  { "address", "both@a.test", "kind=address forward=joe@far.test group=g1 from=both" },
  { "address", "crew@a.test", "kind=group group=g1 from=crew" },
  { "address", "info@*", "kind=address mailbox=kb from=generic" },
  { "address", "info@b.test", "kind=address mailbox=ka from=exact-info" },
  { "address", "sam@*", "kind=address mailbox=ka from=generic-sam internal=yes" },
  { "address", "sam@b.test", "kind=address mailbox=kb from=exact-sam" },
  { "address", "crew2@*", "kind=address mailbox=kb from=generic-crew" },
  { "address", "crew2@a.test", "kind=group group=g1 from=group-crew" },
  { "address", "boss@a.test", "kind=user mailbox=ka internal=yes from=boss" },
  { "address", "open@a.test", "kind=address forward=boss@a.test from=open" },
  { "address", "postmaster@*", "kind=address mailbox=kp internal=yes from=postmaster" },
  { "address", "joe@listed.test", "kind=address from=joe" },
  { "address", "known@asked.test", "kind=address forward=known@asked.test from=known" },
  { "address", "here@all.test", "kind=address mailbox=ka from=here" },
  { "address", "j\xc3\xbcrgen@xn--bcher-kva.test", "kind=address mailbox=kb from=juergen" },
  { "address", "copy@a.test", "kind=address mailbox=kc from=copy" },
  { "address", "torelay@a.test", "kind=address forward=x@all.test from=torelay" },
  { "address", "stale@a.test", "kind=address group=gone from=stale" },
  { "mailbox", "ka", "name=ann@a.test receive=yes quota=0 from=ann" },
  { "mailbox", "kb", "name=bob@a.test receive=yes from=bob" },
  { "mailbox", "kc", "name=copy@a.test receive=yes from=copy" },
  { "mailbox", "ks", "name=shut@a.test receive=no from=shut" },
  { "mailbox", "kf", "name=full@a.test receive=yes quota=10 from=full" },
  { "mailbox", "kf2", "name=full2@a.test receive=yes quota=10 from=full2" },
  { "mailbox", "kaway", "name=away@a.test receive=yes keep=no forward=joe@far.test forward=bob@a.test from=away" },
  { "address", "held@a.test", "kind=address mailbox=kheld from=held" },
  { "mailbox", "kheld", "name=held@a.test receive=yes keep=no forwarding=no forward=joe@far.test from=held" },
  { "mailbox", "kkeep", "name=keep@a.test receive=yes keep=yes forward=bob@a.test from=keep" },
  { "mailbox", "kself", "name=self@a.test receive=yes keep=no forward=Self@A.test forward=bob@a.test from=self" },
  { "mailbox", "kping", "name=ping@a.test receive=yes keep=no forward=pong@a.test from=ping" },
  { "mailbox", "kpong", "name=pong@a.test receive=yes keep=no forward=ping@a.test from=pong" },
  { "mailbox", "kzig", "name=zig@a.test receive=yes keep=no forward=zag@a.test from=zig" },
  { "mailbox", "kzag", "name=zag@a.test receive=yes keep=no forward=zig.too@a.test from=zag" },
  { "mailbox", "kown", "name=own@a.test receive=yes keep=no forward=own.too@a.test forward=bob@a.test from=own" },
  { "mailbox", "kp", "kind=public name=postmaster receive=yes from=public" },
  { "group", "g1", "name=crew mailbox=ka mailbox=kb mailbox=ks forward=eve@far.test from=g1" },
  { "bypass", "recipient:bob@a.test", "av=yes file=control/bypass line=1" },
  { "bypass", "recipient:b.test", "av=no file=control/bypass line=2" },
  { "relay", "sender:ann@a.test", "rule=ann file=r/ann host=ann.relay port=587 tls=verify" },
  { "relay", "sender:a.test", "rule=a file=r/a host=a.relay port=25 tls=may" },
  { "relay", "sender:shop.test", "rule=shop file=r/shop host=shop.relay port=25 tls=may" },
  { "relay", "recipient:far.test", "rule=far file=r/far host=far.relay port=25 tls=may" },
  { "relay", "recipient:joe@far.test", "rule=joe file=r/joe host=joe.relay port=25 tls=may" },
  { "relay", "recipient:.far.test", "rule=below file=r/below host=below.relay port=25 tls=may" },
  { "relay", "bcc", "rule=archive file=r/archive host=piler1 port=25 tls=may subject=piler1" },
};

static void put_many(struct cdb_write *w)
{
  char key[64], words[96];
  text list = TEXT_ZERO;

  for (int i = 0; i < CHAIN; i++) {
    snprintf(key, sizeof key, "chain%d@a.test", i);
    snprintf(words, sizeof words, "kind=address forward=chain%d@a.test", i + 1);
    policy_tables_put(w, "address", key, words);
  }
  policy_tables_put(w, "address", "chain60@a.test", "kind=address mailbox=ka");
  text_add(&list, "kind=address");
  for (int i = 0; i < MEMBERS; i++) {
    snprintf(key, sizeof key, "m%d", i);
    snprintf(words, sizeof words, "name=m%d@a.test receive=yes", i);
    policy_tables_put(w, "mailbox", key, words);
    text_add_format(&list, " mailbox=m%d", i);
  }
  policy_tables_put(w, "address", "many@a.test", text_string(&list));
  text_copy(&list, "kind=address");
  for (int i = 0; i < TOO_MANY; i++) text_add(&list, " mailbox=gone");
  policy_tables_put(w, "address", "toomany@a.test", text_string(&list));
  text_free(&list);
}

static void make_tables(void)
{
  struct cdb_write *w = policy_tables_begin();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) policy_tables_put(w, rows[i].kind, rows[i].key, rows[i].words);
  put_many(w);
  policy_tables_end(w, &tables);
}

static bool is_full(void *to, const char *mailbox)
{
  (void)to;
  return !strcmp(mailbox, "kf") || !strcmp(mailbox, "kf2") || !strcmp(mailbox, "ka"); /* ka has none: never looked at */
}

static void verify(void *to, const struct address *recipient, struct policy_decision *d)
{
  (void)to;
  if (!strcmp(recipient->local, "nobody")) policy_decide(d, 550, "5.1.1", "relay-domain", "");
}

static const struct policy_ask ask = { .is_full = is_full, .verify = verify };
#define FACTS .delimiter = '+', .me = "mx.a.test", .postmaster = "", .ask = &ask
static const struct policy_facts mx = { .role = POLICY_MX, FACTS };
static const struct policy_facts trusted = { .role = POLICY_MX, .is_trusted = true, FACTS };
static const struct policy_facts login = { .role = POLICY_SUBMISSION, .login = "x", FACTS };
static const struct policy_facts backend = { .role = POLICY_MX, .backend = "shop", FACTS };
static const struct policy_facts lmtp = { .role = POLICY_LMTP, FACTS };
static const struct policy_facts inject = { .role = POLICY_INJECT, FACTS };

static void add_destinations(text *said, const struct policy_destinations *all)
{
  struct policy_destination one;
  size_t at = 0;

  while (policy_destinations_next(all, &at, &one)) {
    text_add_format(said, " %s", *one.mailbox ? one.mailbox : one.address);
    if (*one.detail) text_add_format(said, "/%s", one.detail);
    if (*one.via) text_add_format(said, "(%s)", one.via);
    if (*one.bypass) text_add_format(said, "!%s", one.bypass);
    if (one.is_copy) text_add(said, "~copy");
  }
}

/* "rule KEY/detail ADDRESS(via)", or "550 5.1.1 rule". */
static const char *rcpt(const struct policy_facts *facts, const char *string)
{
  static text said = TEXT_ZERO;
  struct address a = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  text path = TEXT_ZERO;
  size_t used;

  text_clear(&said);
  text_add_format(&path, "<%s>", string);
  if (address_parse_path(&a, path.s, path.len, &used) > ADDRESS_NULL) {
    policy_recipient(&tables, facts, &a, &all, &d);
    if (!policy_is_accepted(&d)) text_add_format(&said, "%u %s ", d.code, d.status);
    text_add(&said, d.rule);
    add_destinations(&said, &all);
  }
  address_free(&a);
  text_free(&path);
  policy_decision_free(&d);
  policy_destinations_free(&all);
  return text_string(&said);
}

static void check_order(void)
{
  check_is(rcpt(&mx, "info@a.test"), "generic-address kb", "N-38 N-39 a generic address is in every domain of ours");
  check_is(rcpt(&mx, "INFO@B.test"), "address ka!yes", "N-39 one domain's own address replaces it, in any case (N-43)");
  check_is(rcpt(&mx, "info@xn--bcher-kva.test"), "generic-address kb", "... also in a domain of other letters");
  check_is(rcpt(&mx, "J\xc3\x9crgen@B\xc3\xbc" "cher.test"), "address kb", "N-43 a name in UTF-8, in any case, and its domain's U-label");
  check_is(rcpt(&mx, "crew@a.test"), "group-address ka kb eve@far.test(crew@a.test)", "a group's members, but the disabled one (L-22)");
  check_is(rcpt(&mx, "crew2@a.test"), "generic-address kb", "N-41 an address comes before a group of the same name");
  check_is(rcpt(&trusted, "boss@a.test"), "user-address ka", "N-41 a user's name");
  check_is(rcpt(&mx, "both@a.test"), "address joe@far.test(both@a.test) ka kb eve@far.test(both@a.test)", "N-37 an address elsewhere and a group");
  check_is(rcpt(&mx, "stale@a.test"), "550 5.1.1 unknown-user", "a group that is gone");
  check_is(rcpt(&mx, "nobody@a.test"), "550 5.1.1 unknown-user", "N-20 nobody");
  check_is(rcpt(&mx, "nobody@b.test"), "catchall ka!yes", "N-19 N-21 the catch-all has what nobody has");
  check_is(rcpt(&mx, "nobody+x@b.test"), "catchall ka!yes", "... with a detail");
  check_is(rcpt(&mx, "held@a.test"), "address kheld", "who may not forward keeps his mail, whatever he forwards to");
  check_is(rcpt(&mx, "nobody@lost.test"), "550 5.2.1 mailbox-disabled", "... unless it is closed");
  check_is(rcpt(&mx, "ann@other.test"), "alias-domain ka", "a domain that is an alias of another");
  check_is(rcpt(&mx, "nobody@other.test"), "550 5.1.1 unknown-user", "... has no more addresses than that");
  check_is(rcpt(&mx, "bob+q@other.test"), "alias-domain kb/q", "... and has details");
  check_is(rcpt(&mx, "x@mirror.test"), "550 5.4.6 address-loop", "two domains that are each other's alias");
}

static void check_forwards(void)
{
  check_is(rcpt(&mx, "away@a.test"), "address joe@far.test(away@a.test) kb", "N-28 forwards to one elsewhere and one of ours, no copy");
  check_is(rcpt(&mx, "alias.of.away@a.test"), "address joe@far.test(away@a.test) kb", "N-29 an alias leads through them");
  check_is(rcpt(&mx, "keep@a.test"), "address kkeep kb", "N-29 with a copy");
  check_is(rcpt(&mx, "self@a.test"), "address kself kb", "a forward to oneself is a copy");
  check_is(rcpt(&mx, "ping@a.test"), "550 5.4.6 address-loop", "a circle of forwards");
  check_is(rcpt(&mx, "toping@a.test"), "550 5.4.6 address-loop", "... is seen through an alias");
  check_is(rcpt(&mx, "zig@a.test"), "550 5.4.6 address-loop", "... and by another address of the mailbox");
  check_is(rcpt(&mx, "own@a.test"), "address kown kb", "a forward to another address of one's own is a copy, too");
  check_is(rcpt(&mx, "own.too@a.test"), "address kown kb", "... by whichever it comes");
  check_is(rcpt(&mx, "own.list@a.test"), "address kown kb", "... from a list");
  check_is(rcpt(&mx, "out@a.test"), "address joe@far.test(out@a.test)", "an address that is elsewhere");
  check_is(rcpt(&mx, "chain40@a.test"), "address ka", "a chain of 20 addresses");
  check_is(rcpt(&mx, "chain0@a.test"), "451 4.3.5 expansion-limit", "one of 60 is stopped");
  check_is(rcpt(&mx, "toomany@a.test"), "451 4.3.5 expansion-limit", "... and a list of more than 200,000");
  check(strlen(rcpt(&mx, "many@a.test")) > 5 * MEMBERS, "a list of thousands");
}

static void check_details(void)
{
  check_is(rcpt(&mx, "bob+Lists@a.test"), "address kb/Lists", "N-44 a detail, in its own case");
  check_is(rcpt(&mx, "bob+a+b@a.test"), "address kb/a+b", "... from the first delimiter on");
  check_is(rcpt(&mx, "bob+@a.test"), "address kb", "... which may be empty");
  check_is(rcpt(&mx, "\"bob+My \\\"Box\"@a.test"), "address kb/My \"Box", "... which may be quoted");
  check_is(rcpt(&mx, "ann+x@a.test"), "address kb", "N-44 an address with the delimiter in it wins");
  check_is(rcpt(&mx, "info+x@a.test"), "generic-address kb/x", "... of a generic address");
  check_is(rcpt(&mx, "crew+x@a.test"), "group-address ka kb eve@far.test(crew+x@a.test)", "... of a group it reaches no folder");
  check_is(rcpt(&mx, "+x@a.test"), "550 5.1.1 unknown-user", "... with nothing before it there is none");
  struct policy_facts plain = mx;
  plain.delimiter = 0;
  check_is(rcpt(&plain, "bob+x@a.test"), "550 5.1.1 unknown-user", "... and none if it is switched off");
  plain.delimiter = '-';
  check_is(rcpt(&plain, "bob-x@a.test"), "address kb/x", "... another delimiter");
}

static void check_internal(void)
{
  const struct policy_facts *known[] = { &trusted, &login, &backend, &lmtp, &inject };

  check_is(rcpt(&mx, "boss@a.test"), "554 5.7.1 internal", "N-40 an internal user");
  check_is(rcpt(&mx, "boss+x@a.test"), "554 5.7.1 internal", "N-44 N-40 with a detail too");
  check_is(rcpt(&mx, "\"boss+ x\"@a.test"), "554 5.7.1 internal", "... and quoted");
  check_is(rcpt(&mx, "boss@other.test"), "554 5.7.1 internal", "... and by the alias of its domain");
  check_is(rcpt(&mx, "open@a.test"), "address ka", "N-40 an alias may lead to it");
  check_is(rcpt(&mx, "sam@a.test"), "554 5.7.1 internal", "an internal generic address");
  check_is(rcpt(&mx, "sam@b.test"), "address kb!yes", "T7 the address of one domain wins in that too");
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) check_is(rcpt(known[i], "boss@a.test"), "user-address ka", "N-40 not for who is known");
  check_is(rcpt(&mx, "postmaster@a.test"), "generic-address kp", "N-42 a postmaster is never internal");
  check_is(rcpt(&mx, "Postmaster+x@b.test"), "generic-address kp/x!yes", "... not with a detail");
  check_is(rcpt(&mx, "postmaster"), "postmaster kp", "... not without a domain");
  check_is(rcpt(&mx, "postmaster+x"), "postmaster kp", "... not with neither");
  check_is(rcpt(&mx, "Postmaster@MX.a.test"), "postmaster kp", "RFC 5321 4.5.1: of this host, whose name is no domain of ours");
  check_is(rcpt(&mx, "bob@mx.a.test"), "554 5.7.1 relay-denied", "... nobody else is of it");
  check_is(rcpt(&mx, "postmaster@other.test"), "alias-domain kp", "N-42 in every domain");
}

static void check_full(void)
{
  check_is(rcpt(&mx, "full@a.test"), "552 5.2.2 mailbox-full", "S-34 a full mailbox");
  check_is(rcpt(&mx, "two@a.test"), "552 5.2.2 mailbox-full", "... two of them");
  check_is(rcpt(&mx, "team@a.test"), "address ka kf", "... one of several: delivery will see");
}

static void check_relaying(void)
{
  struct policy_facts shop = backend;
  struct address shop_sender = ADDRESS_ZERO, other_sender = ADDRESS_ZERO;

  address_parse(&shop_sender, "x@shop.test", 11);
  address_parse(&other_sender, "x@none.test", 11);
  check_is(rcpt(&mx, "x@all.test"), "relay-domain x@all.test", "a domain that we relay: all are taken");
  check_is(rcpt(&mx, "here@all.test"), "address ka", "... but one that the tables know leads where they say");
  check_is(rcpt(&mx, "info@all.test"), "relay-domain info@all.test", "... and generic addresses are of our domains only");
  check_is(rcpt(&mx, "postmaster@all.test"), "relay-domain postmaster@all.test", "... its postmaster is its own");
  check_is(rcpt(&mx, "torelay@a.test"), "address x@all.test", "an address of ours that leads there needs no other sender");
  check_is(rcpt(&mx, "joe@listed.test"), "address joe@listed.test", "one that takes those of a list");
  check_is(rcpt(&mx, "joe+x@listed.test"), "address joe+x@listed.test", "... a detail is the host's");
  check_is(rcpt(&mx, "eve@listed.test"), "550 5.1.1 unknown-user", "... and no other");
  check_is(rcpt(&mx, "joe@asked.test"), "relay-domain joe@asked.test", "S-26 one that is asked");
  check_is(rcpt(&mx, "nobody@asked.test"), "550 5.1.1 relay-domain", "S-26 ... and says no");
  check_is(rcpt(&mx, "known@asked.test"), "address known@asked.test", "S-26 one that we know is not asked for");
  check_is(rcpt(&mx, "x@far.test"), "554 5.7.1 relay-denied", "N-117 P-30 elsewhere: not for strangers");
  check_is(rcpt(&lmtp, "x@far.test"), "554 5.7.1 relay-denied", "... nor by LMTP");
  check_is(rcpt(&trusted, "x@far.test"), "remote x@far.test", "N-98 for mynetworks");
  check_is(rcpt(&login, "x@far.test"), "remote x@far.test", "for users");
  check_is(rcpt(&inject, "x@far.test"), "remote x@far.test", "for local users");
  shop.sender = &shop_sender;
  check_is(rcpt(&shop, "x@far.test"), "remote x@far.test", "for a backend");
  shop.sender = &other_sender;
  check_is(rcpt(&shop, "x@far.test"), "550 5.7.1 untransportable", "S-24 without a relay rule for its sender's domain: no");
  check_is(rcpt(&shop, "x@all.test"), "relay-domain x@all.test", "S-24 ... but to other backends");
  check_is(rcpt(&shop, "bob@a.test"), "address kb!av", "S-24 ... and to us; N-63 spared the filter");
  address_free(&shop_sender);
  address_free(&other_sender);
}

static void check_copies(void)
{
  struct policy_facts facts = mx;
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct address a = ADDRESS_ZERO;
  text said = TEXT_ZERO, skipped = TEXT_ZERO;
  static const char *const to[] = { "x@b.test", "y@b.test", "x@all.test" };

  for (size_t i = 0; i < 3; i++)
    if (address_parse(&a, to[i], strlen(to[i])) == ADDRESS_FULL) policy_recipient(&tables, &facts, &a, &all, &d);
  facts.always_bcc = "archive@piler1";
  policy_copies(&tables, &facts, &all, &skipped);
  add_destinations(&said, &all);
  check_is(text_string(&said), " ka!yes x@all.test kc~copy arch@far.test~copy archive@piler1~copy",
           "N-22 N-103 copies: of each domain once, and of the message once");
  facts.always_bcc = "nobody@a.test";
  policy_copies(&tables, &facts, &all, &skipped);
  check(all.count == 5 && text_is(&skipped, "nobody@a.test") == false && skipped.len == sizeof "nobody@a.test", "one that leads nowhere is named");
  text_free(&said);
  text_free(&skipped);
  policy_destinations_free(&all);
  policy_decision_free(&d);
  address_free(&a);
}

static const char *route(const char *from, const char *to, bool is_copy, const char *order)
{
  static text said = TEXT_ZERO;
  struct policy_facts facts = mx;
  struct policy_route r = POLICY_ROUTE_ZERO;
  struct policy_stop stop = { .address = to, .is_copy = is_copy };
  struct address sender = ADDRESS_ZERO;

  if (address_parse(&sender, from, strlen(from)) == ADDRESS_FULL) facts.sender = &sender;
  facts.relay_order = order;
  policy_route(&tables, &facts, &stop, &r);
  text_clear(&said);
  if (r.kind == POLICY_ROUTE_MAILBOX)
    text_add_format(&said, "%s %s", r.rule, r.mailbox.s);
  else
    text_add_format(&said, "%s %s", r.rule, *record_get(&r.hop, "host") ? record_get(&r.hop, "host") : record_get(&r.hop, "domain"));
  policy_route_free(&r);
  address_free(&sender);
  return text_string(&said);
}

static void check_routes(void)
{
  static const char other[] = "recipient sender default";

  check_is(route("ann@a.test", "joe@far.test", false, 0), "relay-sender ann.relay", "N-81 T1 the sender's rule comes first");
  check_is(route("bob@a.test", "joe@far.test", false, 0), "relay-sender a.relay", "T2 then his domain's");
  check_is(route("ann@a.test", "joe@far.test", false, other), "relay-recipient joe.relay", "T1 control/relayorder: the recipient's first");
  check_is(route("ann@a.test", "eve@far.test", false, other), "relay-recipient far.relay", "T2 ... then his domain's");
  check_is(route("x@none.test", "JOE@Far.test", false, 0), "relay-recipient joe.relay", "N-82 in any case");
  check_is(route("", "eve@far.test", false, 0), "relay-recipient far.relay", "the null sender has no rule");
  check_is(route("x@sub.a.test", "x@none.test", false, 0), "mx none.test", "T2 a domain's rule is not for those below it");
  check_is(route("", "x@sub.far.test", false, 0), "relay-recipient below.relay", "T2 one with a dot is");
  check_is(route("", "archive@piler1", true, 0), "relay-bcc piler1", "N-79 N-104 the archive's own rule");
  check_is(route("", "archive@piler1", false, 0), "mx piler1", "... is for copies only");
  check_is(route("", "eve@far.test", true, 0), "relay-recipient far.relay", "... to that host only");
  check_is(route("", "bob+list@a.test", false, 0), "mailbox kb", "N-44 a report to an address with a detail");
  check_is(route("ann@a.test", "x@all.test", false, 0), "relay-domain back.lan", "a relayed domain has its host, whatever the rules say");
}

int main(void)
{
  char folder[] = "/tmp/lib_policy_expand.XXXXXX";

  if (!mkdtemp(folder) || chdir(folder) == -1) return 111;
  make_tables();
  check_order();
  check_forwards();
  check_details();
  check_internal();
  check_full();
  check_relaying();
  check_copies();
  check_routes();
  tables_close(&tables);
  if (chdir("/") == -1) return 111;
  static const char *const made[] = { "tables/1/policy.cdb", "tables/current", "tables/1", "tables", "" };
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    text path = TEXT_ZERO;
    text_add_format(&path, "%s/%s", folder, made[i]);
    remove(text_string(&path));
    text_free(&path);
  }
  return check_done();
}
