/* send/sevenbit: 8-bit messages for a host without 8BITMIME (RFC 6152 3, RFC 2045 6). However a message is cut into parts,
   the same comes out; a host that was asked in vain gets nothing. */

#include "send/data.h"
#include "send/sevenbit.h"
#include "tests/check.h"

#define TYPE(type) "MIME-Version: 1.0\r\nContent-Type: " type "\r\n"
#define QUOTED "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n\r\n"
#define MIXED TYPE("multipart/mixed; boundary=b")
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
  const char *what;
  const char *in;
  const char *out; /* 0: it cannot be converted */
} cases[] = {
  { "text in quoted-printable", TYPE("text/plain; charset=utf-8") "Content-Transfer-Encoding: 8bit\r\nTo: a\r\n\r\ngr\xc3\xbc\xc3\x9f" "e = all\r\n.\r\n",
    TYPE("text/plain; charset=utf-8") "To: a\r\n" QUOTED "gr=C3=BC=C3=9Fe =3D all\r\n.\r\n" },
  { "no MIME fields: text/plain, unknown-8bit (RFC 1428)", "Subject: x\r\n\r\nhello all, h\xe9\r\n",
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED "hello all, h=E9\r\n" },
  { "a text without charset", TYPE("text/html;") "\r\n<p>more \xe9</p>\r\n",
    "MIME-Version: 1.0\r\nContent-Type: text/html;\r\n\tcharset=unknown-8bit\r\n" QUOTED "<p>more =E9</p>\r\n" },
  { "a broken Content-Type counts for none", TYPE("plain") "\r\nhello all h\xe9\r\n",
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED "hello all h=E9\r\n" },
  { "blanks at a line's end, a long line", TYPE("text/plain; charset=x") "\r\n\xe9 \t\r\n \r\n" LONG "01234\xe9 1\r\n" LONG "012345\r\n",
    TYPE("text/plain; charset=x") QUOTED "=E9 =09\r\n=20\r\n" LONG "01234=\r\n=E9 1\r\n" LONG "012345\r\n" },
  { "text of another script in base64, with CRLF", TYPE("text/plain; charset=x") "\r\n\xd0\xb0\xd0\xb1\n\xd0\xb2\r\n",
    TYPE("text/plain; charset=x") BASE64 "0LDQsQ0K0LINCg==\r\n" },
  { "what is no text in base64, byte for byte", TYPE("image/x") "\r\na\n\xff\r\n", TYPE("image/x") BASE64 "YQr/DQo=\r\n" },
  { "base64 has lines of 76", TYPE("image/x") "\r\n\xff" LONG, TYPE("image/x") BASE64 "/zAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1\r\nNjc4OTAxMjM0NTY3ODk=\r\n" },
  { "part by part; what is seven bits stays", MIXED "\r\npre\xe9\r\n--b\r\n\r\nplain =\r\n--b\r\n" TEXT "\r\nto all h\xc3\xa9\r\n\r\n--b--\r\nepi\r\n",
    MIXED "\r\npre?\r\n--b\r\n\r\nplain =\r\n--b\r\n" TEXT QUOTED "to all h=C3=A9\r\n\r\n--b--\r\nepi\r\n" },
  { "the line end before a boundary is no part of base64", MIXED "\r\n--b\r\nContent-Type: image/x\r\n\r\n\xff\r\n--b--\r\n",
    MIXED "\r\n--b\r\nContent-Type: image/x\r\n" BASE64 "/w==\r\n--b--\r\n" },
  { "8bit of a multipart becomes 7bit", "Content-Transfer-Encoding: 8bit\r\n" MIXED "\r\n--b\r\n" TEXT "\r\nto all h\xc3\xa9\r\n--b--\r\n",
    MIXED "Content-Transfer-Encoding: 7bit\r\n\r\n--b\r\n" TEXT QUOTED "to all h=C3=A9\r\n--b--\r\n" },
  { "nested multiparts, blanks behind a boundary", MIXED "\r\n--b\r\nContent-Type: multipart/alternative;\r\n boundary=\"b c\"\r\n\r\n--b c \r\n" TEXT "\r\nto all \xc3\xa9\r\n--b c--\r\n--b\r\nContent-Type: image/x\r\n\r\n\xff\r\n--b--\r\n",
    MIXED "\r\n--b\r\nContent-Type: multipart/alternative;\r\n boundary=\"b c\"\r\n\r\n--b c \r\n" TEXT QUOTED "to all =C3=A9\r\n--b c--\r\n--b\r\nContent-Type: image/x\r\n" BASE64 "/w==\r\n--b--\r\n" },
  { "an outer boundary ends the inner multipart", MIXED "\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nto all \xe9\r\n--b\r\n\r\nto all \xe9\r\n--b--\r\n",
    MIXED "\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED "to all =E9\r\n--b\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED "to all =E9\r\n--b--\r\n" },
  { "message/rfc822: the message inside, its DKIM signature too", MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDKIM-Signature: x\r\nSubject: in\r\n\r\nto all \xe9\r\n--b--\r\n",
    MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nDKIM-Signature: x\r\nSubject: in\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED "to all =E9\r\n--b--\r\n" },
  { "a digest's parts are messages", TYPE("multipart/digest; boundary=b") "\r\n--b\r\n\r\nSubject: in\r\n\r\nto all \xe9\r\n--b--\r\n",
    TYPE("multipart/digest; boundary=b") "\r\n--b\r\n\r\nSubject: in\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED "to all =E9\r\n--b--\r\n" },
  { "quoted-printable with 8-bit bytes is mended", TYPE("text/plain; charset=x") QUOTED "a=3D\xe9\r\n", TYPE("text/plain; charset=x") QUOTED "a=3D=E9\r\n" },
  { "base64 with them: they are none of it", TYPE("image/x") BASE64 "YQ\xe9==\r\n", TYPE("image/x") BASE64 "YQ==\r\n" },
  { "a signed part without 8-bit text stays beside one with it", MIXED "\r\n--b\r\nContent-Type: multipart/signed; boundary=s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--s\r\n\r\nsigned\r\n--s--\r\n--b\r\n" TEXT "\r\nto all \xc3\xa9\r\n--b--\r\n",
    MIXED "\r\n--b\r\nContent-Type: multipart/signed; boundary=s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--s\r\n\r\nsigned\r\n--s--\r\n--b\r\n" TEXT QUOTED "to all =C3=A9\r\n--b--\r\n" },
  { "multipart/signed", TYPE("multipart/signed; boundary=s") "\r\n--s\r\n" TEXT "\r\n\xc3\xa9\r\n--s--\r\n", 0 },
  { "... somewhere inside", MIXED "\r\n--b\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" TEXT "\r\n\xc3\xa9\r\n--s--\r\n--b--\r\n", 0 },
  { "a DKIM signature", "dkim-signature: v=1\r\nSubject: x\r\n\r\n\xe9\r\n", 0 },
  { "8-bit text in the header", "Subject: \xc3\xa9\r\n\r\nx\r\n", 0 },
  { "... in a part's", MIXED "\r\n--b\r\nContent-Description: \xe9\r\n\r\nx\r\n--b--\r\n", 0 },
  { "... in one without an end", "Subject: \xe9", 0 },
  { "message/partial", TYPE("message/partial; id=x") "\r\n\xe9\r\n", 0 },
  { "an unknown encoding", TYPE("text/plain") "Content-Transfer-Encoding: x-uuencode\r\n\r\n\xe9\r\n", 0 },
  { "a multipart in base64", MIXED "Content-Transfer-Encoding: x\r\n\r\n--b\r\n\r\n\xe9\r\n--b--\r\n", 0 },
};

/* False: it cannot be converted. */
static bool convert(const char *bytes, size_t length, size_t piece, text *out)
{
  static struct sevenbit s;

  for (int i = 0; i < 2; i++) {
    send_sevenbit_begin(&s, i);
    for (size_t at = 0; at < length; at += piece) send_sevenbit_add(&s, bytes + at, piece < length - at ? piece : length - at, out);
    send_sevenbit_end(&s, out);
    if (s.fault) return false;
  }
  return true;
}

static void check_case(size_t i)
{
  size_t length = strlen(cases[i].in);
  bool is_same = true;
  text first = TEXT_ZERO;

  for (size_t piece = 1; piece <= length; piece++) {
    text out = TEXT_ZERO;
    bool is_converted = convert(cases[i].in, length, piece, &out);
    if (out.len && out.s[out.len - 1] != '\n') text_add(&out, "\r\n"); /* send/data ends the last line */
    is_same = is_same && is_converted == (cases[i].out != 0) && (!is_converted || text_is(&out, cases[i].out));
    if (piece == length) text_add_text(&first, &out);
    text_free(&out);
  }
  if (!check(is_same, cases[i].what)) check_is(text_string(&first), cases[i].out ? cases[i].out : "", "  this is what came");
  text_free(&first);
}

static void check_limits(void)
{
  text in = TEXT_ZERO, out = TEXT_ZERO;

  for (int i = 0; i < 120; i++) text_add_format(&in, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
  text_add(&in, "\r\n\xe9\r\n");
  check(!convert(in.s, in.len, in.len, &out), "multiparts too deep");
  text_clear(&in);
  text_add(&in, MIXED "\r\n");
  for (int i = 0; i < 11000; i++) text_add(&in, "--b\r\n\r\n\xe9\r\n");
  check(!convert(in.s, in.len, in.len, &out), "too many parts");
  text_clear(&in);
  for (int i = 0; i < 30000; i++) text_add(&in, "X: 123456\r\n");
  text_add(&in, "\r\n\xe9\r\n");
  check(!convert(in.s, in.len, in.len, &out), "a header too long");
  text_clear(&in);
  text_clear(&out);
  text_add(&in, "Subject: x\r\n\r\n");
  for (int i = 0; i < 100000; i++) text_add(&in, "a\r\r\xe9 ");
  check(convert(in.s, in.len, 999, &out) && !send_data_has_8bit(out.s, out.len), "a line without an end");
  text_free(&in);
  text_free(&out);
}

int main(void)
{
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(i);
  check_limits();
  return check_done();
}
