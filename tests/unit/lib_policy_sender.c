/* lib/policy: who a client is, and as whom it may send, by tables that this test writes. Requirements N-63, N-64, N-98 to N-102,
   L-16, S-21, S-22, S-25, S-35, P-13 to P-15, P-19, P-24, P-31, T2, T5, T6, T16, T20. */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/policy.h"
#include "tests/check.h"
#include "tests/policy_tables.h"

const char *PROG = "lib_policy_sender";

static struct tables tables = TABLES_ZERO;

#define FINGERPRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* words: "key=value key=value"; '_' in text= is a space. */
static const struct {
  const char *kind, *key, *words;
} rows[] = {
  { "table", "generation", "id=1" },
  { "domain", "a.test", "file=control/domains/a.test" },
  { "domain", "b.test", "file=control/domains/b.test" },
  { "domain", "twin.test", "file=control/domains/twin.test alias=a.test" },
  { "domain", "all.test", "file=control/domains/all.test catchall=ann@a.test" },
  { "domain", "relayed.test", "file=control/domains/relayed.test relay=back.lan" },
  { "domain", "xn--bcher-kva.test", "file=control/domains/xn--bcher-kva.test" },
  { "address", "ann@a.test", "kind=address mailbox=ka from=ann" },
  { "address", "anna@a.test", "kind=address mailbox=ka from=ann" },
  { "address", "ann@b.test", "kind=user mailbox=ka from=ann" },
  { "address", "bob@a.test", "kind=address mailbox=kb from=bob" },
  { "address", "mute@a.test", "kind=address mailbox=km from=mute" },
  { "address", "mute2@a.test", "kind=address mailbox=km from=mute" },
  { "address", "team@a.test", "kind=address mailbox=ka mailbox=kb from=team" },
  { "address", "out@a.test", "kind=address forward=ann@far.test from=out" },
  { "address", "crew@a.test", "kind=group group=g1 from=crew" },
  { "address", "solo@a.test", "kind=group group=g2 from=solo" },
  { "address", "desk@*", "kind=address mailbox=public-desk from=desk" },
  { "address", "boss@*", "kind=address mailbox=ka from=boss" },
  { "address", "j\xc3\xbcrgen@xn--bcher-kva.test", "kind=address mailbox=ka from=juergen" },
  { "mailbox", "ka", "name=ann@a.test kind=user submit=yes from=ann" },
  { "mailbox", "kb", "name=bob@a.test kind=user submit=yes from=bob" },
  { "mailbox", "km", "name=mute@a.test kind=user submit=no from=mute" },
  { "mailbox", "kany", "name=any@a.test kind=user submit=yes from=any" },
  { "mailbox", "public-desk", "kind=public submit=yes from=desk" },
  { "group", "g1", "name=crew mailbox=ka mailbox=km" },
  { "group", "g2", "name=solo mailbox=ka" },
  { "sendas", "kb", "file=control/sendas address=ann@a.test domain=granted.test" },
  { "sendas", "kany", "file=control/sendas any=yes" },
  { "networks", "mynetworks", "length=4/8 length=4/24 length=6/64 length=4/32" },
  { "network", "mynetworks:4/24:c00002", "file=control/mynetworks line=1" },
  { "network", "mynetworks:4/8:0a", "file=control/mynetworks line=2" },
  { "network", "mynetworks:6/64:20010db800000001", "file=control/mynetworks line=3" },
  { "network", "mynetworks:4/32:c6336407", "file=control/mynetworks line=4" },
  { "networks", "backend", "length=4/32 length=4/16" },
  { "network", "backend:4/32:cb007109", "backend=one" },
  { "network", "backend:4/16:cb00", "backend=two" },
  { "backend", "one", "domain=one.test domain=b.test file=control/backends/one" },
  { "backend", "two", "domain=two.test file=control/backends/two login=two@relay" },
  { "fingerprint", FINGERPRINT, "backend=two" },
  { "login", "two@relay", "backend=two" },
  { "block", "spam@bad.test", "kind=address file=control/block line=1" },
  { "block", "bad2.test", "kind=domain file=control/block line=2" },
  { "block", ".bad3.test", "kind=suffix file=control/block line=3 text=go_away" },
  { "block", "deep.bad3.test", "kind=domain file=control/block line=4" },
  { "networks", "bypass", "length=4/24" },
  { "network", "bypass:4/24:c0a801", "file=control/bypass line=1 av=no" },
  { "bypass", "sender:friend@bad2.test", "file=control/bypass line=2 av=no" },
  { "bypass", "recipient:ann@a.test", "file=control/bypass line=4 av=yes" },
  { "bypass", "recipient:b.test", "file=control/bypass line=5 av=no" },
  { "bypass", "sender:good.test", "file=control/bypass line=3 av=yes" },
  { "allowed", "inst@a.test", "address=ann@a.test address=out@a.test domain=shop.test limit=2 file=control/allowedsenders/inst@a.test" },
};

static void make_tables(void)
{
  struct cdb_write *w = policy_tables_begin();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) policy_tables_put(w, rows[i].kind, rows[i].key, rows[i].words);
  policy_tables_end(w, &tables);
}

#define ME .me = "mx.a.test", .postmaster = "", .delimiter = '+'
#define ON(role_) .role = role_, ME
#define LOGIN(name, key) .role = POLICY_SUBMISSION, .is_tls = true, .login = name, .mailbox = key, ME

static const struct policy_facts stranger = { ON(POLICY_MX), .ip = "198.51.100.1", .spoof_mx = true };
static const struct policy_facts lenient = { ON(POLICY_MX), .ip = "198.51.100.1" };
static const struct policy_facts trusted = { ON(POLICY_MX), .ip = "10.1.2.3", .spoof_mx = true, .is_trusted = true };
static const struct policy_facts one = { ON(POLICY_MX), .ip = "203.0.113.9", .spoof_mx = true, .backend = "one" };
static const struct policy_facts friendly = { ON(POLICY_MX), .ip = "192.168.1.7", .spoof_mx = true };
static const struct policy_facts loose = { LOGIN("ann@a.test", "ka") };
static const struct policy_facts ann = { LOGIN("ann@a.test", "ka"), .enforce_sender = true };
static const struct policy_facts here = { LOGIN("ann@a.test", "ka"), .enforce_sender = true, .is_trusted = true };
static const struct policy_facts bob = { LOGIN("bob@a.test", "kb"), .enforce_sender = true };
static const struct policy_facts mute = { LOGIN("mute@a.test", "km"), .enforce_sender = true };
static const struct policy_facts loose_mute = { LOGIN("mute@a.test", "km") };
static const struct policy_facts any = { LOGIN("any@a.test", "kany"), .enforce_sender = true };
static const struct policy_facts instance = { LOGIN("inst@a.test", "ka") };
static const struct policy_facts two = { .role = POLICY_SUBMISSION, .is_tls = true, .login = "two@relay", .backend = "two", ME, .enforce_sender = true };
static const struct policy_facts gone = { LOGIN("gone@a.test", "kgone") };
static const struct policy_facts gone_backend = { .role = POLICY_SUBMISSION, .is_tls = true, .login = "old@relay", .backend = "old", ME };
static const struct policy_facts keyless = { LOGIN("ghost@a.test", 0), .enforce_sender = true };

static const struct {
  const struct policy_facts *who;
  const char *sender, *expected, *what;
} cases[] = {
  { &stranger, "x@far.test", "250", "a stranger" },
  { &stranger, "", "250", "the null sender" },
  { &stranger, "Spam@BAD.test", "554 5.7.1 <Spam@BAD.test>: Sender address rejected", "N-64 a blocked address" },
  { &stranger, "other@bad.test", "250", "N-64 ... and no other of its domain" },
  { &stranger, "x@bad2.test", "554 5.7.1 <x@bad2.test>: Sender domain rejected", "N-64 a blocked domain" },
  { &stranger, "x@sub.bad2.test", "250", "N-64 T2 ... and nothing below it" },
  { &stranger, "x@sub.bad3.test", "554 5.7.1 <x@sub.bad3.test>: Sender domain suffix rejected: go away", "N-64 T2 a suffix, with a text of its own" },
  { &stranger, "x@very.sub.bad3.test", "554 5.7.1 <x@very.sub.bad3.test>: Sender domain suffix rejected: go away", "N-64 T2 ... at any depth" },
  { &stranger, "x@bad3.test", "250", "N-64 T2 ... and not the domain itself" },
  { &stranger, "x@notbad3.test", "250", "N-64 T2 ... nor one that ends alike" },
  { &stranger, "x@deep.bad3.test", "554 5.7.1 <x@deep.bad3.test>: Sender domain rejected", "N-64 the domain before the suffix" },
  { &ann, "x@bad2.test", "554 5.7.1 <x@bad2.test>: Sender domain rejected", "N-64 block rules are for who has logged in too" },
  { &trusted, "x@bad2.test", "554 5.7.1 <x@bad2.test>: Sender domain rejected", "N-64 ... and for our networks" },
  { &stranger, "friend@bad2.test", "250", "N-63 a sender that is passed by" },
  { &loose, "ann@sales", "554 5.1.8 <ann@sales>: Sender address rejected: its domain is not fully qualified", "RFC 6409 4.2" },
  { &stranger, "ann@sales", "250", "RFC 6409 4.2: that is for submission" },
  { &friendly, "x@bad2.test", "250", "N-63 a client that is passed by" },
  { &friendly, "ann@a.test", "553 5.7.1 <ann@a.test>: Sender address rejected: not logged in", "N-63 ... may not spoof" },
  { &friendly, "mute@a.test", "553 5.7.1 <mute@a.test>: Sender address rejected: not logged in", "N-63 ... nor who may not send" },
  { &lenient, "ann@a.test", "250", "T16 without spoofmx a stranger may have a sender of ours" },
  { &stranger, "ann@a.test", "553 5.7.1 <ann@a.test>: Sender address rejected: not logged in", "T16 P-13 spoofmx: not as one of ours" },
  { &stranger, "nobody@A.test", "553 5.7.1 <nobody@A.test>: Sender address rejected: not logged in", "T16 ... whether there is such an address or not" },
  { &stranger, "x@B\xc3\xbc" "cher.test", "553 5.7.1 <x@B\xc3\xbc" "cher.test>: Sender address rejected: not logged in", "T16 ... in U-labels too" },
  { &stranger, "x@sub.a.test", "250", "T16 ... a domain below is not ours" },
  { &stranger, "x@relayed.test", "554 5.7.1 <x@relayed.test>: Sender address rejected: Inbound relay refuses internal sender domains",
    "S-25 nor as a domain that we relay to" },
  { &trusted, "ann@a.test", "250", "N-98 T16 from our networks one may" },
  { &trusted, "mute@a.test", "554 5.7.1 <mute@a.test>: Sender address rejected: sending is disabled", "P-15 who may not send may not from our networks" },
  { &lenient, "mute@a.test", "554 5.7.1 <mute@a.test>: Sender address rejected: sending is disabled", "P-15 ... nor from outside" },
  { &lenient, "mute2@a.test", "554 5.7.1 <mute2@a.test>: Sender address rejected: sending is disabled", "P-06 ... by none of the addresses" },
  { &lenient, "MUTE+x@a.test", "554 5.7.1 <MUTE+x@a.test>: Sender address rejected: sending is disabled", "P-06 ... nor with a detail" },
  { &lenient, "mute@twin.test", "554 5.7.1 <mute@twin.test>: Sender address rejected: sending is disabled", "P-06 ... nor in a domain's alias" },
  { &one, "x@one.test", "250", "S-22 a backend, as its own domain" },
  { &one, "ann@b.test", "250", "S-22 ... as its other one, which is ours" },
  { &one, "x@far.test", "554 5.7.1 <x@far.test>: Sender address rejected: not a domain of one", "S-22 ... not as a foreign one" },
  { &one, "ann@a.test", "554 5.7.1 <ann@a.test>: Sender address rejected: not a domain of one", "S-22 ... nor as ours" },
  { &one, "x@sub.one.test", "554 5.7.1 <x@sub.one.test>: Sender address rejected: not a domain of one", "S-22 ... nor one below its own" },
  { &one, "", "250", "S-22 ... but with the null sender" },
  { &two, "x@two.test", "250", "S-21 S-22 a backend that has logged in" },
  { &two, "x@one.test", "554 5.7.1 <x@one.test>: Sender address rejected: not a domain of two", "S-22 ... is not another backend" },
  { &two, "", "250", "S-22 ... and the null sender" },
  { &loose, "x@far.test", "250", "N-100 any sender while nothing is enforced" },
  { &ann, "ann@a.test", "250", "N-101 one's own address" },
  { &ann, "Ann@A.TEST", "250", "N-43 N-101 ... in any case" },
  { &ann, "anna@a.test", "250", "N-101 ... an alias" },
  { &ann, "ann@b.test", "250", "N-101 ... the login in a domain with user addresses" },
  { &ann, "ann+detail@a.test", "250", "N-101 ... with a detail" },
  { &ann, "ann@twin.test", "250", "N-101 ... in a domain's alias" },
  { &ann, "boss@b.test", "250", "N-101 N-39 ... a generic address of which one is the only holder" },
  { &ann, "j\xc3\xbcrgen@b\xc3\xbc" "cher.test", "250", "N-101 ... in UTF-8, with U-labels" },
  { &ann, "J\xc3\x9cRGEN@xn--bcher-kva.test", "250", "N-101 ... and with A-labels" },
  { &ann, "", "250", "the null sender is nobody's" },
  { &ann, "bob@a.test", "553 5.7.1 <bob@a.test>: Sender address rejected: not owned by user ann@a.test", "N-101 S-35 another's" },
  { &ann, "ann@far.test", "553 5.7.1 <ann@far.test>: Sender address rejected: not owned by user ann@a.test", "T6 one's name elsewhere" },
  { &ann, "ann@all.test", "553 5.7.1 <ann@all.test>: Sender address rejected: not owned by user ann@a.test", "T6 one's name where only a catch-all takes it" },
  { &ann, "nobody@a.test", "553 5.7.1 <nobody@a.test>: Sender address rejected: not owned by user ann@a.test", "N-101 nobody's" },
  { &ann, "team@a.test", "553 5.7.1 <team@a.test>: Sender address rejected: not owned by user ann@a.test", "N-102 T5 a shared address" },
  { &ann, "out@a.test", "553 5.7.1 <out@a.test>: Sender address rejected: not owned by user ann@a.test", "N-101 one that leads elsewhere" },
  { &ann, "crew@a.test", "553 5.7.1 <crew@a.test>: Sender address rejected: not owned by user ann@a.test", "N-102 T5 a group" },
  { &ann, "solo@a.test", "553 5.7.1 <solo@a.test>: Sender address rejected: not owned by user ann@a.test", "N-102 T5 a group of one" },
  { &ann, "desk@a.test", "553 5.7.1 <desk@a.test>: Sender address rejected: not owned by user ann@a.test", "N-102 T5 a public mailbox" },
  { &here, "bob@a.test", "250", "N-98 who has logged in from our networks may be another" },
  { &here, "mute@a.test", "554 5.7.1 <mute@a.test>: Sender address rejected: sending is disabled", "P-15 ... but nobody who may not send" },
  { &keyless, "ann@a.test", "553 5.7.1 <ann@a.test>: Sender address rejected: not owned by user ghost@a.test", "a login without a mailbox owns nothing" },
  { &bob, "Ann@a.test", "250", "T5 sendas: an address that was granted" },
  { &bob, "x@granted.test", "250", "T5 ... any of a domain" },
  { &bob, "x@sub.granted.test", "553 5.7.1 <x@sub.granted.test>: Sender address rejected: not owned by user bob@a.test", "T5 ... and none below it" },
  { &bob, "anna@a.test", "553 5.7.1 <anna@a.test>: Sender address rejected: not owned by user bob@a.test", "T5 ... not the other addresses of whose it is" },
  { &bob, "mute@a.test", "553 5.7.1 <mute@a.test>: Sender address rejected: not owned by user bob@a.test", "P-14 the match is looked at first" },
  { &any, "whoever@far.test", "250", "T5 ... anybody" },
  { &any, "mute@a.test", "554 5.7.1 <mute@a.test>: Sender address rejected: sending is disabled", "P-14 ... but nobody who may not send" },
  { &mute, "mute@a.test", "554 5.7.1 <mute@a.test>: Sender address rejected: sending is disabled", "P-08 who may not send, as himself" },
  { &loose_mute, "x@far.test", "554 5.7.1 <x@far.test>: Sender address rejected: sending is disabled", "P-13 P-14 ... nor as anybody else" },
  { &loose_mute, "crew@a.test", "554 5.7.1 <crew@a.test>: Sender address rejected: sending is disabled", "P-14 ... nor as a group" },
  { &mute, "", "554 5.7.1 <>: Sender address rejected: sending is disabled", "P-14 ... nor as nobody" },
  { &gone, "x@far.test", "554 5.7.1 <x@far.test>: Sender address rejected: sending is disabled", "T17 P-12 an account that is gone" },
  { &gone, "", "554 5.7.1 <>: Sender address rejected: sending is disabled", "T17 P-12 ... as nobody" },
  { &gone_backend, "x@old.test", "554 5.7.1 <x@old.test>: Sender address rejected: sending is disabled", "T17 a backend that is gone" },
  { &gone_backend, "", "554 5.7.1 <>: Sender address rejected: sending is disabled", "T17 ... as nobody" },
  { &instance, "ann@a.test", "250", "L-16 a sender of the list" },
  { &instance, "x@shop.test", "250", "L-16 ... and of a domain of the list" },
  { &instance, "bob@a.test", "553 5.7.1 <bob@a.test>: Sender address rejected: not one of the 2 senders of inst@a.test, who may have 2",
    "L-16 one that is not: the text names the address and the limit" },
  { &instance, "", "250", "L-16 the null sender" },
};

static const char *sender(const struct policy_facts *facts, const char *string)
{
  static text said = TEXT_ZERO;
  struct address a = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;

  if (*string && address_parse(&a, string, strlen(string)) != ADDRESS_FULL) return "not an address";
  policy_sender(&tables, facts, *string ? &a : 0, &d);
  text_clear(&said);
  text_add_number(&said, d.code);
  if (!policy_is_accepted(&d)) text_add_format(&said, " %s %s", d.status, d.text.s);
  address_free(&a);
  policy_decision_free(&d);
  return text_string(&said);
}

static void check_words(const char *words, const struct policy_facts *facts, const char *as, const char *expected, const char *what);

/* Who a client is: "trusted", the backend's name. */
static const struct {
  const char *ip, *fingerprint, *login, *login_backend, *expected, *what;
} clients[] = {
  { "192.0.2.77", "", 0, 0, "trusted", "N-98 P-24 in a /24" },
  { "192.0.3.77", "", 0, 0, "", "N-98 ... and not beside it" },
  { "10.200.3.4", "", 0, 0, "trusted", "N-98 in a /8" },
  { "198.51.100.7", "", 0, 0, "trusted", "N-98 one address" },
  { "198.51.100.8", "", 0, 0, "", "N-98 ... and not the next" },
  { "::ffff:192.0.2.1", "", 0, 0, "trusted", "N-98 IPv4 in IPv6" },
  { "2001:db8:0:1::5", "", 0, 0, "trusted", "N-98 IPv6" },
  { "2001:db8:0:2::5", "", 0, 0, "", "N-98 ... and not beside it" },
  { "c000:200::1", "", 0, 0, "", "an IPv6 address that begins like the bytes of an IPv4 network" },
  { "", "", 0, 0, "", "no address" },
  { "203.0.113.9", "", 0, 0, "one", "S-21 a backend by its address, the longest network first" },
  { "203.0.113.10", "", 0, 0, "two", "S-21 ... by its network" },
  { "198.51.100.1", FINGERPRINT, 0, 0, "two", "S-21 ... by its certificate" },
  { "198.51.100.1", "ffff", 0, 0, "", "S-21 ... not by another certificate" },
  { "203.0.113.9", FINGERPRINT, 0, 0, "two", "S-21 the certificate says more than the address" },
  { "198.51.100.1", "", "two@relay", "two", "two", "S-21 ... by its login" },
  { "203.0.113.9", "", "ann@a.test", 0, "", "a person who logs in from a backend's address is a person" },
};

static const char *client(size_t i, text *said)
{
  struct policy_standing standing = POLICY_STANDING_ZERO;
  struct policy_facts f = { .role = POLICY_MX, .ip = clients[i].ip, .fingerprint = clients[i].fingerprint, .login = clients[i].login,
                            .backend = clients[i].login_backend };

  bool good = policy_know_client(&tables, &f, &standing);
  text_copy(said, good ? "" : "broken");
  if (f.is_trusted) text_add(said, "trusted");
  if (f.backend) text_add(said, f.backend);
  text_free(&standing.backend);
  return text_string(said);
}

static unsigned int begin(struct policy_facts f)
{
  struct policy_decision d = POLICY_DECISION_ZERO;

  policy_client(&f, &d);
  policy_decision_free(&d);
  return d.code;
}

static void check_begin(void)
{
  check(begin(stranger) == 250, "anyone may begin on port 25");
  check(begin(ann) == 250, "who has logged in may on submission");
  check(begin((struct policy_facts){ .role = POLICY_SUBMISSION, .is_tls = true }) == 530, "P-31 nobody else may");
  check(begin((struct policy_facts){ .role = POLICY_SUBMISSION, .is_tls = true, .is_trusted = true }) == 530, "P-31 ... from our networks neither");
  check(begin((struct policy_facts){ .role = POLICY_SUBMISSION, .backend = "one" }) == 530, "S-23 a backend in clear neither");
}

static void check_bypass(void)
{
  struct address good = ADDRESS_ZERO;

  address_parse(&good, "x@Good.test", 11);
  check_is(policy_bypass(&tables, &stranger, &good), "av", "N-63 T20 a sender's domain, and the virus filter too");
  check_is(policy_bypass(&tables, &friendly, 0), "yes", "N-63 a client, also with the null sender");
  check_is(policy_bypass(&tables, &stranger, 0), "", "N-63 nobody else");
  address_parse(&good, "Ann@a.test", 10);
  check_is(policy_bypass_recipient(&tables, &good), "av", "N-63 a recipient");
  check_is(policy_bypass(&tables, &stranger, &good), "", "N-63 ... is none as a sender");
  address_parse(&good, "x@b.test", 8);
  check_is(policy_bypass_recipient(&tables, &good), "yes", "N-63 a recipient's domain");
  address_free(&good);
}

static const char *from(const struct policy_facts *facts, const char *string)
{
  static text said = TEXT_ZERO;
  struct address a = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;

  address_parse(&a, string, strlen(string));
  policy_from(&tables, facts, &a, &d);
  text_clear(&said);
  text_add_format(&said, "%u %s", d.code, d.rule);
  address_free(&a);
  policy_decision_free(&d);
  return text_string(&said);
}

static void check_from(void)
{
  struct policy_facts strict = ann;

  strict.enforce_from = true;
  check_is(from(&instance, "out@a.test"), "250 from", "L-12 a From of the list");
  check_is(from(&instance, "bob@a.test"), "553 sender-not-allowed", "L-12 one that is not");
  check_is(from(&ann, "bob@a.test"), "250 from", "the From of others is free without control/enforcefrom");
  check_is(from(&strict, "bob@a.test"), "553 sender-not-owned", "  and not with it");
  check_is(from(&strict, "anna@a.test"), "250 from", "  but for one's own");
  check_is(from(&two, "x@far.test"), "250 from", "a backend's users may pass on what others wrote");
  strict = two;
  strict.enforce_from = true;
  check_is(from(&strict, "x@far.test"), "554 backend-domain", "  and not with control/enforcefrom");
}

/* control/sendas with words for all: a second generation. */
static void check_shared(void)
{
  static const char *const words[] = { "groups=yes", "lists=yes", "public=yes" };
  static const char *const shared[] = { "crew@a.test", "team@a.test", "desk@b.test" };
  static const char *const names[] = { "T5 groups: a member as the group", "T5 lists: a holder as the list", "T5 public: a user as a public mailbox" };

  for (size_t i = 0; i < 3; i++) check_words(words[i], &ann, shared[i], "250", names[i]);
  check_words("groups=yes", &bob, "crew@a.test", "553 5.7.1 <crew@a.test>: Sender address rejected: not owned by user bob@a.test",
              "T5 groups: nobody else");
  check_words("groups=yes", &ann, "team@a.test", "553 5.7.1 <team@a.test>: Sender address rejected: not owned by user ann@a.test",
              "T5 groups: not a list");
  check_words("lists=yes", &any, "team@a.test", "250", "T5 lists: who may send as anybody may");
  check_words("lists=yes", &ann, "crew@a.test", "553 5.7.1 <crew@a.test>: Sender address rejected: not owned by user ann@a.test",
              "T5 lists: not a group");
  check_words("public=yes", &ann, "bob@a.test", "553 5.7.1 <bob@a.test>: Sender address rejected: not owned by user ann@a.test",
              "T5 public: not another's own mailbox");
  check_words("groups=yes", &mute, "crew@a.test", "554 5.7.1 <crew@a.test>: Sender address rejected: sending is disabled",
              "P-14 who may not send, as his group");
}

static void check_words(const char *words, const struct policy_facts *facts, const char *as, const char *expected, const char *what)
{
  if (mkdir("tables/2", 0700) == -1) exit(111);
  struct cdb_write *w = cdb_write_open("tables/2/policy.cdb");
  text key = TEXT_ZERO, record = TEXT_ZERO;
  struct lookup *first = lookup_open("tables/1/policy.cdb");
  size_t at = 0;

  if (!w || !first) exit(111);
  while (lookup_walk(first, &at, &key, &record) == LOOKUP_FOUND) {
    const char *colon = memchr(text_string(&key), ':', key.len);
    text kind = TEXT_ZERO;
    text_add_bytes(&kind, key.s, (size_t)(colon - key.s));
    cdb_write_add(w, text_string(&kind), colon + 1, &record);
    text_free(&kind);
  }
  text_copy(&record, words);
  text_add_char(&record, 0);
  cdb_write_add(w, "sendas", "*", &record);
  if (!cdb_write_close(w, 0644, (gid_t)-1)) exit(111);
  struct tables before = tables;
  tables = (struct tables)TABLES_ZERO;
  if (!tables_open_at(&tables, "2", "policy")) exit(111);
  check_is(sender(facts, as), expected, what);
  tables_close(&tables);
  tables = before;
  lookup_close(first);
  text_free(&key);
  text_free(&record);
  if (unlink("tables/2/policy.cdb") == -1 || rmdir("tables/2") == -1) exit(111);
}

int main(void)
{
  char folder[] = "/tmp/lib_policy_sender.XXXXXX";
  text said = TEXT_ZERO;

  if (!mkdtemp(folder) || chdir(folder) == -1) return 111;
  make_tables();
  for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) check_is(client(i, &said), clients[i].expected, clients[i].what);
  check_begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_is(sender(cases[i].who, cases[i].sender), cases[i].expected, cases[i].what);
  check_bypass();
  check_from();
  check_shared();
  tables_close(&tables);
  text_free(&said);
  if (unlink("tables/1/policy.cdb") == -1 || unlink("tables/current") == -1 || rmdir("tables/1") == -1 || rmdir("tables") == -1 ||
      chdir("/") == -1 || rmdir(folder) == -1)
    return 111;
  return check_done();
}
