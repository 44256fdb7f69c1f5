/* filter/dkim_canon, dkim_header, lib/dkim_list: the canonical form of RFC 6376, in whatever pieces the body comes; the field; whose
   mail is signed. */

#include "filter/dkim_canon.h"
#include "filter/dkim_header.h"
#include "lib/dkim_list.h"
#include "lib/header.h"
#include "tests/check.h"

const char *PROG = "filter_dkim";

static const struct { const char *body, *canonical, *what; } bodies[] = {
  { " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", "RFC 6376 3.4.5: the example" },
  { "", "", "3.4.4: no body" },
  { "\r\n", "", "... an empty line" },
  { "\r\n\r\n\r\n", "", "... only empty lines" },
  { " \t\r\n \r\n", "", "... only white space" },
  { "a", "a\r\n", "a last line without its end gets it" },
  { "a ", "a\r\n", "... and loses its white space" },
  { "a\r\n", "a\r\n", "one line" },
  { "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n", "an empty line between" },
  { "\r\n\r\na\r\n", "\r\n\r\na\r\n", "empty lines in front" },
  { "a\r\n \t \r\nb\r\n \r\n", "a\r\n\r\nb\r\n", "white space in lines between and behind" },
  { "a \t b\t\r\n", "a b\r\n", "white space becomes one space" },
  { "\ta\r\n", " a\r\n", "... in front, too" },
  { "a\rb\nc \r\r\n", "a\rb\nc \r\r\n", "a bare CR or LF ends no line" },
  { "a \rb\r\n", "a \rb\r\n", "... and keeps the space before it" },
  { "a\r\n\r", "a\r\n\r\r\n", "... at the end" },
};

static void take(void *to, const char *bytes, size_t length) { text_add_bytes(to, bytes, length); }

static void check_bodies(void)
{
  static struct dkim_body body;
  text out = TEXT_ZERO;

  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
    for (size_t piece = 1; piece < 4; piece++) {
      size_t length = strlen(bodies[i].body);
      text_clear(&out);
      body = (struct dkim_body){ .take = take, .to = &out };
      for (size_t at = 0; at < length; at += piece) dkim_body_feed(&body, bodies[i].body + at, length - at < piece ? length - at : piece);
      dkim_body_end(&body);
      check_is(text_string(&out), bodies[i].canonical, bodies[i].what);
    }
  text_clear(&out);
  body = (struct dkim_body){ .take = take, .to = &out };
  for (int i = 0; i < 100000; i++) dkim_body_feed(&body, "\r\n", 2);
  check(!out.len, "lines that may be the end are not kept, they are counted");
  dkim_body_feed(&body, "a", 1);
  dkim_body_end(&body);
  check(out.len == 200003, "... and come when they were not the end");
  text_free(&out);
}

static const struct { const char *field, *canonical, *what; } fields[] = {
  { "A: X\r\n", "a:X", "RFC 6376 3.4.5: A" },
  { "B : Y\t\r\n\tZ  \r\n", "b:Y Z", "... B, folded" },
  { "SUBJect:\r\n  a\r\n \tb\r\n \r\n", "subject:a b", "folds at both ends" },
  { "X:\r\n", "x:", "nothing" },
  { "Subject: gr\xc3\xbc\xc3\x9f\xc3\xa9  x\r\n", "subject:gr\xc3\xbc\xc3\x9f\xc3\xa9 x", "UTF-8" },
};

static void check_fields(void)
{
  text out = TEXT_ZERO;
  struct header_field field;

  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    size_t at = 0;
    text_clear(&out);
    header_next(fields[i].field, strlen(fields[i].field), &at, &field);
    dkim_canon_field(&out, field.name, field.value);
    check_is(text_string(&out), fields[i].canonical, fields[i].what);
  }
  text_free(&out);
}

static const char header[] = "Received: x\r\nTo: one\r\nfrom: a@b.example\r\nX-Other: y\r\nSubject: s\r\nto: two\r\nList-Id: l\r\nno field\r\nDKIM-Signature: z\r\n\r\nTo: body\r\n";

static void check_header(void)
{
  text names = TEXT_ZERO, canonical = TEXT_ZERO, hash = TEXT_ZERO, out = TEXT_ZERO, hashed = TEXT_ZERO, many = TEXT_ZERO;

  dkim_header_choose(header, sizeof header - 1, &names, &canonical);
  check_is(text_string(&names), "from:From:List-Id:to:Subject:To", "what is signed: From and no second one, then from below (RFC 6376 5.4.2)");
  check_is(text_string(&canonical), "from:a@b.example\r\nlist-id:l\r\nto:two\r\nsubject:s\r\nto:one\r\n", "... as it is hashed");
  text_add(&hash, "HASH=");
  struct dkim_signature s = { .algorithm = "rsa-sha256", .domain = "b.example", .selector = "x", .seconds = 7, .names = &names, .body_hash = &hash };
  dkim_header_begin(&out, &s, &hashed);
  check_is(text_string(&hashed), "dkim-signature:v=1; a=rsa-sha256; c=relaxed/relaxed; d=b.example; s=x; t=7; h=from:From:List-Id:to:Subject:To; bh=HASH=; b=",
           "the field as it is hashed, with an empty b=");
  text_clear(&hash);
  for (int i = 0; i < 40; i++) text_add(&hash, "0123456789");
  dkim_header_end(&out, &hash);
  size_t line = 0, longest = 0;
  for (size_t i = 0; i < out.len; i++) {
    line = out.s[i] == '\n' ? 0 : line + 1;
    longest = line > longest ? line : longest;
  }
  check(longest <= 78 && out.s[out.len - 1] == '\n' && out.s[out.len - 2] == '\r', "it is folded, and ends with a line end");
  text_clear(&names), text_clear(&canonical);
  text_add(&many, "From: a@b.example\r\n");
  for (int i = 0; i < 5000; i++) text_add(&many, "To: x\r\n");
  dkim_header_choose(many.s, many.len, &names, &canonical);
  size_t count = 1;
  for (size_t i = 0; i < names.len; i++) count += names.s[i] == ':';
  check(count == DKIM_FIELDS_MAX + 1 && !strncmp(names.s, "From:From:To", 12), "of very many fields only some are signed, and From first");
  text_free(&names), text_free(&canonical), text_free(&hash), text_free(&out), text_free(&hashed), text_free(&many);
}

static const struct { const char *lines, *domain; enum dkim_list expected; const char *selectors, *what; } lists[] = {
  { "", "a.example", DKIM_LIST_OFF, "", "no line" },
  { "* default\n", "a.example", DKIM_LIST_ON, "default", "for all" },
  { "* default\na.example  Own ed\n", "a.example", DKIM_LIST_ON, "own", "its own line counts more" },
  { "A.Example own\n* default\n", "a.example", DKIM_LIST_ON, "own", "... wherever it stands, in whichever case" },
  { "* default\na.example off\n", "a.example", DKIM_LIST_OFF, "", "N-23: off for a domain" },
  { "* off\na.example own\n", "b.example", DKIM_LIST_OFF, "", "off for all others" },
  { "a.example own\n", "sub.a.example", DKIM_LIST_OFF, "", "what is below a domain is another one" },
  { "b\xc3\xbc" "cher.example own\n", "xn--bcher-kva.example", DKIM_LIST_ON, "own", "a domain in U-labels" },
  { "a.example\n", "b.example", DKIM_LIST_BAD, "", "a line without a selector" },
  { "a.example own off\n", "a.example", DKIM_LIST_BAD, "", "off and a selector" },
  { "* ../x\n", "a.example", DKIM_LIST_BAD, "", "a selector that is a path" },
  { "* a b c d e\n", "a.example", DKIM_LIST_BAD, "", "too many" },
  { "a..b own\n", "a.example", DKIM_LIST_BAD, "", "not a domain" },
};

static void check_lists(void)
{
  text lines = TEXT_ZERO, selectors = TEXT_ZERO, error = TEXT_ZERO;

  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    text_copy(&lines, lists[i].lines);
    for (size_t at = 0; at < lines.len; at++)
      if (lines.s[at] == '\n') lines.s[at] = 0;
    enum dkim_list is = dkim_list_find(&lines, lists[i].domain, &selectors, &error);
    check(is == lists[i].expected && (is == DKIM_LIST_BAD) == (error.len > 0), lists[i].what);
    if (is == DKIM_LIST_ON) check_is(selectors.s, lists[i].selectors, "... the selector");
  }
  text_free(&lines), text_free(&selectors), text_free(&error);
}

int main(void)
{
  check_bodies();
  check_fields();
  check_header();
  check_lists();
  return check_done();
}
