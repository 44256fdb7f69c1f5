/* MTA-STS: the TXT record (RFC 8461 3.1), the policy (3.2), which MX it names (4.1); and whole TXT records of an answer. */

#include "lib/dns_text.h"
#include "send/sts_policy.h"
#include "send/sts_record.h"
#include "tests/check.h"

#define INVALID "invalid"
#define ID32 "abcdefghijklmnopqrstuvwxyz012345"

static const struct {
  const char *what, *records, *id; /* records: parted by '|'; id: INVALID, or 0 if there is none */
} records[] = {
  { "RFC 8461 3.1", "v=STSv1; id=20160831085700Z;", "20160831085700Z" },
  { "without the last ;", "v=STSv1;id=a", "a" },
  { "space around the delimiters", "v=STSv1 ; \tid=a \t; ", "a" },
  { "fields that nobody knows, before and behind", "v=STSv1; x_1.a-b=!#~?; id=a; y=1", "a" },
  { "the first id counts", "v=STSv1; id=a; id=b", "a" },
  { "... also before one that cannot be", "v=STSv1; id=a; id=-", "a" },
  { "an id of 32", "v=STSv1; id=" ID32, ID32 },
  { "an id of 33", "v=STSv1; id=x" ID32, INVALID },
  { "an id with another character", "v=STSv1; id=2016-08", INVALID },
  { "an empty id", "v=STSv1; id=;", INVALID },
  { "no id", "v=STSv1;", INVALID },
  { "no id, but a field", "v=STSv1; a=b;", INVALID },
  { "names are of lower case", "v=STSv1; ID=a", INVALID },
  { "a field without a value", "v=STSv1; id=a; b", INVALID },
  { "a value with a space", "v=STSv1; id=a b", INVALID },
  { "a value with =", "v=STSv1; id=a; b=c=d", INVALID },
  { "two delimiters", "v=STSv1;; id=a", INVALID },
  { "a name of 33", "v=STSv1; x" ID32 "=1; id=a", INVALID },
  { "a byte that is none", "v=STSv1; id=a; b=\xc3\xa4", INVALID },
  { "a control character", "v=STSv1; id=a; b=\x7f", INVALID },
  { "two records", "v=STSv1; id=a|v=STSv1; id=a", INVALID },
  { "two, one of which cannot be", "v=STSv1; id=a|v=STSv1; x", INVALID },
  { "one among others", "v=spf1 -all|v=STSv1; id=a|v=STSv10; id=b|x v=STSv1; id=c", "a" },
  { "another version", "v=STSv2; id=a", 0 },
  { "the version is of this case", "v=stsv1; id=a", 0 },
  { "the version alone", "v=STSv1", 0 },
  { "none", "", 0 },
};

static void check_records(void)
{
  char id[STS_ID_MAX + 1];
  const char *error;

  for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
    text all = TEXT_ZERO;
    text_add(&all, records[i].records);
    if (all.len) text_add_char(&all, 0);
    for (size_t at = 0; at < all.len; at++)
      if (all.s[at] == '|') all.s[at] = 0;
    enum sts_record_result result = send_sts_record_find(&all, id, &error);
    check_is(result == STS_RECORD_FOUND ? id : result == STS_RECORD_ABSENT ? "" : *error && !*id ? INVALID : "no error",
             records[i].id ? records[i].id : "", records[i].what);
    text_free(&all);
  }
}

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 86400\n"

static const struct {
  const char *what, *policy, *lines; /* lines: parted by '|'; else the error */
} policies[] = {
  { "RFC 8461 3.2", "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n",
    "version: STSv1|mode: enforce|mx: mail.example.com|mx: *.example.net|mx: backupmx.example.com|max_age: 604800|" },
  { "LF, no space, no last line end", "version:STSv1\nmode:testing\nmx:A.Example\nmax_age:1", "version: STSv1|mode: testing|mx: a.example|max_age: 1|" },
  { "mode none needs no mx", "version: STSv1\nmode: none\nmax_age: 1", "version: STSv1|mode: none|max_age: 1|" },
  { "space behind, empty lines", "version: STSv1 \t\n\r\n \nmode:\t enforce\nmax_age: 5\nmx: a.b  \n\n", "version: STSv1|mode: enforce|mx: a.b|max_age: 5|" },
  { "any order", "mx: a.b\nmax_age: 5\nmode: enforce\nversion: STSv1\n", "version: STSv1|mode: enforce|mx: a.b|max_age: 5|" },
  { "names that nobody knows", HEAD "mx: a.b\nfuture_field.x: \xc3\xa4 b:c\nother:\n", "version: STSv1|mode: enforce|mx: a.b|max_age: 86400|" },
  { "the first of each counts", HEAD "mx: a.b\nmode: none\nversion: STSv2\nmax_age: x\n", "version: STSv1|mode: enforce|mx: a.b|max_age: 86400|" },
  { "a year at most", "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 9999999999", "version: STSv1|mode: enforce|mx: a.b|max_age: 31557600|" },
  { "max_age 0", "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 0", "version: STSv1|mode: enforce|mx: a.b|max_age: 0|" },
  { "A-labels", HEAD "mx: *.xn--bcher-kva.example", "version: STSv1|mode: enforce|mx: *.xn--bcher-kva.example|max_age: 86400|" },
  { "an empty one", "", "it has no version" },
  { "no version", "mode: enforce\nmx: a.b\nmax_age: 1", "it has no version" },
  { "another version", "version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 1", "the version is not STSv1" },
  { "a longer version", "version: STSv11\nmode: enforce\nmx: a.b\nmax_age: 1", "the version is not STSv1" },
  { "no mode", "version: STSv1\nmx: a.b\nmax_age: 1", "it has no mode" },
  { "another mode", "version: STSv1\nmode: Enforce\nmx: a.b\nmax_age: 1", "the mode is not enforce, testing or none" },
  { "no max_age", "version: STSv1\nmode: enforce\nmx: a.b\n", "it has no max_age" },
  { "a max_age of 11 digits", "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 00000000001", "max_age is not a number of 1 to 10 digits" },
  { "a max_age with a sign", "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1", "max_age is not a number of 1 to 10 digits" },
  { "no mx", HEAD, "it has no mx" },
  { "names of fields are of lower case", HEAD "MX: a.b", "it has no mx" },
  { "a U-label", HEAD "mx: b\xc3\xbc" "cher.example", "an mx is not a name of a host, or *. and a name" },
  { "a wildcard alone", HEAD "mx: *", "an mx is not a name of a host, or *. and a name" },
  { "a wildcard elsewhere", HEAD "mx: mail.*.example", "an mx is not a name of a host, or *. and a name" },
  { "a wildcard in a label", HEAD "mx: mail*.example", "an mx is not a name of a host, or *. and a name" },
  { "two wildcards", HEAD "mx: *.*.example", "an mx is not a name of a host, or *. and a name" },
  { "two names in an mx", HEAD "mx: a.b, c.d", "an mx is not a name of a host, or *. and a name" },
  { "an empty mx", HEAD "mx:\n", "an mx is not a name of a host, or *. and a name" },
  { "a dot behind", HEAD "mx: a.b.\n", "an mx is not a name of a host, or *. and a name" },
  { "a web page", "<!DOCTYPE html>\n<html>", "a line is not NAME: VALUE" },
  { "space before a name", HEAD " mx: a.b", "a line is not NAME: VALUE" },
  { "CR alone ends no line", "version: STSv1\rmode: enforce\rmx: a.b\rmax_age: 1", "the version is not STSv1" },
};

static void check_policies(void)
{
  const char *error;

  for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
    struct sts_policy p = STS_POLICY_ZERO;
    text lines = TEXT_ZERO;
    if (send_sts_policy_parse(&p, policies[i].policy, strlen(policies[i].policy), &error)) {
      send_sts_policy_lines(&p, &lines);
      for (size_t at = 0; at < lines.len; at++)
        if (!lines.s[at]) lines.s[at] = '|';
    } else
      text_add(&lines, p.mode == STS_NONE && !p.patterns.len ? error : "something is left of it");
    check_is(text_string(&lines), policies[i].lines, policies[i].what);
    text_free(&lines);
    send_sts_policy_free(&p);
  }
}

static void check_bytes(void)
{
  static const char zero[] = HEAD "mx: a.b\0.example\n";
  struct sts_policy p = STS_POLICY_ZERO;
  text large = TEXT_ZERO;
  const char *error;

  check(!send_sts_policy_parse(&p, zero, sizeof zero - 1, &error), "a NUL in an mx");
  text_add(&large, HEAD "mx: a.b\n");
  while (large.len < STS_POLICY_BYTES) text_add_char(&large, '\n');
  check(send_sts_policy_parse(&p, large.s, large.len, &error), "64 KiB");
  text_add_char(&large, '\n');
  check(!send_sts_policy_parse(&p, large.s, large.len, &error), "a byte more");
  text_free(&large);
  send_sts_policy_free(&p);
}

static const struct {
  const char *pattern, *host;
  bool matches;
} matches[] = {
  { "mail.example.com", "mail.example.com", true },
  { "mail.example.com", "MAIL.example.com.", true },
  { "mail.example.com", "xmail.example.com", false },
  { "example.com", "mail.example.com", false },
  { "*.example.com", "mail.example.com", true },
  { "*.example.com", "example.com", false },
  { "*.example.com", ".example.com", false },
  { "*.example.com", "a.b.example.com", false },
  { "*.example.com", "mailexample.com", false },
  { "*.example.com", "mail.example.com.evil", false },
  { "*.example.com", "", false },
  { "*.example.com", ".", false },
};

static void check_matches(void)
{
  for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
    text what = TEXT_ZERO;
    text_add_format(&what, "%s %s %s", matches[i].pattern, matches[i].matches ? "is" : "is not", matches[i].host);
    check(send_sts_pattern_matches(matches[i].pattern, matches[i].host) == matches[i].matches, text_string(&what));
    text_free(&what);
  }
}

#define HEADER(flags, answers) "\x12\x34\x81" flags "\x00\x01\x00" answers "\x00\x00\x00\x00"
#define QUESTION "\x01" "a\x04test\x00\x00\x10\x00\x01"
#define RECORD(type, length) "\xc0\x0c\x00" type "\x00\x01\x00\x00\x00\x3c\x00" length
#define PARSE(bytes) dns_text_parse((const unsigned char *)bytes, sizeof bytes - 1, &found)

static void check_answers(void)
{
  static const char two[] = HEADER("\x80", "\x03") QUESTION RECORD("\x10", "\x07") "\x02" "ab\x03" "cd\0" RECORD("\x01", "\x04") "abcd" RECORD("\x10", "\x02") "\x01x";
  static const char bad[] = HEADER("\x80", "\x01") QUESTION RECORD("\x10", "\x04") "\x01" "a\x09" "b";
  static const char cut[] = HEADER("\x80", "\x01") QUESTION RECORD("\x10", "\x09") "\x01" "a";
  static const char absent[] = HEADER("\x83", "\x00") QUESTION, failed[] = HEADER("\x82", "\x00") QUESTION;
  static const char truncated[] = "\x12\x34\x83\x80\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION;
  text found = TEXT_ZERO, large = TEXT_ZERO;

  check(PARSE(two) == DNS_FOUND && found.len == 8 && !memcmp(found.s, "abcd\x7f\0x\0", 8), "TXT: strings together, records apart, no NUL inside");
  check(PARSE(bad) == DNS_NOTHING && !found.len, "... a string longer than its record");
  check(PARSE(cut) == DNS_LATER && !found.len, "... a record longer than the answer");
  check(PARSE(absent) == DNS_ABSENT && PARSE(failed) == DNS_LATER, "... no such name; SERVFAIL");
  check(PARSE(truncated) == DNS_LATER, "... an answer that is cut says nothing");
  text_add_bytes(&large, HEADER("\x80", "\x01") QUESTION "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x04\x00", 12 + 12 + 12);
  for (unsigned int i = 0; i < 4; i++) {
    text_add_char(&large, '\xff');
    for (unsigned int n = 0; n < 255; n++) text_add_char(&large, 'x');
  }
  check(dns_text_parse((const unsigned char *)large.s, large.len, &found) == DNS_FOUND && found.len == 4 * 255 + 1, "... of more than 255 bytes");
  text_free(&large);
  text_free(&found);
}

int main(void)
{
  check_records();
  check_policies();
  check_bytes();
  check_matches();
  check_answers();
  return check_done();
}
