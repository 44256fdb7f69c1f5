/* Where a domain wants its reports (RFC 8460 3). */

#include "tlsrpt/public.h"
#include "tlsrpt/record.h"
#include "tests/check.h"

static const struct {
  const char *records; /* "|" stands for the end of one */
  const char *endpoints; /* separated by spaces; 0: none, because of */
  const char *error;
} cases[] = {
  { "v=TLSRPTv1;rua=mailto:reports@example.com|", "mail=reports@example.com", 0 },
  { "v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt|", "post=https://reporting.example.com/v1/tlsrpt", 0 },
  { "v=TLSRPTv1; rua=mailto:a@b.example , https://c.example/x?y=z ,mailto:d@e.example;|", "mail=a@b.example post=https://c.example/x?y=z mail=d@e.example", 0 },
  { "v=TLSRPTv1 \t;\trua=mailto:a@b.example\t; \t|", "mail=a@b.example", 0 },
  { "v=TLSRPTv1;x-new=what(ever);rua=mailto:a@b.example;n3=1|", "mail=a@b.example", 0 },
  { "v=TLSRPTv1;rua=mailto:a@b.example;rua=MAILTO:c@d.example|", "mail=a@b.example mail=c@d.example", 0 },
  { "v=spf1 -all|v=TLSRPTv1;rua=mailto:a@b.example|v=TLSRPTv2;rua=mailto:c@d.example|", "mail=a@b.example", 0 },
  { "v=TLSRPTv1;rua=mailto:a@b.example|v=TLSRPTv1;rua=mailto:c@d.example|", 0, "there is more than one record" },
  { "v=spf1 -all|", 0, "there is no record" },
  { "", 0, "there is no record" },
  { "V=TLSRPTv1;rua=mailto:a@b.example|", 0, "there is no record" },
  { "v=tlsrptv1;rua=mailto:a@b.example|", 0, "there is no record" },
  { "v=TLSRPTv1|", 0, "there is no record" },
  { " v=TLSRPTv1;rua=mailto:a@b.example|", 0, "there is no record" },
  { "v=TLSRPTv1;|", 0, "the record has no rua" },
  { "v=TLSRPTv1;x=y|", 0, "the record has no rua" },
  { "v=TLSRPTv1;RUA=mailto:a@b.example|", 0, "the record has no rua" },
  { "v=TLSRPTv1;rua=|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=ftp://x.example/y|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;;|", 0, "the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;nothing|", 0, "the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;_x=y|", 0, "the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;=y|", 0, "the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;a23456789012345678901234567890123=y|", 0, "the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;a2345678901234567890123456789012=y|", "mail=a@b.example", 0 },
  { "v=TLSRPTv1;rua=mailto:a@b.example;x=y=z|", 0, "a value in the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;x=y z|", 0, "a value in the record is broken" },
  { "v=TLSRPTv1;rua=mailto:a@b.example;x=|", 0, "a value in the record is broken" },
  /* URIs: what is reserved in the record is written as %XX */
  { "v=TLSRPTv1;rua=mailto:%22a%2Cb%40c%21%22@d.example|", "mail=\"a,b@c!\"@d.example", 0 },
  { "v=TLSRPTv1;rua=mailto:a+b@c.example?subject=x|", "mail=a+b@c.example", 0 },
  { "v=TLSRPTv1;rua=mailto:j%C3%BCrgen@c.example|", "mail=j\xc3\xbcrgen@c.example", 0 },
  { "v=TLSRPTv1;rua=mailto:a@b.example!10m|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:a%0d%0aX:y@b.example|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:a%00@b.example|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:a%4@b.example|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:a%4|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:a@[192.0.2.1]|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:nobody|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=mailto:|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=HTTPS://X.example:8443/a%2Cb#part|", "post=HTTPS://X.example:8443/a%2Cb", 0 },
  { "v=TLSRPTv1;rua=https://x.example|", "post=https://x.example", 0 },
  { "v=TLSRPTv1;rua=https://|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https:///x|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=http://x.example/|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://user@x.example/|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://user:word@x.example/|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://x.example:0/|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://x.example:65536/|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://[::1]/|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://x.example/a b|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=https://x.example/\x01|", 0, "the record's rua names no mailbox and no https URI" },
  { "v=TLSRPTv1;rua=,,mailto:a@b.example,|", "mail=a@b.example", 0 },
};

/* A URI names a host, and its zone says where that is: not in here. */
static void check_public(void)
{
  static const char *const ours[] = { "127.0.0.1", "::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "10.1.2.3", "192.168.0.1", "172.31.0.1", "169.254.169.254", "0.0.0.0", "255.255.255.255",
                                      "fe80::1", "fec0::1", "fd00::1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2001::1", "ff02::1", 0 };
  static const char *const others[] = { "192.0.2.1", "198.51.100.1", "9.9.9.9", "2620:fe::fe", "2001:db8::1", "2001:4860::1", 0 };
  struct ip ip;

  for (const char *const *one = ours; *one; one++) check(ip_parse(&ip, *one) && !tlsrpt_is_public(&ip), *one);
  for (const char *const *one = others; *one; one++) check(ip_parse(&ip, *one) && tlsrpt_is_public(&ip), *one);
}

int main(void)
{
  text records = TEXT_ZERO, endpoints = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *error = 0;
    text_copy(&records, cases[i].records);
    for (size_t at = 0; at < records.len; at++)
      if (records.s[at] == '|') records.s[at] = 0;
    bool good = tlsrpt_record_parse(&records, &endpoints, &error);
    check(good == (cases[i].endpoints != 0), *cases[i].records ? cases[i].records : "no record at all");
    for (size_t at = 0; at + 1 < endpoints.len; at++)
      if (!endpoints.s[at]) endpoints.s[at] = ' ';
    if (good && cases[i].endpoints) check_is(endpoints.s, cases[i].endpoints, "... its places");
    if (!good && cases[i].error) check_is(error, cases[i].error, "... and why");
  }
  text_free(&records), text_free(&endpoints);
  check_public();
  return check_done();
}
