/* lib/policy and lib/names: decisions and routes as functions of tables that this test writes. Requirements N-43, N-77,
   N-78, N-79, N-86, N-100, N-101, T5, T6, T12, L-22, P-06 to P-15, P-31, N-20, N-117; check 13. */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/policy.h"
#include "tests/check.h"
#include "tests/policy_tables.h"

const char *PROG = "lib_policy";

static struct tables tables = TABLES_ZERO;

static void make_tables(void)
{
  struct cdb_write *w = policy_tables_begin();
  policy_tables_put(w, "table", "generation", "id=1");
  policy_tables_put(w, "domain", "example.test", "file=control/domains/example.test");
  policy_tables_put(w, "domain", "mx.example.test", "file=control/domains/mx.example.test");
  policy_tables_put(w, "address", "bob@example.test", "mailbox=kb from=bob.ldif");
  policy_tables_put(w, "address", "alias@example.test", "mailbox=kb from=bob.ldif");
  policy_tables_put(w, "address", "alice@example.test", "mailbox=ka from=alice.ldif");
  policy_tables_put(w, "address", "shut@example.test", "mailbox=ks from=shut.ldif");
  policy_tables_put(w, "address", "mute@example.test", "mailbox=km from=mute.ldif");
  policy_tables_put(w, "address", "team@example.test", "mailbox=ka mailbox=kb mailbox=ks forward=Far@far.example from=team.ldif");
  policy_tables_put(w, "address", "round@example.test", "forward=about@example.test from=round.ldif");
  policy_tables_put(w, "address", "about@example.test", "forward=round@example.test forward=Bob@example.test from=about.ldif");
  policy_tables_put(w, "address", "loop@example.test", "forward=loop@example.test from=loop.ldif");
  policy_tables_put(w, "address", "gone@example.test", "mailbox=kgone from=gone.ldif");
  policy_tables_put(w, "address", "away@example.test", "forward=me@far.example from=away.ldif");
  policy_tables_put(w, "address", "keep@example.test", "mailbox=kb forward=me@far.example from=keep.ldif");
  policy_tables_put(w, "address", "postmaster@mx.example.test", "mailbox=ka from=postmaster.ldif");
  policy_tables_put(w, "mailbox", "ka", "name=alice@example.test receive=yes submit=yes from=alice.ldif");
  policy_tables_put(w, "mailbox", "kb", "name=bob@example.test receive=yes submit=yes from=bob.ldif");
  policy_tables_put(w, "mailbox", "ks", "name=shut@example.test receive=no submit=yes from=shut.ldif");
  policy_tables_put(w, "mailbox", "km", "name=mute@example.test receive=yes submit=no from=mute.ldif");
  policy_tables_end(w, &tables);
}

static const struct policy_facts mx = { .role = POLICY_MX, .me = "mx.example.test", .postmaster = "" };
static const struct policy_facts bob = { .role = POLICY_SUBMISSION, .is_tls = true, .login = "bob", .mailbox = "kb",
                                         .me = "mx.example.test", .postmaster = "" };

/* "250 2.1.5 rule: address/mailbox address/mailbox", or "550 5.1.1 rule". */
static const char *recipient(const struct policy_facts *facts, const char *string)
{
  static text said = TEXT_ZERO;
  struct address a = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_destination one;
  size_t used, at = 0;

  text_clear(&said);
  if (address_parse_path(&a, string, strlen(string), &used) > ADDRESS_NULL) {
    policy_recipient(&tables, facts, &a, &all, &d);
    text_add_format(&said, "%u %s %s", d.code, d.status, d.rule);
    while (policy_destinations_next(&all, &at, &one)) text_add_format(&said, " %s/%s", one.address, one.mailbox);
  }
  address_free(&a);
  policy_decision_free(&d);
  policy_destinations_free(&all);
  return text_string(&said);
}

static void check_recipients(void)
{
  struct policy_facts set = mx;

  check_is(recipient(&mx, "<bob@example.test>"), "250 2.1.5 address bob@example.test/kb", "a mailbox");
  check_is(recipient(&mx, "<BoB@Example.TEST>"), "250 2.1.5 address bob@example.test/kb", "in any case: N-43");
  check_is(recipient(&mx, "<alias@example.test>"), "250 2.1.5 address bob@example.test/kb", "an alias");
  check_is(recipient(&mx, "<team@example.test>"),
           "250 2.1.5 address alice@example.test/ka bob@example.test/kb Far@far.example/",
           "a list: each once, a disabled member is passed over (L-22)");
  check_is(recipient(&mx, "<round@example.test>"), "250 2.1.5 address bob@example.test/kb", "a circle of aliases ends");
  check_is(recipient(&mx, "<keep@example.test>"), "250 2.1.5 address bob@example.test/kb me@far.example/", "a copy and a forward");
  check_is(recipient(&mx, "<loop@example.test>"), "550 5.4.6 address-loop", "an alias of itself leads nowhere");
  check_is(recipient(&mx, "<gone@example.test>"), "550 5.1.1 unknown-user", "an address of a mailbox that is gone");
  check_is(recipient(&mx, "<nobody@example.test>"), "550 5.1.1 unknown-user", "nobody: N-20");
  check_is(recipient(&mx, "<shut@example.test>"), "550 5.2.1 mailbox-disabled", "a disabled mailbox: T12");
  check_is(recipient(&mx, "<bob>"), "553 5.1.3 no-domain", "no domain");
  check_is(recipient(&mx, "<Postmaster>"), "250 2.1.5 postmaster alice@example.test/ka", "RFC 5321 4.5.1");
  check_is(recipient(&mx, "<postmaster@example.test>"), "250 2.1.5 postmaster alice@example.test/ka", "of a domain without one");
  set.postmaster = "bob@example.test";
  check_is(recipient(&set, "<postmaster>"), "250 2.1.5 postmaster bob@example.test/kb", "control/doublebounceto");
  check_is(recipient(&set, "<postmaster@mx.example.test>"), "250 2.1.5 address alice@example.test/ka", "its own comes first");
  set = mx;
  set.me = "other.example";
  check_is(recipient(&set, "<postmaster>"), "451 4.3.5 no-postmaster", "none is our fault");
}

static void check_relay(void)
{
  static const char *const forms[] = { /* check 13 */
    "<victim@far.example>", "<@example.test:victim@far.example>", "<@example.test,@mx.example.test:victim@far.example>",
    "<victim@sub.example.test>", "<victim@example.test.far.example>", "<victim@test>", "<victim@localhost>",
    "<victim@[127.0.0.1]>", "<victim@[IPv6:::1]>", "<victim@[192.0.2.1]>", "<victim@127.0.0.1>",
  };
  static const char *const local_forms[] = {
    "<victim%far.example@example.test>", "<far.example!victim@example.test>", "<\"victim@far.example\"@example.test>",
    "<\"victim%far.example\"@example.test>", "<\"bob@example.test\"@example.test>",
  };
  static const char *const never[] = { "<victim@far.example@example.test>", "<victim@>", "<@example.test>", "<victim@far.example,bob@example.test>" };

  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) check_is(recipient(&mx, forms[i]), "554 5.7.1 relay-denied", forms[i]);
  for (size_t i = 0; i < sizeof local_forms / sizeof *local_forms; i++)
    check_is(recipient(&mx, local_forms[i]), "550 5.1.1 unknown-user", local_forms[i]);
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) check_is(recipient(&mx, never[i]), "", never[i]);
  check_is(recipient(&mx, "<\"bob\"@example.test>"), "250 2.1.5 address bob@example.test/kb", "quotes that mean nothing");
  check_is(recipient(&bob, "<victim@far.example>"), "250 2.1.5 remote victim@far.example/", "on submission it goes out");
  check_is(recipient(&bob, "<victim@[127.0.0.1]>"), "550 5.1.2 address-literal", "but to names only");
  check_is(recipient(&bob, "<victim@sales>"), "554 5.1.2 domain-not-full", "and to whole ones: RFC 6409 4.2");
}

static const char *sender(const struct policy_facts *facts, const char *string)
{
  static text said = TEXT_ZERO;
  struct address a = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;

  if (*string) address_parse(&a, string, strlen(string));
  policy_sender(&tables, facts, *string ? &a : 0, &d);
  text_clear(&said);
  text_add_format(&said, "%u %s %s", d.code, d.status, d.text.s);
  address_free(&a);
  policy_decision_free(&d);
  return text_string(&said);
}

static void check_senders(void)
{
  struct policy_facts strict = bob, mute = bob, unknown = bob;

  strict.enforce_sender = true;
  mute.mailbox = "km";
  unknown.mailbox = 0;
  unknown.enforce_sender = true;
  check_is(sender(&mx, ""), "250 2.1.0 Ok", "the null sender");
  check_is(sender(&mx, "x@far.example"), "250 2.1.0 Ok", "a stranger");
  check_is(sender(&bob, "x@far.example"), "250 2.1.0 Ok", "any sender while control/enforcesender is off: N-100");
  check_is(sender(&strict, "Bob@example.test"), "250 2.1.0 Ok", "one's own");
  check_is(sender(&strict, "alias@example.test"), "250 2.1.0 Ok", "one's alias");
  check_is(sender(&strict, ""), "250 2.1.0 Ok", "nobody's");
  check_is(sender(&strict, "alice@example.test"), "553 5.7.1 <alice@example.test>: Sender address rejected: not owned by user bob",
           "another's: N-101");
  check_is(sender(&strict, "bob@far.example"), "553 5.7.1 <bob@far.example>: Sender address rejected: not owned by user bob",
           "one's own name elsewhere: T6");
  check_is(sender(&strict, "team@example.test"), "553 5.7.1 <team@example.test>: Sender address rejected: not owned by user bob",
           "a list one is on: T5");
  check_is(sender(&unknown, "bob@example.test"), "553 5.7.1 <bob@example.test>: Sender address rejected: not owned by user bob",
           "a login without a mailbox owns nothing");
  check_is(sender(&mx, "mute@example.test"), "554 5.7.1 <mute@example.test>: Sender address rejected: sending is disabled",
           "sending switched off, on every port: P-15");
  check_is(sender(&mute, "bob@example.test"), "554 5.7.1 <bob@example.test>: Sender address rejected: sending is disabled",
           "nor as another: P-14");
  check_is(sender(&mute, ""), "554 5.7.1 <>: Sender address rejected: sending is disabled", "nor as nobody");
  mute.enforce_sender = true;
  check_is(sender(&mute, "bob@example.test"), "553 5.7.1 <bob@example.test>: Sender address rejected: not owned by user bob",
           "the match comes first: P-14");
}

static void check_clients(void)
{
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_facts stranger = { .role = POLICY_SUBMISSION };

  policy_client(&mx, &d);
  check(d.code == 250, "anyone may begin on port 25");
  policy_client(&bob, &d);
  check(d.code == 250, "who has logged in may on submission");
  policy_client(&stranger, &d);
  check(d.code == 530, "nobody else may: P-31");
  check_is(d.text.s, "Must issue a STARTTLS command first", "  in clear");
  stranger.is_tls = true;
  policy_client(&stranger, &d);
  check_is(d.text.s, "Authentication required", "  encrypted");
  policy_decision_free(&d);
}

static struct policy_facts mx_now; /* for routes */

static const char *route(const char *address, const char *mailbox)
{
  static const char *const kinds[] = { "later", "nowhere", "mailbox", "hop", "several" };
  static text said = TEXT_ZERO;
  struct policy_route r = POLICY_ROUTE_ZERO;
  size_t at = 0, length;

  struct policy_stop stop = { .address = address, .mailbox = mailbox };

  policy_route(&tables, &mx_now, &stop, &r);
  text_clear(&said);
  text_add_format(&said, "%s %s", kinds[r.kind + 1], r.rule);
  if (r.kind == POLICY_ROUTE_MAILBOX) text_add_format(&said, " %s", r.mailbox.s);
  if (r.kind == POLICY_ROUTE_NOWHERE) text_add_format(&said, " %s", r.status);
  for (const char *pair; r.kind == POLICY_ROUTE_HOP && (pair = record_walk(&r.hop, &at, &length));) text_add_format(&said, " %s", pair);
  policy_route_free(&r);
  return text_string(&said);
}

static void check_routes(void)
{
  mx_now = mx;
  check_is(route("bob@example.test", "kb"), "mailbox mailbox kb", "a mailbox: N-77");
  check_is(route("old.name@example.test", "kb"), "mailbox mailbox kb", "its address was renamed since");
  check_is(route("bob@example.test", "kold"), "mailbox mailbox kb", "its key changed since");
  check_is(route("nobody@example.test", "kold"), "nowhere unknown-user 5.1.1", "it is gone");
  check_is(route("shut@example.test", "ks"), "nowhere mailbox-disabled 5.2.1", "it was disabled since");
  check_is(route("bob@example.test", 0), "mailbox mailbox kb", "an address of ours, of which nobody said the mailbox");
  check_is(route("team@example.test", ""), "several address", "one that leads to several");
  check_is(route("away@example.test", ""), "several address", "one that leads elsewhere");
  check_is(route("postmaster@example.test", ""), "mailbox mailbox ka", "a postmaster without an address of its own");
  check_is(route("x@Far.Example", ""), "hop mx route=mx domain=far.example", "the rest by MX: N-78");
  mx_now.is_tls_optional = true;
  check_is(route("x@Far.Example", ""), "hop mx route=mx domain=far.example tls=may", "TLS-Required: No: what that domain wishes does not count");
  mx_now.is_tls_report = true;
  check_is(route("x@Far.Example", ""), "hop mx route=mx domain=far.example tls=may untold=yes", "a report about TLS is in no report");
  mx_now = mx;
  check_is(route("x@[192.0.2.1]", ""), "nowhere address 5.1.3", "no literals");
}

/* A generation with a default relay: the next look sees it (N-79, N-86, T17). */
static void check_relay_rule(void)
{
  if (mkdir("tables/2", 0700) == -1) exit(111);
  struct cdb_write *w = cdb_write_open("tables/2/policy.cdb");
  policy_tables_put(w, "table", "generation", "id=2");
  policy_tables_put(w, "domain", "example.test", "file=control/domains/example.test");
  policy_tables_put(w, "domain", "pinned.test", "file=d/pinned.test relay=2001:db8::2 port=10025 tls=fingerprint fingerprint=aa fingerprint=bb recipients=all");
  policy_tables_put(w, "relay", "default", "rule=office file=control/relayrules/office host=relay.example port=587 tls=verify auth=yes");
  if (!cdb_write_close(w, 0644, (gid_t)-1) || unlink("tables/current") == -1 || symlink("2", "tables/current") == -1) exit(111);
  check(tables_open(&tables, "policy") && text_is(&tables.generation, "2"), "the next generation");
  check_is(route("x@far.example", ""), "hop relay-default route=host host=relay.example port=587 rule=office tls=verify", "a default relay");
  check_is(route("bob@example.test", ""), "nowhere unknown-user 5.1.1", "but not for what is ours");
  check_is(route("eve@pinned.test", ""), "hop relay-domain route=host host=2001:db8::2 port=10025 tls=fingerprint fingerprint=aa fingerprint=bb",
           "S-31 a relayed domain's host is known by its certificate");
}

static void check_names(void)
{
  struct names n = NAMES_ZERO;
  char name[32];
  bool good = true;

  for (int i = 0; i < 5000; i++) {
    snprintf(name, sizeof name, "user%d", i);
    good = names_add(&n, name) && good;
  }
  check(good, "5000 names, each new");
  for (int i = 0; i < 5000; i++) {
    snprintf(name, sizeof name, "user%d", i);
    good = !names_add(&n, name) && good;
  }
  check(good && n.count == 5000, "and each seen");
  names_clear(&n);
  check(names_add(&n, "user1"), "cleared");
  names_free(&n);
}

int main(void)
{
  char folder[] = "/tmp/lib_policy.XXXXXX";

  if (!mkdtemp(folder) || chdir(folder) == -1) return 111;
  make_tables();
  check_recipients();
  check_relay();
  check_senders();
  check_clients();
  check_routes();
  check_relay_rule();
  check_names();
  tables_close(&tables);
  if (chdir("/") == -1) return 111;
  static const char *const made[] = { "tables/1/policy.cdb", "tables/2/policy.cdb", "tables/current", "tables/1", "tables/2", "tables", "" };
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    text path = TEXT_ZERO;
    text_add_format(&path, "%s/%s", folder, made[i]);
    remove(text_string(&path));
    text_free(&path);
  }
  return check_done();
}
