/* lib/address: RFC 5321 mailboxes and paths; checks 5, 6 and 13 (what an address can be made to look like). */

#include "lib/address.h"
#include "tests/check.h"

static const struct {
  const char *given;
  const char *shown; /* 0: refused */
  const char *folded;
} mailboxes[] = {
  { "bob@example.test", "bob@example.test", "bob@example.test" },
  { "Bob.B+tag@Example.TEST", "Bob.B+tag@Example.TEST", "bob.b+tag@example.test" }, /* N-43 */
  { "\"bob\"@example.test", "bob@example.test", "bob@example.test" },               /* quoted for nothing */
  { "\"b\\ob\"@example.test", "bob@example.test", "bob@example.test" },
  { "\"bob smith\"@example.test", "\"bob smith\"@example.test", "\"bob smith\"@example.test" },
  { "\"a\\\"b\\\\c\"@d", "\"a\\\"b\\\\c\"@d", "\"a\\\"b\\\\c\"@d" },
  { "\"victim@far.example\"@example.test", "\"victim@far.example\"@example.test", "\"victim@far.example\"@example.test" },
  { "\"a..b\"@d", "\"a..b\"@d", "\"a..b\"@d" },
  { "\"\"@d", "\"\"@d", "\"\"@d" },
  { "victim%far.example@example.test", "victim%far.example@example.test", "victim%far.example@example.test" },
  { "far.example!victim@example.test", "far.example!victim@example.test", "far.example!victim@example.test" },
  { "o'neill@example.test", "o'neill@example.test", "o'neill@example.test" },
  { "bob@[192.0.2.1]", "bob@[192.0.2.1]", "bob@[192.0.2.1]" },
  { "bob@[IPv6:2001:DB8::1]", "bob@[IPv6:2001:DB8::1]", "bob@[ipv6:2001:db8::1]" },
  { "bob@under_score.example", "bob@under_score.example", "bob@under_score.example" },
  /* RFC 6531: UTF-8 local parts in NFC and case-folded, U-labels as A-labels */
  { "j\xc3\xb6rg@example.test", "j\xc3\xb6rg@example.test", "j\xc3\xb6rg@example.test" },
  { "J\xc3\x96RG@Example.test", "J\xc3\x96RG@Example.test", "j\xc3\xb6rg@example.test" },
  { "jo\xcc\x88rg@example.test", "jo\xcc\x88rg@example.test", "j\xc3\xb6rg@example.test" }, /* a combining diaeresis */
  { "stra\xc3\x9f" "e@example.test", "stra\xc3\x9f" "e@example.test", "strasse@example.test" },
  { "\xce\xa3\xce\xa6\xce\xa3@example.test", "\xce\xa3\xce\xa6\xce\xa3@example.test", "\xcf\x83\xcf\x86\xcf\x83@example.test" },
  { "\"a \xc3\x84\"@example.test", "\"a \xc3\x84\"@example.test", "\"a \xc3\xa4\"@example.test" },
  { "a\xcd\xbe" "b@example.test", "a\xcd\xbe" "b@example.test", "\"a;b\"@example.test" }, /* in NFC it is a semicolon */
  { "bob@b\xc3\xbc" "cher.example", "bob@b\xc3\xbc" "cher.example", "bob@xn--bcher-kva.example" },
  { "bob@B\xc3\x9c" "CHER.Example", "bob@B\xc3\x9c" "CHER.Example", "bob@xn--bcher-kva.example" },
  { "bob@bu\xcc\x88" "cher.example", "bob@bu\xcc\x88" "cher.example", "bob@xn--bcher-kva.example" },
  { "bob@XN--BCHER-KVA.example", "bob@XN--BCHER-KVA.example", "bob@xn--bcher-kva.example" },
  { "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example", "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example",
    "\xe7\x94\xa8\xe6\x88\xb7@xn--fsqu00a.example" },
  { "bob@fa\xc3\x9f.example", "bob@fa\xc3\x9f.example", "bob@xn--fa-hia.example" }, /* IDNA2008 keeps the sharp s */
  { "bob@\xe2\x98\x83.example", 0, 0 }, /* a snowman is in no name of IDNA2008 */
  { "bob@b\xc3\xbc" "cher..example", 0, 0 },
  { "bob@-b\xc3\xbc" "cher.example", 0, 0 },
  { "bob@a\xef\xbc\x8f" "b.example", 0, 0 }, /* a full-width slash */
  { "b\xc2\x85@example.test", 0, 0 }, /* C1 control */
  { "b\xe2\x80\xa8@example.test", 0, 0 }, /* line separator */
  { "b\xff@example.test", 0, 0 },
  { "b\xc0\xaf@example.test", 0, 0 }, /* overlong */
  { "b\xed\xa0\x80@example.test", 0, 0 }, /* a surrogate */
  { "b\xc3@example.test", 0, 0 }, /* cut off */
  { "bob@ex\xe4mple.test", 0, 0 },
  { "bob", 0, 0 },
  { "", 0, 0 },
  { "@example.test", 0, 0 },
  { "bob@", 0, 0 },
  { "bob@@example.test", 0, 0 },
  { "bob@far.example@example.test", 0, 0 },
  { ".bob@example.test", 0, 0 },
  { "bob.@example.test", 0, 0 },
  { "b..b@example.test", 0, 0 },
  { "b b@example.test", 0, 0 },
  { "bob@example..test", 0, 0 },
  { "bob@.example.test", 0, 0 },
  { "bob@example.test.", 0, 0 },
  { "bob@-example.test", 0, 0 },
  { "bob@example-.test", 0, 0 },
  { "bob@example.test-", 0, 0 },
  { "bob@exa mple.test", 0, 0 },
  { "bob@[192.0.2.256]", 0, 0 },
  { "bob@[192.0.2.1", 0, 0 },
  { "bob@192.0.2.1]", 0, 0 },
  { "bob@[]", 0, 0 },
  { "bob@[x400:c=de]", 0, 0 },
  { "bob@[IPv6:192.0.2.1]", 0, 0 },
  { "\"bob@example.test", 0, 0 },
  { "\"bob\\", 0, 0 },
  { "\"bo\"b@example.test", 0, 0 },
  { "bob\x01@example.test", 0, 0 },
  { "\"b\x01\"@example.test", 0, 0 },
  { "bob@example.test ", 0, 0 },
  { "bob@example.test>", 0, 0 },
  { "(comment)bob@example.test", 0, 0 },
};

static const struct {
  const char *given;
  enum address_result result;
  const char *shown;
  size_t left; /* bytes behind the path */
} paths[] = {
  { "<>", ADDRESS_NULL, 0, 0 },
  { "<> SIZE=1", ADDRESS_NULL, 0, 7 },
  { "<bob@example.test>", ADDRESS_FULL, "bob@example.test", 0 },
  { "<bob@example.test> BODY=8BITMIME", ADDRESS_FULL, "bob@example.test", 14 },
  { "<postmaster>", ADDRESS_LOCAL, "postmaster", 0 },
  { "<@a.example,@b.example:bob@example.test>", ADDRESS_FULL, "bob@example.test", 0 },
  { "<@example.test:victim@far.example>", ADDRESS_FULL, "victim@far.example", 0 },
  { "<\"a>b\"@example.test>", ADDRESS_FULL, "\"a>b\"@example.test", 0 },
  { "<@a.example>", ADDRESS_BAD, 0, 0 },
  { "<@a.example:>", ADDRESS_BAD, 0, 0 },
  { "<@a.example bob@example.test>", ADDRESS_BAD, 0, 0 },
  { "<bob@example.test", ADDRESS_BAD, 0, 0 },
  { "bob@example.test", ADDRESS_BAD, 0, 0 },
  { "<bob@example.test >", ADDRESS_BAD, 0, 0 },
  { "<<bob@example.test>>", ADDRESS_BAD, 0, 0 },
  { "< >", ADDRESS_BAD, 0, 0 },
  { "<", ADDRESS_BAD, 0, 0 },
  { "", ADDRESS_BAD, 0, 0 },
  { "<b\xc3\xb6" "b@example.test>", ADDRESS_FULL, "b\xc3\xb6" "b@example.test", 0 },
  { "<@b\xc3\xbc" "cher.example:bob@example.test> X", ADDRESS_FULL, "bob@example.test", 2 },
  { "<bob@ex\xff" "mple.test>", ADDRESS_BAD_UTF8, 0, 0 }, /* check 6 */
  { "<bob@example.test> X=\xff", ADDRESS_BAD_UTF8, 0, 0 },
};

static void check_mailboxes(void)
{
  struct address a = ADDRESS_ZERO;

  for (size_t i = 0; i < sizeof mailboxes / sizeof *mailboxes; i++) {
    enum address_result result = address_parse(&a, mailboxes[i].given, strlen(mailboxes[i].given));
    if (!mailboxes[i].shown) {
      check(result == ADDRESS_BAD || result == ADDRESS_BAD_UTF8, mailboxes[i].given);
      continue;
    }
    check(result == ADDRESS_FULL, mailboxes[i].given);
    check_is(a.shown.s, mailboxes[i].shown, "  shown");
    check_is(a.folded.s, mailboxes[i].folded, "  folded");
  }
  check(address_parse(&a, "bob\0x@example.test", 18) == ADDRESS_BAD, "a NUL is in no address");
  check(address_parse(&a, "bob@[192.0.2.1\0]", 16) == ADDRESS_BAD, "a NUL is in no address literal");
  address_free(&a);
}

static void check_paths(void)
{
  struct address a = ADDRESS_ZERO;
  size_t used;

  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    size_t length = strlen(paths[i].given);
    enum address_result result = address_parse_path(&a, paths[i].given, length, &used);
    check(result == paths[i].result, paths[i].given);
    if (result >= ADDRESS_NULL) check(length - used == paths[i].left, "  it ends where it ends");
    if (paths[i].shown) check_is(a.shown.s, paths[i].shown, "  shown");
  }
  address_free(&a);
}

static void check_parts(void)
{
  struct address a = ADDRESS_ZERO;

  address_parse(&a, "\"A b\"@EXAMPLE.test", 18);
  check_is(a.local, "a b", "the local part without its quotes, folded");
  check_is(a.domain, "example.test", "the domain, folded");
  address_parse(&a, "b@[192.0.2.1]", 13);
  check(a.is_literal, "an address literal is told apart");
  address_free(&a);
}

static void check_utf8(void)
{
  struct address a = ADDRESS_ZERO, b = ADDRESS_ZERO;
  text folded = TEXT_ZERO;

  address_parse(&a, "bob@b\xc3\xbc" "cher.example", 19);
  address_parse(&b, "bob@xn--bcher-kva.example", 25);
  check(a.is_utf8 && !b.is_utf8, "what needs SMTPUTF8 is told apart");
  check(!strcmp(a.domain, b.domain) && !strcmp(a.folded.s, b.folded.s), "a U-label and its A-label are one domain");
  address_parse(&a, "J\xc3\x96RG@example.test", 18);
  check_is(a.local, "j\xc3\xb6rg", "a local part, folded");
  check(domain_fold("B\xc3\x9c" "CHER.Example", 15, &folded), "a domain alone is folded");
  check_is(folded.s, "xn--bcher-kva.example", "  to A-labels");
  check(domain_fold("Example.TEST", 12, &folded) && !strcmp(folded.s, "example.test"), "  or to lower case");
  check(!domain_fold("", 0, &folded) && !domain_fold("a b", 3, &folded) && !domain_fold("\xff", 1, &folded), "  or refused");
  text_free(&folded);
  address_free(&a);
  address_free(&b);
}

static void check_lengths(void)
{
  text long_local = TEXT_ZERO;
  struct address a = ADDRESS_ZERO;
  char label[64];

  memset(label, 'x', sizeof label);
  check(domain_check(label, 63), "a label of 63");
  check(!domain_check(label, 64), "a label of 64 is too long");
  for (int i = 0; i < 60; i++) text_add(&long_local, "verp-");
  text_add(&long_local, "x@example.test");
  check(address_parse(&a, long_local.s, long_local.len) == ADDRESS_FULL, "local parts over 64 bytes exist (RFC 5321 4.5.3.1)");
  text_free(&long_local);
  address_free(&a);
}

int main(void)
{
  check_mailboxes();
  check_paths();
  check_parts();
  check_utf8();
  check_lengths();
  return check_done();
}
