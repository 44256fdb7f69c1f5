/* smtpd/lines, complete and fixup: what submission does to a message (RFC 6409 8), as tables of before and after; the lines
   are read whole and byte by byte. */

#include "smtpd/complete.h"
#include "smtpd/fixup.h"
#include "smtpd/lines.h"
#include "tests/check.h"

const char *PROG = "smtpd_fixup";

static const struct { const char *what, *before, *after; } lines[] = {
  { "CRLF stays", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n" },
  { "a bare LF", "a\nb\n", "a\r\nb\r\n" },
  { "a bare CR", "a\rb\r\n", "a\r\nb\r\n" },
  { "a CR at the end", "a\r", "a\r\n" },
  { "two CRs before an LF are one end", "Subject: x\r\r\nb", "Subject: x\r\nb" },
  { "LF CR", "a\n\rb", "a\r\n\r\nb" },
  { "empty lines", "\n\n\r\n", "\r\n\r\n\r\n" },
  { "nothing", "", "" },
};

static bool lines_become(size_t i, size_t piece)
{
  struct smtpd_lines l = { .after_cr = false };
  text out = TEXT_ZERO;
  size_t length = strlen(lines[i].before);

  for (size_t at = 0; at < length; at += piece)
    smtpd_lines_add(&l, lines[i].before + at, piece < length - at ? piece : length - at, &out);
  smtpd_lines_end(&l, &out);
  bool good = text_is(&out, lines[i].after);
  text_free(&out);
  return good;
}

static const struct { const char *before, *after; } addresses[] = {
  { "bob", "bob@d.example" },
  { "bob@a.example", "bob@a.example" },
  { "bob, ann@b , carl", "bob@d.example, ann@b , carl@d.example" },
  { "Bob Smith <bob>", "Bob Smith <bob@d.example>" },
  { "Bob <bob@x>, \"A, B\" <ann>", "Bob <bob@x>, \"A, B\" <ann@d.example>" },
  { "< bob >", "< bob@d.example >" },
  { "bob (Bob, he)", "bob@d.example (Bob, he)" },
  { "\"bob x\"", "\"bob x\"@d.example" },
  { "list: bob, ann@x; , carl", "list: bob@d.example, ann@x; , carl@d.example" },
  { "undisclosed-recipients:;", "undisclosed-recipients:;" },
  { "list: ann", "list: ann@d.example" },
  { "bob.smith,\r\n bob . smith", "bob.smith@d.example,\r\n bob . smith@d.example" },
  { "two words", "two words" },
  { "<@route.example:bob@x>", "<@route.example:bob@x>" },
  { "<bob", "<bob" },
  { "<>", "<>" },
  { "<bob> <ann>", "<bob@d.example> <ann@d.example>" },
  { "=?utf-8?q?bob?=", "=?utf-8?q?bob?=" },
  { "(only a comment)", "(only a comment)" },
  { "bob@[192.0.2.1], ann", "bob@[192.0.2.1], ann@d.example" },
  { "bob>", "bob>" },
  { ", ,bob,,", ", ,bob@d.example,," },
  { "b\xc3\xb6" "b", "b\xc3\xb6" "b@d.example" },
};

#define ME "From: <bob@a.example>\r\n"
#define ID "Message-ID: <id@mx.example>\r\n"
#define ALL "Date: x\r\nFrom: <x@y>\r\nMessage-ID: <1@y>\r\n"
#define RESENT "Resent-Date: x\r\nResent-From: <x@y>\r\nResent-Message-ID: <1@y>\r\n"

static const struct { const char *what, *before, *after; } fixups[] = {
  { "all is there", ALL "Subject: x\r\n", ALL "Subject: x\r\n\r\n" },
  { "nothing is there", "", "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n" ME ID "\r\n" },
  { "a Date is missing", "From: x@y\r\nMessage-ID: <1@y>\r\n", "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: x@y\r\nMessage-ID: <1@y>\r\n\r\n" },
  { "a From", "DATE : x\r\nmessage-id: <1@y>\r\n", ME "DATE : x\r\nmessage-id: <1@y>\r\n\r\n" },
  { "an empty From", "From: \r\nDate: x\r\nMessage-ID: <1@y>\r\n", ME "Date: x\r\nMessage-ID: <1@y>\r\n\r\n" },
  { "an empty Message-ID", "Message-ID:\r\nDate: x\r\nFrom: x@y\r\n", ID "Date: x\r\nFrom: x@y\r\n\r\n" },
  { "a Message-ID", "Date: x\r\nFrom: x@y\r\n", ID "Date: x\r\nFrom: x@y\r\n\r\n" },
  { "Bcc goes, with its folds", ALL "Bcc: a@b,\r\n c@d\r\n\te@f\r\nSubject: x\r\n", ALL "Subject: x\r\n\r\n" },
  { "... every one of them", "bcc : x\r\n" ALL "BCC:\r\nResent-Bcc: x\r\n" RESENT, ALL RESENT "\r\n" },
  { "... and nothing that is called alike", ALL "Bcc-X: x\r\n", ALL "Bcc-X: x\r\n\r\n" },
  { "Return-Path and Content-Length go", "Return-Path: <x>\r\n" ALL "Content-Length: 5\r\n", ALL "\r\n" },
  { "Sender stays as it is", ALL "Sender: bob\r\n", ALL "Sender: bob\r\n\r\n" },
  { "addresses get a domain", "Date: x\r\nFrom: Bob <bob>\r\nTo: ann,\r\n carl\r\nCc: x@y\r\nMessage-ID: <1@y>\r\n",
    "Date: x\r\nFrom: Bob <bob@d.example>\r\nTo: ann@d.example,\r\n carl@d.example\r\nCc: x@y\r\nMessage-ID: <1@y>\r\n\r\n" },
  { "... not in a signed header", ALL "DKIM-Signature: v=1\r\nTo: ann\r\nBcc: x\r\n", ALL "DKIM-Signature: v=1\r\nTo: ann\r\n\r\n" },
  { "a resent message (RFC 5322 3.6.6)", "Resent-To: ann@y\r\n" ALL,
    "Resent-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nResent-From: <bob@a.example>\r\nResent-Message-ID: <id@mx.example>\r\nResent-To: ann@y\r\n" ALL "\r\n" },
  { "... whose block is whole", RESENT ALL, RESENT ALL "\r\n" },
  { "... an older block does not count", "Resent-From: <x@y>\r\nReceived: x\r\n" RESENT ALL,
    "Resent-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nResent-Message-ID: <id@mx.example>\r\nResent-From: <x@y>\r\nReceived: x\r\n" RESENT ALL "\r\n" },
  { "an mbox line goes", "From joe Sat\r\n" ALL, ALL "\r\n" },
  { "a last line without an end gets one", ALL "Subject: x", ALL "Subject: x\r\n\r\n" },
};

static bool fixup_is(size_t i)
{
  const struct smtpd_fixup f = { .from = "bob@a.example", .domain = "d.example", .me = "mx.example", .id = "id" };
  text out = TEXT_ZERO;

  smtpd_fixup(&f, fixups[i].before, strlen(fixups[i].before), &out);
  bool good = text_is(&out, fixups[i].after);
  if (!good) printf("# %s\n", text_string(&out));
  text_free(&out);
  return good;
}

static void check_addresses(void)
{
  text out = TEXT_ZERO;

  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    text_clear(&out);
    smtpd_complete((struct bytes){ addresses[i].before, strlen(addresses[i].before) }, "d.example", &out);
    if (!check(text_is(&out, addresses[i].after), "addresses without a domain get one")) printf("# %s\n", text_string(&out));
  }
  text_free(&out);
}

/* Each of a million bytes an address: the field stays as it is, and memory has an end. */
static void check_endless(void)
{
  const struct smtpd_fixup f = { .from = "bob@a.example", .domain = "d.example", .me = "mx.example", .id = "id" };
  text in = TEXT_ZERO, out = TEXT_ZERO;

  text_add(&in, "To: ");
  while (in.len < FIXUP_HEADER_MAX - 10) text_add(&in, "a,");
  text_add(&in, "\r\n");
  smtpd_fixup(&f, in.s, in.len, &out);
  check(out.len > in.len && out.len < in.len + 1000, "check 11: an endless list of addresses");
  text_free(&in);
  text_free(&out);
}

int main(void)
{
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) check(lines_become(i, 1000) && lines_become(i, 1), lines[i].what);
  check_addresses();
  for (size_t i = 0; i < sizeof fixups / sizeof *fixups; i++) check(fixup_is(i), fixups[i].what);
  check_endless();
  return check_done();
}
