/* smtpd/received: the Received field (RFC 5321 4.4), as a table; and that smtpd/header finds in it who it was for. */

#include "smtpd/header.h"
#include "smtpd/received.h"
#include "tests/check.h"

const char *PROG = "smtpd_received";

#define NO_TLS .helo = "c.example", .ip = "192.0.2.9", .me = "mx.example", .id = "ID"
#define BASE NO_TLS, .tls = ""
#define END "; Thu, 1 Jan 1970 00:00:00 +0000\r\n"

static const struct {
  const char *what;
  struct smtpd_received r;
  const char *field;
} cases[] = {
  { "HELO", { BASE }, "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "EHLO, TLS", { NO_TLS, .is_extended = true, .tls = "TLSv1.3 TLS_AES_256_GCM_SHA384" },
    "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with ESMTPS (TLSv1.3)\r\n\tid ID\r\n\ttls TLS_AES_256_GCM_SHA384" END },
  { "a login, which is not told", { BASE, .is_extended = true, .is_authenticated = true },
    "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with ESMTPA\r\n\tid ID" END },
  { "... but if it is wanted", { BASE, .is_extended = true, .is_authenticated = true, .login = "bob@a.example" },
    "Received: from c.example ([192.0.2.9])\r\n\t(Authenticated sender: bob@a.example)\r\n\tby mx.example with ESMTPA\r\n\tid ID" END },
  { "... and cannot break out", { BASE, .login = "bob) by evil (" }, "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "one recipient", { BASE, .recipient = "bob@a.example" },
    "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with SMTP\r\n\tid ID\r\n\tfor <bob@a.example>" END },
  { "... with 8 bits and without SMTPUTF8", { BASE, .recipient = "b\xc3\xb6" "b@a.example" },
    "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "SMTPUTF8", { NO_TLS, .is_utf8 = true, .is_extended = true, .tls = "TLSv1.3", .is_authenticated = true, .recipient = "b\xc3\xb6" "b@a.example" },
    "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with UTF8SMTPSA (TLSv1.3)\r\n\tid ID\r\n\tfor <b\xc3\xb6" "b@a.example>" END },
  { "LMTP", { BASE, .is_lmtp = true, .is_extended = true }, "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with LMTP\r\n\tid ID" END },
  { "LMTP with SMTPUTF8", { BASE, .is_lmtp = true, .is_extended = true, .is_utf8 = true },
    "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with UTF8LMTP\r\n\tid ID" END },
  { "a name that leads back", { BASE, .reverse = "host.c.example" },
    "Received: from c.example (host.c.example [192.0.2.9])\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "... and one that is no name", { BASE, .reverse = "host) (x" }, "Received: from c.example ([192.0.2.9])\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "a forged HELO", { .helo = "x\r\nEvil: y", .ip = "2001:db8::1", .me = "mx.example", .tls = "", .id = "ID" },
    "Received: from unknown ([IPv6:2001:db8::1])\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "no address", { .helo = "[192.0.2.9]", .ip = "", .me = "mx.example", .tls = "", .id = "ID" },
    "Received: from [192.0.2.9]\r\n\tby mx.example with SMTP\r\n\tid ID" END },
  { "a local user", { BASE, .user = "bob", .uid = 1000, .is_extended = true, .is_authenticated = true },
    "Received: from bob (uid 1000)\r\n\tby mx.example with local\r\n\tid ID" END },
  { "a hidden client", { BASE, .reverse = "host.c.example", .is_hidden = true, .is_extended = true, .is_authenticated = true },
    "Received: by mx.example with ESMTPA\r\n\tid ID" END },
};

int main(void)
{
  text out = TEXT_ZERO;
  struct smtpd_header h = { .message_id = TEXT_ZERO };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text_clear(&out);
    smtpd_received_add(&out, &cases[i].r);
    check_is(text_string(&out), cases[i].field, cases[i].what);
    smtpd_header_begin(&h, "mx.example", true);
    smtpd_header_feed(&h, out.s, out.len);
    smtpd_header_end(&h);
    const char *recipient = cases[i].r.recipient;
    check(h.hops == 1 && h.length == out.len && smtpd_header_passed(&h, "bob@a.example") == (recipient && !strcmp(recipient, "bob@a.example")),
          "... is one field, and known again");
  }
  text_free(&out);
  smtpd_header_free(&h);
  return check_done();
}
