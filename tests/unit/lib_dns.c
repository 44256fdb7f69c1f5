/* DNS answers in packed form, hostile ones too; the order of MX (RFC 5321 5.1); /etc/hosts. */

#include <stdlib.h>

#include "lib/dns.h"
#include "tests/check.h"

/* An answer to "a.test", which stands at offset 12. */
#define HEADER(flags, answers) "\x12\x34\x81" flags "\x00\x01\x00" answers "\x00\x00\x00\x00"
#define QUESTION(type) "\x01" "a\x04test\x00" "\x00" type "\x00\x01"
#define MX(length, preference, host) "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c\x00" length "\x00" preference host
#define A(address) "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" address
#define ANSWER(string) (const unsigned char *)string, sizeof string - 1

static struct dns_list list;

static void check_mx(void)
{
  static const char two[] = HEADER("\x80", "\x02") QUESTION("\x0f") MX("\x06", "\x14", "\x01" "B\xc0\x0c") MX("\x06", "\x0a", "\x01" "c\xc0\x0c");
  static const char null_mx[] = HEADER("\x80", "\x01") QUESTION("\x0f") MX("\x03", "\x00", "\x00");
  static const char null_and_other[] = HEADER("\x80", "\x02") QUESTION("\x0f") MX("\x03", "\x00", "\x00") MX("\x06", "\x0a", "\x01" "c\xc0\x0c");
  static const char strange[] = HEADER("\x80", "\x01") QUESTION("\x0f") MX("\x06", "\x0a", "\x01" "\n\xc0\x0c");
  static const char nothing[] = HEADER("\x80", "\x00") QUESTION("\x0f");
  static const char absent[] = HEADER("\x83", "\x00") QUESTION("\x0f");
  static const char failed[] = HEADER("\x82", "\x00") QUESTION("\x0f");
  static const char loop[] = HEADER("\x80", "\x01") QUESTION("\x0f") MX("\x04", "\x0a", "\xc0\x25");

  check(dns_answer_parse(ANSWER(two), DNS_MX, &list) == DNS_FOUND && list.count == 2, "two MX");
  check(!strcmp(list.records[0].name, "b.a.test") && list.records[0].preference == 20, "in the answer's order, in lower case");
  check(dns_answer_parse(ANSWER(two), DNS_A, &list) == DNS_NOTHING, "an MX is no A");
  check(dns_answer_parse(ANSWER(null_mx), DNS_MX, &list) == DNS_FOUND && list.is_null_mx && !list.count, "a null MX (RFC 7505)");
  check(dns_answer_parse(ANSWER(null_and_other), DNS_MX, &list) == DNS_FOUND && !list.is_null_mx && list.count == 1, "is none beside another one");
  check(dns_answer_parse(ANSWER(strange), DNS_MX, &list) == DNS_NOTHING, "a name with a newline is left out");
  check(dns_answer_parse(ANSWER(nothing), DNS_MX, &list) == DNS_NOTHING, "no records");
  check(dns_answer_parse(ANSWER(absent), DNS_MX, &list) == DNS_ABSENT, "NXDOMAIN");
  check(dns_answer_parse(ANSWER(failed), DNS_MX, &list) == DNS_LATER, "SERVFAIL");
  check(dns_answer_parse(ANSWER(loop), DNS_MX, &list) != DNS_FOUND, "a name that points at itself");
  for (size_t length = 0; length < sizeof two - 1; length++)
    if (dns_answer_parse((const unsigned char *)two, length, DNS_MX, &list) == DNS_FOUND) check(false, "a cut answer is found");
  check(true, "an answer that is cut anywhere is none");
}

static void check_ptr_and_txt(void)
{
  static const char ptr[] = HEADER("\x80", "\x02") QUESTION("\x0c") "\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x3c\x00\x04\x01M\xc0\x0c"
    "\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x3c\x00\x04\x01 \xc0\x0c";
  static const char txt[] = HEADER("\x80", "\x01") QUESTION("\x10") "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x09\x03" "a b\x04" "c\r\n\xff";
  static const char bad[] = HEADER("\x80", "\x01") QUESTION("\x10") "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x09" "ab";

  check(dns_answer_parse(ANSWER(ptr), DNS_PTR, &list) == DNS_FOUND && list.count == 1, "a PTR; one that is no name is left out");
  check_is(list.records[0].name, "m.a.test", "... in lower case");
  check(dns_answer_parse(ANSWER(txt), DNS_TXT, &list) == DNS_FOUND && list.count == 1, "a TXT");
  check_is(list.records[0].name, "a bc???", "... its strings together, printable");
  check(dns_answer_parse(ANSWER(bad), DNS_TXT, &list) == DNS_NOTHING, "a string longer than its record");
}

/* The AD bit, and whose the records are. */
static void check_security(void)
{
  static const char secure[] = HEADER("\xa0", "\x01") QUESTION("\x01") A("\x0a\x01\x02\x03");
  static const char absent[] = HEADER("\xa3", "\x00") QUESTION("\x0f");
  static const char alias[] = HEADER("\xa0", "\x02") QUESTION("\x01") "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01M\xc0\x0c"
    "\xc0\x24\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x01\x02\x03";

  check(dns_answer_parse(ANSWER(secure), DNS_A, &list) == DNS_FOUND && list.is_secure, "an answer with the AD bit");
  check_is(list.owner, "a.test", "... of the name that was asked for");
  check(dns_answer_parse(ANSWER(absent), DNS_MX, &list) == DNS_ABSENT && list.is_secure, "NXDOMAIN with the AD bit");
  check(dns_answer_parse(ANSWER(alias), DNS_A, &list) == DNS_FOUND && list.count == 1, "an address behind a CNAME");
  check_is(list.owner, "m.a.test", "... is of where that leads, in lower case");
  check(dns_answer_parse(ANSWER(alias), DNS_CNAME, &list) == DNS_FOUND && list.count == 1, "the CNAME alone");
  check_is(list.records[0].name, "m.a.test", "... leads there");
  check(dns_answer_parse((const unsigned char *)secure, 5, DNS_A, &list) == DNS_LATER && !list.is_secure && !*list.owner, "a broken answer is not secure");
}

static void check_tlsa(void)
{
#define TLSA(length, bytes) "\xc0\x0c\x00\x34\x00\x01\x00\x00\x00\x3c\x00" length bytes
  static const char two[] = HEADER("\xa0", "\x02") QUESTION("\x34") TLSA("\x05", "\x03\x01\x01" "ab") TLSA("\x04", "\x02\x00\xff" "c");
  static const char insecure[] = HEADER("\x80", "\x01") QUESTION("\x34") TLSA("\x05", "\x03\x01\x01" "ab");
  static const char brief[] = HEADER("\xa0", "\x01") QUESTION("\x34") TLSA("\x02", "\x03\x01");
  static const char empty[] = HEADER("\xa0", "\x01") QUESTION("\x34") TLSA("\x03", "\x03\x01\x01");
  static const char none[] = HEADER("\xa0", "\x01") QUESTION("\x34") A("\x0a\x01\x02\x03");
  static const char failed[] = HEADER("\x82", "\x00") QUESTION("\x34");
  static struct dns_tlsa_list tlsa = DNS_TLSA_LIST_ZERO;
  const struct dns_tlsa *one = &tlsa.records[1];
  static unsigned char many[4 + 65535];

  check(dns_answer_parse_tlsa(ANSWER(two), &tlsa) == DNS_FOUND && tlsa.count == 2 && tlsa.is_secure, "two TLSA, secure");
  check(one->usage == 2 && one->selector == 0 && one->matching == 255 && one->start == 2 && one->length == 1 && tlsa.data.s[2] == 'c', "... the second one's numbers and bytes");
  check(dns_answer_parse_tlsa(ANSWER(insecure), &tlsa) == DNS_FOUND && tlsa.count == 1 && !tlsa.is_secure, "without the AD bit not secure");
  check(dns_answer_parse_tlsa(ANSWER(brief), &tlsa) == DNS_FOUND && !tlsa.count, "one that is too short is there, but of no use");
  check(dns_answer_parse_tlsa(ANSWER(empty), &tlsa) == DNS_FOUND && tlsa.count == 1 && !tlsa.records[0].length, "one without data");
  check(dns_answer_parse_tlsa(ANSWER(none), &tlsa) == DNS_NOTHING && tlsa.is_secure, "an A is no TLSA");
  check(dns_answer_parse_tlsa(ANSWER(failed), &tlsa) == DNS_LATER && !tlsa.count, "SERVFAIL, as for a forged one");
  for (size_t length = 0; length < sizeof two - 1; length++)
    if (dns_answer_parse_tlsa((const unsigned char *)two, length, &tlsa) == DNS_FOUND) check(false, "a cut answer is found");
  /* 64 KiB of records: bounded */
  memcpy(many, HEADER("\xa0", "\x00"), 12);
  size_t length = 12, count = 0;
  for (; length + 12 + 1003 < 65535; count++, length += 12 + 1003)
    memcpy(many + length, "\x01z\x00\x00\x34\x00\x01\x00\x00\x00\x3c\x03\xeb\x03\x00\x00", 16), length += 1;
  many[4] = 0, many[5] = 0, many[7] = (unsigned char)count;
  check(dns_answer_parse_tlsa(many, length, &tlsa) == DNS_FOUND && tlsa.count == 23 && tlsa.data.len <= DNS_TLSA_BYTES, "more bytes than a packet may carry are left out");
}

static void check_addresses(void)
{
  static const char answer[] = HEADER("\x80", "\x02") QUESTION("\x01") A("\x7f\x00\x0d\x01") A("\x0a\x01\x02\x03");
  static const char hosts[] = "# 10.0.0.9 relay\n127.0.0.1 localhost\n10.0.0.1\trelay.test Relay  # main\n::1 relay\n10.0.0.2 xrelay relayx\n"
                              "nonsense relay\n10.0.0.3 a relay";

  check(dns_answer_parse(ANSWER(answer), DNS_A, &list) == DNS_FOUND && list.count == 2 && !strcmp(list.records[1].address, "10.1.2.3"), "addresses");
  check(dns_hosts_parse(hosts, sizeof hosts - 1, "relay", DNS_A, &list) == DNS_FOUND && list.count == 2, "/etc/hosts: each line with the name");
  check(!strcmp(list.records[0].address, "10.0.0.1") && !strcmp(list.records[1].address, "10.0.0.3"), "as a word, in any case");
  check(dns_hosts_parse(hosts, sizeof hosts - 1, "relay", DNS_AAAA, &list) == DNS_FOUND && !strcmp(list.records[0].address, "::1"), "IPv6");
  check(list.is_secure && !strcmp(list.owner, "relay"), "... nobody else wrote it");
  check(dns_hosts_parse(hosts, sizeof hosts - 1, "main", DNS_A, &list) == DNS_ABSENT, "a comment is no name");
}

static uint32_t counter;
static uint32_t rising(void) { return ++counter; }
static uint32_t falling(void) { return --counter; }

static void fill(const unsigned int *preferences, unsigned int count)
{
  list.count = count;
  for (unsigned int i = 0; i < count; i++) {
    list.records[i].preference = preferences[i];
    snprintf(list.records[i].name, sizeof list.records[i].name, "host%u", i);
  }
}

static void check_order(void)
{
  static const unsigned int preferences[] = { 30, 10, 20, 10, 10 };

  counter = 100;
  fill(preferences, 5);
  dns_order(&list, rising);
  check(list.records[0].preference == 10 && list.records[3].preference == 20 && list.records[4].preference == 30, "the lowest preference first");
  check(!strcmp(list.records[0].name, "host1") && !strcmp(list.records[2].name, "host4"), "equal ones by the lots");
  fill(preferences, 5);
  dns_order(&list, falling);
  check(!strcmp(list.records[0].name, "host4") && !strcmp(list.records[2].name, "host1"), "which fall otherwise another time");
  fill(preferences, 0);
  dns_order(&list, rising);
  check(!list.count, "nothing to order");
}

static void check_names(void)
{
  char name[300];

  check(dns_name_check("a.b-c_d.example"), "a name");
  check(dns_name_check("example."), "with a dot behind it");
  check(!dns_name_check("") && !dns_name_check(".") && !dns_name_check("a..b") && !dns_name_check(".a"), "an empty label");
  check(!dns_name_check("a b") && !dns_name_check("a\nb") && !dns_name_check("\xc3\xa4.example"), "other bytes");
  memset(name, 'a', sizeof name);
  name[63] = 0;
  check(dns_name_check(name), "a label of 63");
  name[63] = 'a', name[64] = 0;
  check(!dns_name_check(name), "a label of 64");
  memset(name, 'a', sizeof name);
  for (size_t i = 1; i < sizeof name; i += 2) name[i] = '.';
  name[253] = 0;
  check(dns_name_check(name), "a name of 253");
  name[253] = '.', name[254] = 'a', name[255] = 0;
  check(!dns_name_check(name), "a name of 255");
}

int main(void)
{
  check_mx();
  check_ptr_and_txt();
  check_security();
  check_tlsa();
  check_addresses();
  check_order();
  check_names();
  return check_done();
}
