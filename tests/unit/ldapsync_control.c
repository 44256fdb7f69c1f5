/* ldapsync: control files to records (doc/tables.md), without I/O. */

#include <string.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/allowed.h"
#include "ldapsync/backends.h"
#include "ldapsync/certificates.h"
#include "ldapsync/control.h"
#include "ldapsync/dn.h"
#include "ldapsync/keys.h"
#include "ldapsync/mailboxes.h"
#include "ldapsync/rules.h"
#include "ldapsync/sendas.h"
#include "ldapsync/tlspolicy.h"
#include "lib/conf.h"
#include "tests/check.h"

static void show_record(text *out, const text *record)
{
  for (size_t i = 0; i < record->len; i++) text_add_char(out, record->s[i] ? record->s[i] : ' ');
  text_string(out);
}

/* All records, a line each. */
static void show(text *out, const struct table *t)
{
  size_t key = 0, at = 0;
  text record;

  text_clear(out);
  for (const char *name; (name = table_next(t, &key, &at, &record));) {
    text_add_format(out, "%s ", name);
    show_record(out, &record);
    text_add_char(out, '\n');
  }
  text_string(out);
}

typedef bool parse_table(struct table *, const char *, const text *, text *);

static void check_lines(parse_table *parse, const char *lines, const char *expected, const char *what)
{
  struct table t = TABLE_ZERO;
  text bytes = { .s = (char *)lines, .len = strlen(lines) }, seen = TEXT_ZERO, error = TEXT_ZERO;

  if (parse(&t, "f", &bytes, &error))
    show(&seen, &t);
  else
    text_copy(&seen, error.s);
  check_is(text_string(&seen), expected, what);
  table_free(&t);
  text_free(&seen);
  text_free(&error);
}

static const struct {
  const char *written, *key, *what;
} networks[] = {
  { "10.77.4.0/24", "4/24:0a4d04", "a network" },
  { "192.168.12.42", "4/32:c0a80c2a", "an address" },
  { "10.77.4.99/24", "4/24:0a4d04", "bits behind the prefix are cleared" },
  { "10.77.255.0/20", "4/20:0a4df0", "a prefix within a byte" },
  { "0.0.0.0/0", "4/0:", "everybody" },
  { "2001:db8::/33", "6/33:20010db800", "IPv6" },
  { "::1", "6/128:00000000000000000000000000000001", "an IPv6 address" },
  { "::ffff:10.0.0.0/104", "4/8:0a", "IPv4 in IPv6 is IPv4" },
  { "::ffff:0:0/95", 0, "... and no more than all of it" },
  { "[::1]/128", "6/128:00000000000000000000000000000001", "P-24: as Postfix writes it" },
  { "[::1]", "6/128:00000000000000000000000000000001", "P-24: ... an address alone" },
  { "[10.0.0.1]", 0, "IPv4 has no brackets" },
  { "[::1", 0, "half a pair" },
  { "[::1/128]", 0, "... around the prefix too" },
  { "[]/0", 0, "... around nothing" },
  { "10.0.0.0/33", 0, "too many bits" },
  { "10.0.0.0/", 0, "no bits" },
  { "10.0.0/8", 0, "no address" },
  { "host.test", 0, "a name" },
  { "10.0.0.0/8/8", 0, "two prefixes" },
  { "", 0, "nothing" },
};

static void check_networks(void)
{
  text key = TEXT_ZERO;

  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
    check_is(network_key(networks[i].written, &key) ? key.s : "none", networks[i].key ? networks[i].key : "none", networks[i].what);
  check_lines(mynetworks_parse, "192.168.12.42 10.77.4.0/24\n# more\n10.77.4.7/24 ::1\n",
              "network:mynetworks:4/32:c0a80c2a file=f line=1 \nnetwork:mynetworks:4/24:0a4d04 file=f line=1 \n"
              "network:mynetworks:6/128:00000000000000000000000000000001 file=f line=3 \nnetworks:mynetworks length=4/32 length=4/24 length=6/128 \n",
              "N-98: by spaces or lines, each once, and the lengths in use");
  check_lines(mynetworks_parse, "10.0.0.1\n10.0.0.0/x\n", "f line 2: not a network like 192.0.2.0/24 or 2001:db8::/32: 10.0.0.0/x", "file and line");
  check_lines(mynetworks_parse, "", "", "nothing");
  text_free(&key);
}

static void check_tlspolicy(void)
{
#define PIN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"
#define PIN_KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  check_lines(tlspolicy_parse, "# who\nExample.TEST dane\n.example.test\tsts\n* encrypt\n",
              "tlspolicy:example.test policy=dane file=f line=2 \ntlspolicy:.example.test policy=sts file=f line=3 \ntlspolicy:* policy=encrypt file=f line=4 \n", "domain, those below one, all");
  check_lines(tlspolicy_parse, "a.test may\nb.test auto\nc.test verify\nd.test off\n",
              "tlspolicy:a.test policy=may file=f line=1 \ntlspolicy:b.test policy=auto file=f line=2 \ntlspolicy:c.test policy=verify file=f line=3 \ntlspolicy:d.test policy=off file=f line=4 \n", "the other words");
  check_lines(tlspolicy_parse, "a.test fingerprint " PIN " " PIN_KEY "\n",
              "tlspolicy:a.test policy=fingerprint file=f line=1 fingerprint=" PIN_KEY " fingerprint=" PIN_KEY " \n", "fingerprints");
  check_lines(tlspolicy_parse, "a.test dane\na.test\n", "f line 2: not \"DOMAIN|.DOMAIN|* POLICY\"", "no policy");
  check_lines(tlspolicy_parse, "ann@a.test dane\n", "f line 1: the subject is DOMAIN, .DOMAIN or *, not ann@a.test", "an address");
  check_lines(tlspolicy_parse, "a..test dane\n", "f line 1: the subject is DOMAIN, .DOMAIN or *, not a..test", "no domain");
  check_lines(tlspolicy_parse, "a.test secure\n", "f line 1: the policy is auto, may, encrypt, verify, dane, sts, off or fingerprint, not secure", "an unknown word");
  check_lines(tlspolicy_parse, "a.test tls\n", "f line 1: the policy is auto, may, encrypt, verify, dane, sts, off or fingerprint, not tls", "no MX speaks TLS from the first byte");
  check_lines(tlspolicy_parse, "a.test fingerprint\n", "f line 1: fingerprint needs the SHA-256 of a certificate, or of several", "no fingerprint");
  check_lines(tlspolicy_parse, "a.test fingerprint abc\n", "f line 1: fingerprint needs SHA-256 in hex, not: abc", "none in hex");
  check_lines(tlspolicy_parse, "a.test dane sts\n", "f line 1: only fingerprint has something behind it, not: sts", "two policies");
  check_lines(tlspolicy_parse, "a.test dane\n* may\nA.test sts\n", "f line 3: a.test is in line 1 already", "a subject twice");
  check_lines(tlspolicy_parse, "", "", "nothing");
}

static void check_certificates(void)
{
  check_lines(certificates_parse, PIN " Bob@Example.TEST\n", "certificate:" PIN_KEY " login=bob@example.test \ncertificate:* login=bob@example.test \n", "N-112 whose certificate it is");
  check_lines(certificates_parse, PIN "\n", "f line 1: not \"SHA256 LOGIN\"", "nobody's");
  check_lines(certificates_parse, PIN " a b\n", "f line 1: not \"SHA256 LOGIN\"", "two people's");
  check_lines(certificates_parse, "abcd bob\n", "f line 1: the first word is no SHA-256 in hex", "no fingerprint");
  check_lines(certificates_parse, PIN " bob\n# x\n" PIN_KEY " ann\n", "f line 3: this certificate is in a line before", "twice");
}

static void check_rules(void)
{
  check_lines(block_parse, "sender Bad@X.test\nsender x.test  go  away\nSENDER .y.test\nsender x.test other\n",
              "block:bad@x.test file=f line=1 kind=address \nblock:x.test file=f line=2 kind=domain text=go  away \nblock:.y.test file=f line=3 kind=suffix \n",
              "N-64: address, domain, suffix; the first of one subject");
  check_lines(block_parse, "sender a@x.test\nrecipient x.test\n", "f line 2: not \"sender ADDRESS|DOMAIN|.DOMAIN [text]\"", "only senders");
  check_lines(block_parse, "sender\n", "f line 1: not \"sender ADDRESS|DOMAIN|.DOMAIN [text]\"", "no sender");
  check_lines(block_parse, "sender a b@c\n", "block:a file=f line=1 kind=domain text=b@c \n", "a domain without a dot");
  check_lines(bypass_parse, "ip 10.0.0.0/8\nsender A@x.test +av\nrecipient x.test\n",
              "network:bypass:4/8:0a file=f line=1 av=no \nbypass:sender:a@x.test file=f line=2 av=yes \nbypass:recipient:x.test file=f line=3 av=no \n"
              "networks:bypass length=4/8 \n",
              "N-63, T20: networks, senders, recipients; the scanner only with +av");
  check_lines(bypass_parse, "ip x\n", "f line 1: not \"ip NETWORK\", \"sender ADDRESS|DOMAIN\" or \"recipient ADDRESS|DOMAIN\", with or without \" +av\"", "no network");
  check_lines(bypass_parse, "sender a@x.test +spam\n", "f line 1: not \"ip NETWORK\", \"sender ADDRESS|DOMAIN\" or \"recipient ADDRESS|DOMAIN\", with or without \" +av\"", "an unknown choice");
  check_lines(bypass_parse, "sender .x.test\n", "f line 1: not \"ip NETWORK\", \"sender ADDRESS|DOMAIN\" or \"recipient ADDRESS|DOMAIN\", with or without \" +av\"", "domains are exact here");
}

static void check_allowed(const char *lines, const char *expected, size_t beyond, const char *what)
{
  text bytes = { .s = (char *)lines, .len = strlen(lines) }, record = TEXT_ZERO, seen = TEXT_ZERO, error = TEXT_ZERO;
  size_t left_out = 0;

  if (allowed_parse(&record, "f", &bytes, &left_out, &error))
    show_record(&seen, &record);
  else
    text_copy(&seen, error.s);
  check_is(text_string(&seen), expected, what);
  check(left_out == beyond, "... and so many are left out");
  text_free(&record);
  text_free(&seen);
  text_free(&error);
}

static void check_backend(const char *fields, const char *expected, const char *what)
{
  static const char *const known[] = { "domain", "network", "fingerprint", "login", "password", 0 };
  struct table policy = TABLE_ZERO, auth = TABLE_ZERO;
  struct backends b = { .policy = &policy, .auth = &auth, .networks = { .kind = "backend", .lengths = TEXT_ZERO } };
  text record = TEXT_ZERO, error = TEXT_ZERO, seen = TEXT_ZERO, more = TEXT_ZERO;
  const char *key = "", *value = "";

  record_add(&more, "backend", "old");
  networks_add(&b.networks, &policy, "4/8:0b", &more);
  table_add(&policy, "login", "old", &more);
  table_free(&policy);
  networks_add(&b.networks, &policy, "4/8:0b", &more);
  conf_fields_parse("f", fields, strlen(fields), known, &record, &error);
  if (backend_parse(&b, "one", "f", &record, &key, &value, &error)) {
    show(&seen, &policy);
    show(&more, &auth);
    text_add_text(&seen, &more);
  } else
    text_add_format(&seen, "%s: %s: %s", key, value, error.s);
  check_is(text_string(&seen), expected, what);
  table_free(&policy);
  table_free(&auth);
  text_free(&b.networks.lengths);
  text_free(&record);
  text_free(&error);
  text_free(&seen);
  text_free(&more);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OLD "network:backend:4/8:0b backend=old \n"

static void check_backends(void)
{
  check_backend("domain: One.test\nnetwork: 10.0.0.0/8\n", OLD "network:backend:4/8:0a backend=one \nbackend:one domain=one.test file=f \n", "S-21: by address");
  check_backend("domain: one.test\nfingerprint: 01:23:45:67:89:AB:CD:EF" "0123456789abcdef0123456789abcdef0123456789abcdef\n",
                OLD "fingerprint:" HEX " backend=one \nfingerprint:* backend=one \nbackend:one domain=one.test file=f \n", "S-21: by certificate");
  check_backend("domain: one.test\nlogin: One.test@relay\npassword: {CRYPT}x\n",
                OLD "login:one.test@relay backend=one \nbackend:one domain=one.test login=one.test@relay file=f \nbackend:one password={CRYPT}x \n", "S-21: by login; the hash in a table of its own");
  check_backend("domain: one.test\nlogin: a\npassword: {CRYPT}x\npassword: {SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n",
                OLD "login:a backend=one \nbackend:one domain=one.test login=a file=f \nbackend:one password={CRYPT}x password={SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU= \n", "both lines of password-hash");
  check_backend("domain: one.test\nlogin: a\npassword: {CRYPT}x\npassword: secret\n", "password: secret: a login needs a hashed password, which password-hash makes; one in the clear is not kept", "T18: the second one is in the clear");
  check_backend("network: 10.0.0.0/8\n", "domain: : it has no domain, so it could send as nobody", "S-22: no domain");
  check_backend("domain: one.test\nnetwork: 11.0.0.0/8\n", "network: 11.0.0.0/8: it is that of old already", "the network of another one");
  check_backend("domain: one.test\nlogin: a\npassword: secret\n", "password: secret: a login needs a hashed password, which password-hash makes; one in the clear is not kept", "T18: a password in the clear");
  check_backend("domain: one.test\nlogin: a\n", "login: a: a login needs a hashed password, which password-hash makes; one in the clear is not kept", "a login without a password");
  check_backend("domain: one.test\npassword: {CRYPT}x\n", "password: {CRYPT}x: a password needs a login", "a password without a login");
  check_backend("domain: one.test\nfingerprint: 01\n", "fingerprint: 01: it is no SHA-256 in hex", "a fingerprint that is none");
  check_backend("domain: one.test\nfingerprint: a\nfingerprint: a\nfingerprint: a\nfingerprint: a\nfingerprint: a\nfingerprint: a\n",
                "fingerprint: : more than 5 fingerprints", "S-21: six fingerprints");
}

static void check_sendas(const char *lines, const char *expected, const char *what)
{
  struct sendas s = SENDAS_ZERO;
  text bytes = { .s = (char *)lines, .len = strlen(lines) }, seen = TEXT_ZERO, error = TEXT_ZERO;

  if (sendas_parse(&s, "f", &bytes, &error)) {
    for (size_t i = 0; i < s.count; i++) {
      text_add_format(&seen, "%s: ", s.all[i]->login);
      show_record(&seen, &s.all[i]->record);
    }
    show_record(&seen, &s.words);
  } else
    text_copy(&seen, error.s);
  check_is(text_string(&seen), expected, what);
  text_free(&seen);
  text_free(&error);
}

static void check_settings(const char *before, const char *fields, const char *expected, const char *what)
{
  static const char *const known[] = { "receive", "submit", "imap", "pop3", "sieve", "forwarding", "forward", "keep", "quota", "spamretention", "language", 0 };
  text facts = TEXT_ZERO, record = TEXT_ZERO, error = TEXT_ZERO, seen = TEXT_ZERO;
  const char *key = "";

  conf_fields_parse("f", before, strlen(before), known, &facts, &error);
  conf_fields_parse("f", fields, strlen(fields), known, &record, &error);
  if (mailbox_settings(&facts, &record, &key, &error))
    show_record(&seen, &facts);
  else
    text_add_format(&seen, "%s: %s", key, text_string(&error));
  check_is(text_string(&seen), expected, what);
  text_free(&facts);
  text_free(&record);
  text_free(&error);
  text_free(&seen);
}

static void check_names(void)
{
  text name = TEXT_ZERO;

  check(control_name("%22a%20b%22@x.test", &name) && text_is(&name, "\"a b\"@x.test"), "a file's name with %XX");
  check(!control_name("a%2", &name) && !control_name("a%zz", &name) && !control_name("a%00", &name), "... cut off, no hex, a NUL");
  check(addressfile_key("Info", &name) && text_is(&name, "info@*"), "N-38: a local part is generic");
  check(addressfile_key("Info@A.test", &name) && text_is(&name, "info@a.test"), "N-43: case does not count");
  check(!addressfile_key("a b", &name) && !addressfile_key("@a.test", &name), "... what is no address is none");
}

static void check_key(const char *name, const char *expected, const char *what)
{
  text key = TEXT_ZERO;

  key_make(&key, "public", name);
  check_is(key.s, expected, what);
  check(key_check(key.s), "... which is a key");
  text_free(&key);
}

static void check_dn(const char *one, const char *other, bool is_same, const char *what)
{
  text a = TEXT_ZERO, b = TEXT_ZERO;

  dn_fold(one, &a);
  dn_fold(other, &b);
  check(!strcmp(a.s, b.s) == is_same, what);
  text_free(&a);
  text_free(&b);
}

int main(void)
{
  check_networks();
  check_certificates();
  check_tlspolicy();
  check_rules();
  check_allowed("A@x.test\ny.test\na@X.test\n", "file=f address=a@x.test domain=y.test ", 0, "L-16: addresses and domains, each once");
  check_allowed("limit: 1\na@x.test\nb@x.test\n", "file=f limit=1 address=a@x.test ", 1, "L-15: a limit");
  check_allowed("a@x.test\nlimit: none\n", "f line 2: limit is a number", 0, "a limit that is none");
  check_allowed(".x.test\n", "f line 1: not an address or a domain", 0, "no suffixes");
  check_backends();
  check_sendas("Ann info@X.test\nann x.test\nbob *\ngroups\npublic\ngroups\n", "ann: file=f address=info@x.test domain=x.test bob: file=f any=yes groups=yes public=yes ", "T5: grants and words");
  check_sendas("ann\n", "f line 1: not \"LOGIN ADDRESS|DOMAIN|*\", and none of the words groups, lists, public", "a login alone");
  check_sendas("groups\nann a@x.test b@x.test\n", "f line 2: not \"LOGIN ADDRESS|DOMAIN|*\", and none of the words groups, lists, public", "two grants on a line");
  check_settings("receive: no\nforward: a@x.test\n", "receive: yes\nkeep: yes\n", "receive=no forward=a@x.test submit=yes imap=yes keep=yes ", "T12: one no is no");
  check_settings("forward: a@x.test\nquota: 5\n", "forward: B@x.test\nforward: c@x.test\nquota: 2M\n", "receive=yes submit=yes imap=yes quota=2M forward=b@x.test forward=c@x.test ", "what is said takes the place of the directory's");
  check_settings("", "imap: no\n", "receive=yes submit=yes imap=no pop3=no sieve=no ", "POP3 and Sieve are as IMAP");
  check_settings("", "imap: no\npop3: yes\n", "receive=yes submit=yes imap=no sieve=no ", "... unless they have a say");
  check_settings("pop3: no\nforwarding: no\n", "pop3: yes\nsieve: no\nforwarding: yes\n", "pop3=no forwarding=no receive=yes submit=yes imap=yes sieve=no ", "... the directory's no stays no");
  check_settings("", "forwarding: a@x.test\n", "forwarding: forwarding is yes or no, not a@x.test", "forwarding is no address");
  check_settings("", "language: DE-at\n", "receive=yes submit=yes imap=yes language=de-at ", "a language");
  check_settings("", "language: ../x\n", "language: language is one such as de or pt-BR (RFC 5646), not ../x", "one that is none");
  check_settings("", "quota: 5T\n", "quota: quota is a number of bytes, or one with K, M or G behind it, not 5T", "a unit that is none");
  check_settings("", "spamretention: ever\n", "spamretention: spamretention is a number of days, not ever", "N-31: no number of days");
  check_settings("", "keep: 1\n", "keep: keep is yes or no, not 1", "N-29: neither yes nor no");
  check_names();
  check_key("office", "public-office", "a name as a key");
  check_key("a.b/c", "public--a-2eb-2fc", "... with other bytes");
  check_key("-a-2eb", "public---2da-2d2eb", "... no two names are one key");
  check_key("a123456789a123456789a123456789a123456789a123456789a123456789a123456789", "public-95d0e8033561c32a3b315c0e166f5596", "... of a long one a hash");
  check_dn("cn=Ann B,ou=X,dc=y", "CN = ann b , OU=x;dc=Y", true, "RFC 4514: case, spaces, ';'");
  check_dn("cn=a\\2cb,dc=y", "cn=a\\,b,dc=y", true, "... escapes of one byte");
  check_dn("cn=a\\,b,dc=y", "cn=a,b,dc=y", false, "... an escaped comma is none");
  check_dn("cn=a\\c3\\a4,dc=y", "cn=a\xc3\xa4,dc=y", true, "... UTF-8 in hex");
  check_dn("cn=a\\ ,dc=y", "cn=a,dc=y", false, "... an escaped space stays");
  return check_done();
}
