/* What a mail is written in: header fields, addresses, dates, encodings, character sets. */

#include <string.h>

#include "lib/casefold.h"
#include "lib/charset.h"
#include "lib/date.h"
#include "lib/header.h"
#include "lib/header_address.h"
#include "lib/mime.h"
#include "lib/octets.h"
#include "lib/transfer.h"
#include "lib/words2047.h"
#include "tests/check.h"

static struct bytes bytes_of(const char *s) { return (struct bytes){ s, strlen(s) }; }

static const struct { const char *what, *header, *fields; } headers[] = {
  { "fields with CRLF", "A: b\r\nC: d\r\n\r\nbody", "[A=b][C=d]" },
  { "fields with LF", "A: b\nC: d\n\nbody", "[A=b][C=d]" },
  { "a folded field", "A: b\r\n c\r\n\td\r\nE:f\r\n", "[A=b c\td][E=f]" },
  { "white space before the colon", "A \t: b\r\n", "[A=b]" },
  { "white space around the value", "A:  b \r\n", "[A=b]" },
  { "an empty value", "A:\r\nB: \r\n", "[A=][B=]" },
  { "a line that is no field is not lost", "no field\r\nA: b\r\n", "[-=no field][A=b]" },
  { "a line that begins with a space", " x\r\nA: b\r\n", "[-=x][A=b]" },
  { "a colon first", ": x\r\nA: b\r\n", "[-=: x][A=b]" },
  { "8-bit in a name", "\xc3\x84: x\r\n", "[-=\xc3\x84: x]" },
  { "no line end at the end", "A: b", "[A=b]" },
  { "no header", "\r\nA: b\r\n", "" },
  { "nothing", "", "" },
};

static void check_headers(text *out)
{
  struct header_field field;

  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    const char *h = headers[i].header;
    text_clear(out);
    for (size_t at = 0; header_next(h, strlen(h), &at, &field);) {
      text_add_char(out, '[');
      text_add_bytes(out, field.name.s ? field.name.s : "-", field.name.s ? field.name.len : 1);
      text_add_char(out, '=');
      header_unfold(out, field.value);
      text_add_char(out, ']');
    }
    check_is(text_string(out), headers[i].fields, headers[i].what);
  }
  check(header_length("A: b\r\n\r\nbody", 12) == 8, "the empty line is of the header");
  check(header_length("A: b\n\nbody", 10) == 6, "with LF too");
  check(header_length("A: b", 4) == 4, "without an empty line all is header");
  check(header_find("a: 1\nB: 2\n", 10, "b", &field) && *field.value.s == '2', "a name is found in any case");
}

static const struct { const char *what, *value, *addresses; } addresses[] = {
  { "an address", "a@b.example", "<a|b.example>" },
  { "in angles, with a name", "Ann B <a@b>", "'Ann B'<a|b>" },
  { "a quoted name", "\"B, \\\"Ann\\\"\" <a@b>", "'B, \"Ann\"'<a|b>" },
  { "several", "a@b, c@d ,e@f", "<a|b><c|d><e|f>" },
  { "empty members of the list", ", a@b,, ,c@d,", "<a|b><c|d>" },
  { "a comment is the name if there is no other", "a@b (Ann (B))", "'Ann (B)'<a|b>" },
  { "a comment in front too", "(Ann) a@b", "'Ann'<a|b>" },
  { "a comment is not the name if there is another", "Ann <a@b> (x)", "'Ann'<a|b>" },
  { "a comment with an escape", "a@b (x\\)y)", "'x)y'<a|b>" },
  { "a quoted local part", "\"a b\"@c", "<a b|c>" },
  { "a quoted local part in angles", "<\"a@b\"@c>", "<a@b|c>" },
  { "a local part in several words (obs-local-part)", "a . b@c . d", "<a.b|c.d>" },
  { "a name with a dot (obs-phrase)", "Ann B. C <a@b>", "'Ann B. C'<a|b>" },
  { "an address as a name", "a@b <c@d>", "'a@b'<c|d>" },
  { "a route", "<@a,@b:c@d>", "<@a,@b:c|d>" },
  { "a group", "G: a@b, C <c@d>;", "{G<a|b>'C'<c|d>}" },
  { "an empty group", "undisclosed recipients: ;", "{undisclosed recipients}" },
  { "a group that is not closed", "G: a@b", "{G<a|b>}" },
  { "addresses behind a group", "G:;, a@b", "{G}<a|b>" },
  { "a domain literal", "a@[127.0.0.1]", "<a|[127.0.0.1]>" },
  { "an IPv6 domain literal", "a@[IPv6:::1], b@c", "<a|[IPv6:::1]><b|c>" },
  { "a semicolon between addresses", "a@b; c@d", "<a|b><c|d>" },
  { "no domain", "root", "<root|>" },
  { "no domain in angles", "Root <root>", "'Root'<root|>" },
  { "words without an address", "who knows", "<who knows|>" },
  { "empty angles", "<>", "<|>" },
  { "the last @ counts", "a@b@c", "<a@b|c>" },
  { "open angles end with a comma", "<a@b, c@d", "<a|b><c|d>" },
  { "an open quote ends with the value", "\"abc <a@b>", "<abc <a@b>|>" },
  { "an open comment ends with the value", "a@b (c", "'c'<a|b>" },
  { "folded", "Ann\r\n B\r\n <a@\r\n b>", "'Ann B'<a|b>" },
  { "encoded words stay as they are", "=?utf-8?q?=C3=84?= <a@b>", "'=?utf-8?q?=C3=84?='<a|b>" },
  { "nothing", " (c) ", "" },
};

static void show_address(const struct header_address *a, text *out)
{
  if (a->kind == HEADER_ADDRESS_GROUP) text_add_format(out, "{%.*s", (int)a->name.len, a->name.s);
  if (a->kind == HEADER_ADDRESS_GROUP_END) text_add_char(out, '}');
  if (a->kind != HEADER_ADDRESS_MAILBOX) return;
  if (a->has_name) text_add_format(out, "'%.*s'", (int)a->name.len, a->name.s);
  text_add_char(out, '<');
  text_add_text(out, &a->route);
  if (a->has_route) text_add_char(out, ':');
  text_add_text(out, &a->local);
  text_add_char(out, '|');
  text_add_text(out, &a->domain);
  text_add_char(out, '>');
}

static void check_addresses(text *out)
{
  struct header_address a = HEADER_ADDRESS_ZERO;

  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    text_clear(out);
    header_address_start(&a, bytes_of(addresses[i].value));
    while (header_address_next(&a)) show_address(&a, out);
    check_is(text_string(out), addresses[i].addresses, addresses[i].what);
  }
  header_address_free(&a);
}

static const struct { const char *what, *date; bool good; int64_t seconds; int east; } dates[] = {
  { "a date", "Sat, 21 Nov 2026 10:49:15 +0000", true, 1795258155, 0 },
  { "east of UTC", "Sat, 21 Nov 2026 12:49:15 +0200", true, 1795258155, 120 },
  { "west of UTC, with a comment", "21 Nov 2026 05:49:15 -0500 (EST)", true, 1795258155, -300 },
  { "no seconds", "21 Nov 2026 10:49 +0000", true, 1795258140, 0 },
  { "a zone with a name", "21 Nov 2026 05:49:15 EST", true, 1795258155, -300 },
  { "an unknown zone is UTC", "21 Nov 2026 10:49:15 XYZ", true, 1795258155, 0 },
  { "no zone", "21 Nov 2026 10:49:15", true, 1795258155, 0 },
  { "a year of two digits", "21 Nov 96 10:49:15 +0000", true, 848573355, 0 },
  { "a year of two digits after 2000", "21 Nov 26 10:49:15 +0000", true, 1795258155, 0 },
  { "as asctime writes it", "Sat Nov 21 10:49:15 2026", true, 1795258155, 0 },
  { "comments anywhere", "(a) 21 (b) Nov (c) 2026 10:49:15 (d) +0000", true, 1795258155, 0 },
  { "folded", "Sat,\r\n 21 Nov 2026\r\n 10:49:15 +0000", true, 1795258155, 0 },
  { "no such day", "31 Feb 2026 10:49:15 +0000", false, 0, 0 },
  { "no year", "21 Nov 10:49:15", false, 0, 0 },
  { "nothing", "", false, 0, 0 },
  { "only words", "yesterday", false, 0, 0 },
  { "a number of 100 digits", "21 Nov 1111111111111111111111111111111111111111111111111111111111111111111111111111111111111 10:00", false, 0, 0 },
};

static void check_dates(void)
{
  for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
    int64_t seconds = 0;
    int east = 0;
    bool good = date_parse(dates[i].date, strlen(dates[i].date), &seconds, &east);
    check(good == dates[i].good && (!good || (seconds == dates[i].seconds && east == dates[i].east)), dates[i].what);
  }
}

static const struct { const char *what, *encoding, *encoded, *decoded; } transfers[] = {
  { "7bit is as it is", "7bit", "a=3D", "a=3D" },
  { "an unknown encoding is as it is", "x-uue", "a=3D", "a=3D" },
  { "quoted-printable", "Quoted-Printable", "a=3Db=c3=BC", "a=b\xc3\xbc" },
  { "a soft line break goes", "quoted-printable", "a=\r\nb=\nc= \t\r\nd", "abcd" },
  { "white space at the end of a line goes", "quoted-printable", "a \t\r\nb c \nd ", "a\r\nb c\nd" },
  { "an escape that is none stays", "quoted-printable", "a=b =zz =4 =4z==41=", "a=b =zz =4 =4z=A" },
  { "base64", "BASE64", "aGVsbG8=", "hello" },
  { "base64 in lines, with rubbish in it", "base64", "aGV\r\n s!bG8", "hello" },
  { "base64 twice", "base64", "aGVsbG8=aGVsbG8=", "hellohello" },
  { "base64 cut off", "base64", "aGVsbG", "hell" },
};

static void check_transfers(text *out)
{
  struct transfer t = TRANSFER_ZERO;

  for (size_t i = 0; i < sizeof transfers / sizeof *transfers; i++)
    for (size_t piece = 1; piece < 100; piece += 98) {
      const char *s = transfers[i].encoded;
      text_clear(out);
      transfer_start(&t, transfer_kind_of(bytes_of(transfers[i].encoding)));
      for (size_t left; (left = strlen(s)); s += left < piece ? left : piece) transfer_add(&t, s, left < piece ? left : piece, out);
      transfer_end(&t, out);
      check_is(text_string(out), transfers[i].decoded, transfers[i].what);
    }
  transfer_free(&t);
}

static const struct { const char *what, *value, *utf8; } words[] = {
  { "plain text", "hello world", "hello world" },
  { "Q", "=?utf-8?Q?H=C3=A9llo_w=6Frld?=", "H\xc3\xa9llo world" },
  { "B", "=?UTF-8?b?SMOpbGxv?=", "H\xc3\xa9llo" },
  { "Latin-1", "=?iso-8859-1?q?=FCber?= x", "\xc3\xbc" "ber x" },
  { "a language (RFC 2231)", "=?us-ascii*en?Q?hi?=", "hi" },
  { "white space between two words goes", "=?utf-8?q?a?= \r\n =?utf-8?q?b?=", "ab" },
  { "between a word and text it stays", "=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c" },
  { "a character cut in two by words", "=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\xc3\xbc" },
  { "two character sets", "=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=BC?=", "\xc3\xbc\xc3\xbc" },
  { "an unknown character set stays, with its space", "=?utf-8?q?a?= =?x-none?q?b?= c", "a =?x-none?q?b?= c" },
  { "an unknown encoding stays", "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
  { "an open word stays", "=?utf-8?q?a", "=?utf-8?q?a" },
  { "bytes that are not of the set", "=?utf-8?q?=FFx?=", "\xef\xbf\xbdx" },
  { "half a character at the end", "=?utf-8?q?x=C3?=", "x\xef\xbf\xbd" },
  { "raw UTF-8", "\xc3\xbc =?utf-8?q?a?=", "\xc3\xbc a" },
  { "raw 8-bit that is no UTF-8", "a\xfc", "a\xef\xbf\xbd" },
  { "folded text", "a\r\n b", "a b" },
  { "a space at the end of Q", "=?utf-8?q?a_?= =?utf-8?q?b?=", "a b" },
  { "ISO-2022-JP", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac" },
};

static void check_words(text *out)
{
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    text_clear(out);
    words2047_decode(bytes_of(words[i].value), out);
    check_is(text_string(out), words[i].utf8, words[i].what);
  }
}

/* Byte by byte, as it may come out of a decoder. */
static void check_charsets(text *out)
{
  static const char utf16[] = "\xfc\x00\x3d\xd8\xa9\xdc", jis[] = "\x1b$BF|K\\\x1b(B!";
  struct charset *c = charset_open("UTF-16LE", 8);

  text_clear(out);
  for (size_t i = 0; i < 6; i++) charset_add(c, utf16 + i, 1, out);
  charset_end(c, out);
  check_is(text_string(out), "\xc3\xbc\xf0\x9f\x92\xa9", "UTF-16 byte by byte");
  charset_close(c);
  c = charset_open("ISO-2022-JP", 11);
  text_clear(out);
  for (size_t i = 0; i < sizeof jis - 1; i++) charset_add(c, jis + i, 1, out);
  charset_end(c, out);
  check_is(text_string(out), "\xe6\x97\xa5\xe6\x9c\xac!", "ISO-2022-JP byte by byte");
  charset_close(c);
  check(charset_is_known("koi8-r") && charset_is_known("US-ASCII") && charset_is_known("windows-1252"), "what iconv knows is known");
  check(!charset_is_known("nonsense") && !charset_is_known("") && !charset_is_known("utf-8//IGNORE") &&
          !charset_is_known("../x"), "what it does not know is not");
  check(!charset_convert("utf-8", "a\xff", 2, out) && !charset_convert("utf-8", "a\xc3", 2, out), "a strict conversion refuses");
  text_clear(out);
  casefold_add("STRA\xc3\x9f" "E \xc3\x84\xce\xa3 x", 14, out);
  check_is(text_string(out), "strasse \xc3\xa4\xcf\x83 x", "case folding is Unicode's");
}

static const struct { const char *what, *file, *shown; } octets[] = {
  { "CRLF stays", "a\r\nb\r\n", "a\r\nb\r\n" },
  { "LF becomes CRLF", "a\nb\n", "a\r\nb\r\n" },
  { "both", "a\r\nb\n\n\r\nc", "a\r\nb\r\n\r\n\r\nc" },
  { "a bare CR stays", "a\rb\r", "a\rb\r" },
  { "LF first", "\na", "\r\na" },
  { "nothing", "", "" },
};

static void check_octets(text *out)
{
  text part = TEXT_ZERO;
  struct octets nul = octets_of("a\0\nb", 4);

  for (size_t i = 0; i < sizeof octets / sizeof *octets; i++) {
    struct octets all = octets_of(octets[i].file, strlen(octets[i].file));
    bool good = all.size == strlen(octets[i].shown);
    text_clear(out);
    octets_add(all, out);
    check_is(text_string(out), octets[i].shown, octets[i].what);
    for (uint64_t offset = 0; offset <= all.size + 1; offset++)
      for (uint64_t count = 1; count <= all.size + 1; count++) {
        struct octets o = all;
        octets_narrow(&o, offset, count);
        text_clear(&part);
        octets_add(o, &part);
        size_t from = offset < out->len ? offset : out->len, length = out->len - from < count ? out->len - from : count;
        good = good && part.len == length && !memcmp(part.s, out->s + from, length);
      }
    check(good, "each partial is the same as a part of all");
  }
  text_clear(out);
  octets_add(nul, out);
  check_is(text_string(out), "a\x80\r\nb", "a NUL is shown as 0x80");
  text_free(&part);
}

int main(void)
{
  text out = TEXT_ZERO;

  check_headers(&out);
  check_addresses(&out);
  check_dates();
  check_transfers(&out);
  check_words(&out);
  check_charsets(&out);
  check_octets(&out);
  text_free(&out);
  return check_done();
}
