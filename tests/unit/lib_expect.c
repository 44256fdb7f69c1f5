/* control/expect: a line to a question, or a sentence about what is wrong; without I/O. */

#include "lib/expect.h"
#include "lib/record.h"
#include "tests/check.h"

static const struct {
  const char *line, *is; /* the record, "; " between its strings; or "! " and the sentence */
} cases[] = {
  { "from a@x.test to b@y.test -> 250", "from=a@x.test; to=b@y.test; code=250; " },
  { "\tfrom  <>\tto b@y.test ->\t550 5.1.1 unknown-user ", "from=<>; to=b@y.test; code=550; status=5.1.1; rule=unknown-user; " },
  { "to b@y.test login b port 465 tls from a@x.test -> 554 to C@Y.test to d@y.test", "to=b@y.test; login=b; port=465; tls=yes; from=a@x.test; code=554; goal=c@y.test; goal=d@y.test; " },
  { "from a@x.test to b@y.test ip 2001:db8::1 helo h fingerprint ab header c@x.test -> relay-denied",
    "from=a@x.test; to=b@y.test; ip=2001:db8::1; helo=h; fingerprint=ab; header=c@x.test; rule=relay-denied; " },
  { "from a@x.test to <b@y.test> -> 250", "from=a@x.test; to=<b@y.test>; code=250; " },
  { "from \"\"@x.test to postmaster -> 250", "from=\"\"@x.test; to=postmaster; code=250; " },
  { "", "! there is no -> ANSWER" },
  { "->", "! there is no from ADDRESS" },
  { "from", "! nothing behind from" },
  { "from a@x.test to b@y.test login -> 250", "! unknown word: 250" },
  { "from a@x.test from b@x.test to b@y.test -> 250", "! there twice: from" },
  { "from a b@x.test -> 250", "! unknown word: b@x.test" },
  { "from a@x.test to b@y.test -> 2500", "! neither a code, nor a status, nor the name of a rule: 2500" },
  { "from a@x.test to b@y.test -> 199", "! neither a code, nor a status, nor the name of a rule: 199" },
  { "from a@x.test to b@y.test -> 600", "! neither a code, nor a status, nor the name of a rule: 600" },
  { "from a@x.test to b@y.test -> 250 Ok", "! neither a code, nor a status, nor the name of a rule: Ok" },
  { "from a@x.test to b@y.test -> 5.1", "! neither a code, nor a status, nor the name of a rule: 5.1" },
  { "from a@x.test to b@y.test -> to", "! nothing behind to" },
  { "from a@x.test to b@y.test -> to b", "! not an address: b" },
  { "from a@x.test to b@y.test port x -> 250", "! not 25, 587, 465, 10587 or 24: x" },
  { "from a@@ to b@y.test -> 250", "! not an address: a@@" },
};

int main(void)
{
  text record = TEXT_ZERO, error = TEXT_ZERO, is = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t at = 0, length;
    text_clear(&is);
    if (!expect_parse(cases[i].line, strlen(cases[i].line), &record, &error))
      text_add_format(&is, "! %s", error.s);
    else
      for (const char *one; (one = record_walk(&record, &at, &length));) text_add_format(&is, "%s; ", one);
    check_is(text_string(&is), cases[i].is, cases[i].line);
  }
  check(!expect_parse("from a\0b", 8, &record, &error), "a NUL");
  check_is(error.s, "a NUL in it", "... is said");
  text_free(&record);
  text_free(&error);
  text_free(&is);
  return check_done();
}
