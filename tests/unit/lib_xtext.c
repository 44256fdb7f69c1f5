/* hex and xtext: digits, and the forms of RFC 3461 4 and RFC 6533 3. */

#include "lib/hex.h"
#include "lib/xtext.h"
#include "tests/check.h"

static const struct {
  const char *written, *means; /* 0: it means nothing that may be */
  bool is_strict;
  const char *what;
} decoded[] = {
  { "plain", "plain", true, "printable ASCII is itself" },
  { "a+2Bb", "a+b", true, "+HH is a byte" },
  { "a+3D+20b", "a= b", true, "... also what may not stand for itself" },
  { "a+2bb", "a+b", false, "digits in lower case: read, but not as RFC 3461 4 has them" },
  { "a=b", "a=b", false, "... nor a '='" },
  { "a b", "a b", false, "... nor a space" },
  { "a+2", 0, false, "half a byte" },
  { "a+", 0, false, "no byte" },
  { "a+G0", 0, false, "no digit" },
  { "a+0A", 0, true, "a control is never meant" },
  { "a+E9", 0, true, "nor what is not ASCII" },
  { "", "", true, "nothing" },
};

static const struct {
  const char *string, *plain, *utf8, *what;
} added[] = {
  { "ann@a.example", "ann@a.example", "ann@a.example", "an address" },
  { "a+b=c d", "a+2Bb+3Dc+20d", "a\\x{2B}b\\x{3D}c\\x{20}d", "what may not stand for itself" },
  { "a\\b", "a\\b", "a\\x{5C}b", "a backslash" },
  { "\xc3\xbc", "+C3+BC", "\\x{FC}", "UTF-8" },
};

int main(void)
{
  text out = TEXT_ZERO;

  for (size_t i = 0; i < sizeof decoded / sizeof *decoded; i++) {
    size_t length = strlen(decoded[i].written);
    text_clear(&out);
    bool good = xtext_decode(&out, decoded[i].written, length);
    check_is(good ? text_string(&out) : "none", decoded[i].means ? decoded[i].means : "none", decoded[i].what);
    check(xtext_check(decoded[i].written, length) == decoded[i].is_strict, decoded[i].what);
  }
  for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
    text_clear(&out);
    xtext_add(&out, added[i].string);
    check_is(text_string(&out), added[i].plain, added[i].what);
    text_clear(&out);
    xtext_add_utf8(&out, added[i].string);
    check_is(text_string(&out), added[i].utf8, added[i].what);
  }
  check(hex_digit('a') == 10 && hex_digit('F') == 15 && hex_digit('9') == 9, "digits in either case");
  check(hex_digit('g') == -1 && hex_digit(0) == -1 && hex_upper_digit('a') == -1, "no digits");
  text_clear(&out);
  hex_add(&out, "\x0a\xf0", 2);
  hex_add_upper(&out, '\xab');
  check_is(text_string(&out), "0af0AB", "bytes in hex");
  text_free(&out);
  return check_done();
}
