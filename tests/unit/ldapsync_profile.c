/* ldapsync/profile, ldapsync/condition, ldapsync/quota, ldapsync/dn, ldapsync/relayrules: text files to facts. */

#include "ldapsync/condition.h"
#include "ldapsync/dn.h"
#include "ldapsync/profile.h"
#include "ldapsync/quota.h"
#include "ldapsync/relayrules.h"
#include "lib/conf.h"
#include "tests/check.h"

static void show(text *out, const text *record)
{
  text_clear(out);
  for (size_t i = 0; i < record->len; i++) text_add_char(out, record->s[i] ? record->s[i] : '\n');
  text_string(out);
}

static bool map(const char *profile, const char *ldif, text *facts)
{
  struct profile p = PROFILE_ZERO;
  struct ldif l;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  text error = TEXT_ZERO;
  bool is_somebody = false;

  if (!profile_parse(&p, "test", profile, strlen(profile), &error)) {
    text_copy(facts, error.s);
    text_string(facts);
    return false;
  }
  ldif_begin(&l, ldif, strlen(ldif));
  if (ldif_next(&l, &e) == LDIF_ENTRY) is_somebody = profile_map(&p, &e, facts) != PROFILE_NOBODY;
  ldif_entry_free(&e);
  profile_close(&p);
  return is_somebody;
}

#define AD "key: objectGUID\nlogin: sAMAccountName\nlogin: userPrincipalName\nprimary: mail\nalias: proxyAddresses smtp:\nno-imap: locked=*\nno-submit: state=Blocked\n"

static void check_mapping(void)
{
  text facts = TEXT_ZERO, seen = TEXT_ZERO;

  map(AD, "dn: cn=a\nobjectGUID: 12ab-34\nsAMAccountName: Ann\nuserPrincipalName: ann@x.test\nproxyAddresses: smtp:team@x.test\nmail: ann@x.test\n"
          "proxyAddresses: SMTP:Ann.A@x.test\nproxyAddresses: x500:/o=x\nproxyAddresses: smtp:\nstate: BLOCKED\n", &facts);
  show(&seen, &facts);
  check_is(seen.s, "login=Ann\nlogin=ann@x.test\naddress=ann@x.test\nalias=team@x.test\nalias=Ann.A@x.test\nhint=Ann.A@x.test\ndn=cn=a\nkey=12ab-34\n"
                   "receive=yes\nsubmit=no\nimap=yes\n", "L-19 T15: prefixes without regard to case, capitals as a hint, the primary first, bits by value");
  map(AD, "dn: cn=a\nmail: a@x.test\nlocked: 20260101\n", &facts);
  check_is(record_get(&facts, "imap"), "no", "a bit by presence");
  check_is(record_get(&facts, "submit"), "yes", "... the other one stays");
  check(!strncmp(record_get(&facts, "key"), "dn-", 3) && strlen(record_get(&facts, "key")) == 35, "without an id the key is made of the dn");
  text_copy(&seen, record_get(&facts, "key"));
  map(AD, "dn: CN=A\nmail: other@x.test\n", &facts);
  check_is(text_string(&seen), record_get(&facts, "key"), "... the same from the same dn, however it is written");
  map(AD, "dn: cn=a\nmail: a@x.test\nobjectGUID: ../../etc\n", &facts);
  check(!strncmp(record_get(&facts, "key"), "dn-", 3), "an id that is no key is not used");
  map(AD, "dn: cn=a\nmail:: YQBi\nmail: a@x.test\n", &facts);
  check_is(record_get(&facts, "address"), "a@x.test", "a value with a NUL is none");
  map(AD "certificate: userCertificate\n", "dn: cn=a\nsAMAccountName: ann\nsAMAccountName: Certificate:00\nuserPrincipalName: certificate:01\nmail: a@x.test\n", &facts);
  size_t at = 0;
  check_is(record_next(&facts, "login", &at), "ann", "a login is taken");
  check(!record_next(&facts, "login", &at), "N-112: ... one that is written like a certificate's is none: nobody becomes the owner of another's certificate by his name");
  check(!map(AD, "dn: ou=people\nou: people\n", &facts), "an entry without login and address is nobody");
  text_free(&facts);
  text_free(&seen);
}

static void check_errors(void)
{
  text error = TEXT_ZERO;

  map("primary: mail\nlogn: uid\n", "", &error);
  check_is(error.s, "test line 2: unknown key \"logn\"", "an unknown key names file and line");
  map("login: uid\n", "", &error);
  check_is(error.s, "test: no primary: which attribute is the mail address?", "no primary");
  map("primary: mail\nno-imap: locked\n", "", &error);
  check_is(error.s, "test: no-imap: locked is not " CONDITION_FORMS, "a bit without a value");
  map("primary: mail\nkey: objectGUID uuid\n", "", &error);
  check_is(error.s, "test: key: objectGUID uuid is not an attribute, or one and guid", "another form of key");
  map("primary: mail=x\n", "", &error);
  check_is(error.s, "test: primary: mail=x is not an attribute", "a condition where an attribute is wanted");
  map("primary: (mail)\n", "", &error);
  check_is(error.s, "test: primary: (mail) is not an attribute", "no attribute's name");
  text_free(&error);
}

#define ADS "key: objectGUID guid\nprimary: mail\nprimary-group: primaryGroupID\nno-receive: userAccountControl&2\n" \
            "group: objectClass=group\ngroup-hidden: isCriticalSystemObject=TRUE\ngroup-id: primaryGroupToken\ngroup-name: cn\n"

static void check_ad(void)
{
  text facts = TEXT_ZERO, seen = TEXT_ZERO;

  map(ADS, "dn: cn=a\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\nmail: a@x.test\nprimaryGroupID: 513\nuserAccountControl: 66050\n", &facts);
  show(&seen, &facts);
  check_is(seen.s, "address=a@x.test\ndn=cn=a\nkey=03020100-0504-0706-0809-0a0b0c0d0e0f\nbind=<GUID=03020100-0504-0706-0809-0a0b0c0d0e0f>\nin-group=513\nreceive=no\nsubmit=yes\nimap=yes\n",
           "L-05: an objectGUID with a NUL byte, as Windows writes it; the primary group; a bit among others");
  map(ADS, "dn: cn=a\nobjectGUID: 03020100-0504-0706-0809-0A0B0C0D0E0F\nmail: a@x.test\nuserAccountControl: 512\n", &facts);
  check_is(record_get(&facts, "key"), "03020100-0504-0706-0809-0a0b0c0d0e0f", "... written out");
  check_is(record_get(&facts, "receive"), "yes", "another bit is not this one");
  map(ADS, "dn: cn=a\nobjectGUID:: AAECAwQFBgc=\nmail: a@x.test\n", &facts);
  check(!strncmp(record_get(&facts, "key"), "dn-", 3), "half an objectGUID is none");
  map(ADS, "dn: cn=g\nobjectClass: group\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\nisCriticalSystemObject: TRUE\nprimaryGroupToken: 513\ncn: g\n", &facts);
  show(&seen, &facts);
  check_is(seen.s, "dn=cn=g\nkey=03020100-0504-0706-0809-0a0b0c0d0e0f\nid=513\nhidden=yes\nname=g\n", "N-18: a built-in group is hidden, and has an id");
  text_free(&facts);
  text_free(&seen);
}

static void check_conditions(void)
{
  static const struct { char form; const char *operand, *value; bool holds; const char *what; } table[] = {
    { '=', "yes", "YES", true, "= is without regard to case" },
    { '=', "yes", "yess", false, "= is all of the value" },
    { '=', "*", "x", true, "=*: any value" },
    { '&', "2", "514", true, "&: the bit is set" },
    { '&', "2", "512", false, "&: it is not" },
    { '&', "3", "2", false, "&: all of several bits" },
    { '&', "2147483648", "-2147483646", true, "&: groupType is negative" },
    { '&', "2", "99999999999999999999", false, "&: a number that is too large has no bits" },
    { '&', "2", "", false, "&: nothing is no number" },
    { '&', "2", "-", false, "&: nor is a sign" },
    { '&', "2", "2 ", false, "&: nor is a number with something behind it" },
    { '<', "filetime", "0", false, "accountExpires 0 is never" },
    { '<', "filetime", "9223372036854775807", false, "... so is the largest number" },
    { '<', "filetime", "116444736000000000", true, "1970 is past" },
    { '<', "filetime", "116444746000000000", true, "... a thousand seconds later is now" },
    { '<', "filetime", "116444746010000000", false, "... one second more is to come" },
    { '<', "filetime", "20260101000000Z", false, "another form of time is none" },
    { '<', "days", "0", true, "shadowExpire: today" },
    { '<', "days", "1", false, "... tomorrow" },
    { '<', "days", "-1", false, "... never" },
    { '<', "date", "19700101001640Z", true, "RFC 4517: a date that is now" },
    { '<', "date", "19700101001641Z", false, "... one second more is to come" },
    { '<', "date", "197001010016Z", true, "... without seconds" },
    { '<', "date", "19700101001640.9Z", true, "... with a fraction" },
    { '<', "date", "19691231235959Z", true, "... before 1970" },
    { '<', "date", "19690229000000Z", false, "... of a day that there was not" },
    { '<', "date", "19701301000000Z", false, "... of a month that is none" },
    { '<', "date", "19690000000000Z", false, "... of no month" },
    { '<', "date", "19690101000000+0100", false, "... of another zone is none" },
    { '<', "date", "1969", false, "... nor is a year" },
  };
  static const struct { char form; const char *operand; bool good; } operands[] = {
    { '&', "0", false }, { '&', "-1", false }, { '&', "2x", false }, { '&', "", false }, { '&', "0x2", false },
    { '<', "now", false }, { '<', "", false }, { '=', "", false }, { 0, "", false }, { ' ', "x", false }, { '&', "2", true }, { '<', "days", true },
    { '<', "date", true }, { '!', "x", true }, { '!', "", false },
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    check(condition_holds(table[i].form, table[i].operand, table[i].value, strlen(table[i].value), 1000) == table[i].holds, table[i].what);
  check(condition_since("filetime", "116444746010000000", 18) == 1001 && condition_since("days", "1", 1) == 86400 && condition_since("date", "19700101001641Z", 15) == 1001, "since when");
  check(condition_since("days", "-1", 2) == CONDITION_NEVER && condition_since("days", "9223372036854775807", 19) == CONDITION_NEVER, "... never");
  for (size_t i = 0; i < sizeof operands / sizeof *operands; i++)
    check(condition_check(operands[i].form, operands[i].operand) == operands[i].good, operands[i].operand);
}

/* What only the other schemas need: conditions on none, persons that are groups, units. */
static void check_more(void)
{
#define MORE "key: id\nprimary: mail\nsend-as: also\nforward: to\nno-forward: mode=off\nkeep: mode!=nolocal\nquota: quota K\nno-imap: service!=imap\nno-submit: gone!=*\n" \
             "internal: inside=TRUE\ngroup: class=g\nperson: class=p\nprimary-group: in\ngroup-internal: closed!=no\ngroup-id: mail\n"
  static const struct { const char *ldif, *key, *expected, *what; } table[] = {
    { "service: pop3\nservice: IMAP\n", "imap", "yes", "!=: one of the values is it" },
    { "service: pop3\n", "imap", "no", "... none is" },
    { "", "imap", "no", "... there is none" },
    { "gone: x\n", "submit", "yes", "!=*: it is there" },
    { "", "submit", "no", "... it is not" },
    { "to: x@y.test\n", "forward", "x@y.test", "a forward" },
    { "to: x@y.test\nmode: OFF\n", "forwarding", "no", "... that is switched off" },
    { "service: pop3\n", "pop3", "no", "POP3 without a line of its own: as IMAP" },
    { "service: imap\n", "sieve", "", "... Sieve, too" },
    { "mode: noprogram\n", "keep", "yes", "keep, unless" },
    { "mode: noprogram\nmode: nolocal\n", "keep", "", "... any value says no" },
    { "quota: 100\n", "quota", "102400", "a bare number has the unit of the line" },
    { "quota: 1M\n", "quota", "1048576", "... another one its own" },
    { "quota: x\n", "quota", "x", "... what is none stays, to be reported" },
    { "also: b@x.test\n", "send-as", "b@x.test", "T5: an address to send as" },
    { "inside: true\n", "internal", "yes", "N-40: not from outside" },
    { "class: g\nin: z\n", "in-group", "z", "a group that names another one" },
    { "class: g\n", "internal", "yes", "... and is closed" },
    { "class: g\nclass: p\n", "receive", "yes", "a person, whatever group says" },
  };
  text facts = TEXT_ZERO, ldif = TEXT_ZERO, error = TEXT_ZERO;

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    text_copy(&ldif, "dn: cn=a\nmail: a@x.test\n");
    text_add(&ldif, table[i].ldif);
    map(MORE, text_string(&ldif), &facts);
    check_is(record_get(&facts, table[i].key), table[i].expected, table[i].what);
  }
  map("primary: mail\nquota: q X\n", "", &error);
  check_is(error.s, "test: quota: q X is not an attribute, or one and K, M or G", "a unit that is none");
  map("primary: mail\nkeep: a!b\n", "", &error);
  check_is(error.s, "test: keep: a!b is not " CONDITION_FORMS, "an exclamation mark alone");
  text_free(&facts);
  text_free(&ldif);
  text_free(&error);
}

static void check_quotas(void)
{
  static const struct { const char *value; uint64_t unit; const char *expected; } table[] = {
    { "1000", 1, "1000" }, { "1000", 1024, "1024000" }, { "100M", 1, "104857600" }, { "100m", 1024, "104857600" }, { "2G", 1, "2147483648" }, { "1T", 1, "1099511627776" },
    { "10b", 1024, "10" }, { "0", 1024, "0" }, { "1000000S,100C", 1, "1000000" }, { "100C,1000000S", 1024, "1000000" }, { "1000000S", 1, "1000000" }, { "100C", 1, "0" },
    { "*:storage=100M", 1, "104857600" }, { "*:storage=100", 1, "102400" }, { "*:bytes=1000", 1024, "1000" }, { "*:bytes=1000:messages=10", 1, "1000" },
    { "*:messages=10", 1, "0" }, { "Trash:ignore", 1, "0" }, { "?:storage=1G", 1, "1073741824" }, { "", 1, "none" }, { "M", 1, "none" }, { "-1", 1, "none" }, { "1 M", 1, "none" },
    { "1.5G", 1, "none" }, { "10X", 1, "none" }, { "100S,", 1, "100" }, { ",100S", 1, "none" }, { "*:", 1, "none" }, { "*:storage=", 1, "none" }, { "*:size=1", 1, "none" },
    { "9223372036854775807", 1, "9223372036854775807" }, { "9223372036854775808", 1, "none" }, { "9007199254740992K", 1, "none" }, { "99999999999999999999", 1, "none" },
  };
  char seen[32];
  uint64_t bytes;

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    bool good = quota_parse(table[i].value, strlen(table[i].value), table[i].unit, &bytes);
    snprintf(seen, sizeof seen, "%llu", (unsigned long long)bytes);
    check_is(good ? seen : "none", table[i].expected, table[i].value);
  }
}

/* RFC 4514: what is one DN, in all ways to write it, becomes one; what is two stays two. */
static void check_dns(void)
{
  static const struct { const char *one, *other; bool is_same; const char *what; } table[] = {
    { "CN=Ann,DC=x", "cn=ann,dc=X", true, "ASCII without regard to case" },
    { "cn = a , dc = x", "cn=a,dc=x", true, "spaces around separators" },
    { "cn=a;dc=x", "cn=a,dc=x", true, "RFC 2253: a semicolon" },
    { "cn=M\\FCller", "cn=M\\fcller", true, "hex in either case" },
    { "cn=Lu\\C4\\8Di\\C4\\87", "cn=Lu\xc4\x8di\xc4\x87", true, "UTF-8 in hex or as it is" },
    { "cn=Smith\\, John,dc=x", "cn=Smith\\2C John,dc=x", true, "a comma, as it is or in hex" },
    { "cn=Smith\\, John,dc=x", "cn=Smith, John,dc=x", false, "... is no separator" },
    { "cn=a\\+b", "cn=a\\2bb", true, "a plus" },
    { "cn=a\\+b=c", "cn=a+b=c", false, "... is no separator of values" },
    { "cn=a\\\"b\\\"", "cn=a\\22b\\22", true, "quotes" },
    { "cn=a\\;b", "cn=a\\3bb", true, "a semicolon that is escaped" },
    { "cn=a\\;b", "cn=a;b", false, "... is no separator" },
    { "cn=\\<a\\>", "cn=\\3ca\\3e", true, "angle brackets" },
    { "cn=a\\\\b", "cn=a\\5cb", true, "a backslash" },
    { "cn=a\\\\2cb", "cn=a\\2cb", false, "... in front of hex is no hex" },
    { "cn=\\#a", "cn=\\23a", true, "a number sign in front" },
    { "cn=a\\=b", "cn=a=b", true, "an equals sign in a value may be escaped, and need not be" },
    { "cn=a\\3Db", "cn=a=b", true, "... or be in hex" },
    { "cn=a=b+o=c=d", "cn=a\\=b+o=c\\=d", true, "... in each value of one name" },
    { "cn=a =b", "cn=a=b", false, "... and spaces around it are its own" },
    { "cn=\\ a\\ ", "cn=\\20a\\20", true, "spaces at both ends that are escaped" },
    { "cn=\\ a,dc=x", "cn=a,dc=x", false, "... belong to the name" },
    { "cn=a\\ ,dc=x", "cn=a,dc=x", false, "... the one behind it too" },
    { "cn=a\\ \\ ,dc=x", "cn=a\\ ,dc=x", false, "... each" },
    { "cn=a\\00b", "cn=a", false, "a NUL does not end it" },
    { "cn=Old\\0ADEL:1", "cn=old\\0adel:1", true, "a newline, as in the name of what is deleted" },
    { "CN=#04024869", "cn=#04024869", true, "BER in hex, written the same" },
    { "", "", true, "the empty DN" },
    { "cn=a\\", "cn=a", false, "a backslash at the end is itself" },
  };
  text one = TEXT_ZERO, other = TEXT_ZERO;

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    dn_fold(table[i].one, &one);
    dn_fold(table[i].other, &other);
    if (!check(!strcmp(one.s, other.s) == table[i].is_same, table[i].what)) printf("# %s\n# %s\n", one.s, other.s);
    dn_fold(one.s, &other);
    if (strcmp(one.s, other.s)) check(false, "what was folded stays as it is"), printf("# %s\n# %s\n", one.s, other.s);
  }
  text_free(&one);
  text_free(&other);
}

#define A_PIN "AA:BB:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00"
#define B_PIN "bb00000000000000000000000000000000000000000000000000000000000000"

static void check_rule(const char *fields, const char *expected, const char *what)
{
  static const char *const known[] = { "type", "subject", "host", "port", "protocol", "tls", "login", "password", "tokenfile", "tokencommand", "fingerprint", "source", "enabled", 0 };
  struct table policy = TABLE_ZERO, relay = TABLE_ZERO, token = TABLE_ZERO;
  text record = TEXT_ZERO, error = TEXT_ZERO, seen = TEXT_ZERO, value, login = TEXT_ZERO, command = TEXT_ZERO;
  size_t at = 0, where = 0;
  const char *name, *key;

  conf_fields_parse("f", fields, strlen(fields), known, &record, &error);
  if (!relayrule_parse(&policy, &relay, &token, "10-x", "f", &record, &key, &error))
    text_add_format(&seen, "%s: %s", key, error.s);
  else if ((name = table_next(&policy, &at, &where, &value))) {
    table_find(&relay, "rule", "10-x", &login);
    text_add_format(&seen, "%s %s:%s %s auth=%s %s", name, record_get(&value, "host"), record_get(&value, "port"), record_get(&value, "tls"),
                    record_get(&value, "auth"), record_get(&login, "login"));
    for (size_t walk = 0, length; (key = record_walk(&value, &walk, &length));)
      if (!strncmp(key, "next=", 5) || !strncmp(key, "equal=", 6)) text_add_format(&seen, " %s", key);
    if (table_find(&token, "rule", "10-x", &command))
      for (size_t walk = 0, length; (key = record_walk(&command, &walk, &length));) text_add_format(&seen, " %s", key);
    for (size_t i = 0; i < 2; i++)
      for (size_t next = 0; (key = record_next(&login, i ? "source" : "fingerprint", &next));) text_add_format(&seen, " %.6s", key);
  }
  check_is(text_string(&seen), expected, what);
  table_free(&policy);
  table_free(&relay);
  table_free(&token);
}

int main(void)
{
  check_mapping();
  check_errors();
  check_ad();
  check_conditions();
  check_more();
  check_quotas();
  check_dns();
  check_rule("host: r.test\n", "relay:default r.test:25 verify auth=no ", "N-83: port 25; the certificate is verified by default");
  check_rule("host: r.test\nport: 587\nlogin: a\npassword: b\ntls: encrypt\n", "relay:default r.test:587 encrypt auth=yes a", "L-08: credentials of the rule");
  check_rule("host: r.test\ntls: tls\n", "relay:default r.test:465 tls auth=no ", "implicit TLS has a port of its own");
  check_rule("host: r.test\nenabled: no\n", "", "N-87: a disabled rule is none");
  check_rule("type: sender\nsubject: Ann@X.test\nhost: r.test\n", "relay:sender:ann@x.test r.test:25 verify auth=no ", "N-79: a sender rule, by address");
  check_rule("type: recipient\nsubject: X.test\nhost: r.test\n", "relay:recipient:x.test r.test:25 verify auth=no ", "N-79: a recipient rule, by domain");
  check_rule("type: recipient\nsubject: .X.test\nhost: r.test\n", "relay:recipient:.x.test r.test:25 verify auth=no ", "T2: subdomains by a dot in front");
  check_rule("type: bcc\nhost: piler1\n", "relay:bcc piler1:25 verify auth=no ", "N-104: the archive's own route");
  check_rule("port: 587\n", "host: host is missing", "no host");
  check_rule("host: a.test b.test:2525, [2001:db8::1]:26 2001:db8::2,c_d\nport: 587\n",
             "relay:default a.test:587 verify auth=no  next=b.test:2525 equal=[2001:db8::1]:26 next=[2001:db8::2]:587 equal=c_d:587", "N-83: several hosts, by preference");
  check_rule("host: [2001:db8::1]\n", "relay:default 2001:db8::1:25 verify auth=no ", "an IPv6 address");
  check_rule("host: a.test:26\n", "relay:default a.test:26 verify auth=no ", "a port of its own");
  check_rule("host: a.test,\n", "host: there is no host behind the comma", "nothing behind a comma");
  check_rule("host: , a.test\n", "host: there is no host before a comma", "nothing before a comma");
  check_rule("host: a.test,,b.test\n", "host: there is no host before a comma", "nothing between two");
  check_rule("host: a.test:0\n", "host: a.test:0 is no host: HOST, HOST:PORT or [IPv6]:PORT", "port 0");
  check_rule("host: a.test b.test:x\n", "host: b.test:x is no host: HOST, HOST:PORT or [IPv6]:PORT", "no port");
  check_rule("host: [a.test\n", "host: [a.test is no host: HOST, HOST:PORT or [IPv6]:PORT", "half a bracket");
  check_rule("host: [2001:db8::1]x\n", "host: [2001:db8::1]x is no host: HOST, HOST:PORT or [IPv6]:PORT", "something behind a bracket");
  check_rule("host: r.test\nport: 0\n", "port: port is a number from 1 to 65535, not 0", "a bad port");
  check_rule("host: r.test\ntls: yes\n", "tls: tls is may, encrypt, verify, fingerprint, dane, tls or off, not yes", "a bad tls");
  check_rule("host: r.test\nlogin: a\n", "login: login and password (or tokenfile, or tokencommand) go together; one of them is missing", "a login without a password");
  check_rule("host: r.test\nlogin: a\ntokencommand: /usr/bin/curl  -s https://x.test/\n", "relay:default r.test:25 verify auth=yes a command=/usr/bin/curl argument=-s argument=https://x.test/",
             "S-07: a command that fetches a token");
  check_rule("host: r.test\ntokencommand: /bin/x\n", "tokencommand: login and password (or tokenfile, or tokencommand) go together; one of them is missing", "a command without a login");
  check_rule("host: r.test\nlogin: a\npassword: b\ntokencommand: /bin/x\n", "tokencommand: a login has a password or a token, not both", "a command and a password");
  check_rule("host: r.test\nlogin: a\ntokenfile: control/x\ntokencommand: /bin/x\n", "tokenfile: a login has a password or a token, not both", "a command and a file");
  check_rule("host: r.test\nlogin: a\ntokencommand: curl x\n", "tokencommand: tokencommand is the path of a program, and what it is given: /PATH WORD..., not curl x", "a command without its path");
  check_rule("host: r.test\nlogin: a\npassword: b\ntls: may\n", "tls: tls: may would send the password in the clear; write encrypt, verify, fingerprint, dane or tls", "a password in the clear");
  check_rule("host: r.test\ntype: sender\n", "subject: a rule of type sender needs a subject: ADDRESS, DOMAIN or .DOMAIN", "a sender rule without a subject");
  check_rule("host: r.test\ntype: other\n", "type: type is default, sender, recipient or bcc, not other", "another type");
  check_rule("host: r.test\nsubject: x.test\n", "subject: a rule of type default has no subject but *", "a default rule with a subject");
  check_rule("host: r.test\ntls: fingerprint\nfingerprint: " A_PIN "\nfingerprint: " B_PIN "\n", "relay:default r.test:25 fingerprint auth=no  aabb00 bb0000",
             "S-31, S-32: fingerprints, with colons or without, in any case");
  check_rule("host: r.test\ntls: tls\nfingerprint: " B_PIN "\n", "relay:default r.test:465 tls auth=no  bb0000", "S-31: one for implicit TLS");
  check_rule("host: r.test\ntls: fingerprint\n", "tls: tls: fingerprint needs a fingerprint", "no fingerprint");
  check_rule("host: r.test\nfingerprint: " B_PIN "\n", "fingerprint: tls: verify looks at no fingerprint; write tls: fingerprint", "one that nobody would look at");
  check_rule("host: r.test\ntls: fingerprint\nfingerprint: abc\n", "fingerprint: fingerprint is a SHA-256 in hex, not abc", "one that is none");
  check_rule("host: r.test\nsource: 192.0.2.1\nsource: 2001:db8::1\n", "relay:default r.test:25 verify auth=no  192.0. 2001:d", "source addresses");
  check_rule("host: r.test\nsource: 192.0.2.1\nsource: 192.0.2.2\n", "source: source is one IPv4 address, one IPv6 address, or both; 192.0.2.2 is one too many, or none", "two of a kind");
  check_rule("host: r.test\nsource: eth0\n", "source: source is one IPv4 address, one IPv6 address, or both; eth0 is one too many, or none", "no address");
  check_rule("host: r.test\nlogin: a\ntokenfile: control/tokens/a\n", "relay:default r.test:25 verify auth=yes a", "a token instead of a password");
  check_rule("host: r.test\nlogin: a\npassword: b\ntokenfile: control/a\n", "tokenfile: a login has a password or a token, not both", "both");
  check_rule("host: r.test\nlogin: a\ntokenfile: /etc/shadow\n", "tokenfile: tokenfile is a file below control/, not /etc/shadow", "a token elsewhere");
  check_rule("host: r.test\nlogin: a\ntokenfile: control/../x\n", "tokenfile: tokenfile is a file below control/, not control/../x", "a way out of control/");
  check_rule("host: r.test\ntokenfile: control/a\n", "tokenfile: login and password (or tokenfile, or tokencommand) go together; one of them is missing", "a token of nobody");
  check_rule("host: r.test\nprotocol: lmtp\n", "relay:default r.test:24 verify auth=no ", "LMTP has a port of its own");
  check_rule("host: r.test\nprotocol: uucp\n", "protocol: protocol is smtp or lmtp, not uucp", "another protocol");
  return check_done();
}
