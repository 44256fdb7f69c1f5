/* lib/ldif: what RFC 2849 says, and what it leaves to be refused. */

#include <stdlib.h>
#include <string.h>

#include "lib/ldif.h"
#include "tests/check.h"

/* All entries as one line each, "dn|name=value|name=value;", or the error. */
static void show(text *out, const char *bytes, size_t length)
{
  struct ldif ldif;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  enum ldif_result result;

  text_clear(out);
  ldif_begin(&ldif, bytes, length);
  while ((result = ldif_next(&ldif, &e)) == LDIF_ENTRY) {
    text_add(out, e.dn.s);
    for (size_t i = 0; i < e.count; i++) {
      text_add_format(out, "|%s=", e.strings.s + e.values[i].name);
      text_add_bytes(out, e.strings.s + e.values[i].value, e.values[i].length);
    }
    text_add_char(out, ';');
  }
  if (result == LDIF_BROKEN) text_add(out, ldif.error.s);
  text_string(out);
  ldif_entry_free(&e);
  ldif_free(&ldif);
}

static const struct {
  const char *bytes, *expected, *rule;
} cases[] = {
  { "", "", "nothing is no entry" },
  { "version: 1\n", "", "a version alone is none either" },
  { "dn: a\nx: 1\n", "a|x=1;", "one entry" },
  { "version: 1\ndn: a\nx: 1\n\n\n\ndn: b\ny: 2", "a|x=1;b|y=2;", "empty lines part entries, the last line needs no end" },
  { "dn: a\r\nx: 1\r\n\r\ndn: b\r\n", "a|x=1;b;", "CRLF" },
  { "dn: a\nmail: one@\n two.te\n st\n", "a|mail=one@two.test;", "folded lines" },
  { "# c\n# folded\n  dn: no\ndn: a\n#x: 1\ny: 2\n", "a|y=2;", "comments, folded too" },
  { "dn:: Y249YQ==\nx:: aGVs\n bG8=\n", "cn=a|x=hello;", "base64, folded in the middle" },
  { "dn: a\nx:y\nz:\nw:   b  \n", "a|x=y|z=|w=b  ;", "no space, no value, more spaces" },
  { "dn: a\nMail;lang-de: x\n", "a|mail=x;", "names in lower case, without options" },
  { "dn: a\nx: : y\n", "a|x=: y;", "a value may begin with a colon after a space" },
  { "x: 1\n", "line 1: an entry begins with dn:", "no dn" },
  { "dn: a\ndn: b\n", "line 2: a second dn: the empty line before it is missing", "two dns" },
  { "dn: a\nchangetype: delete\n", "line 2: a change record; only entries are read", "change records" },
  { "dn: a\n\nversion: 1\n", "a;line 3: version: stands before the first entry only", "a late version" },
  { "version: 2\ndn: a\n", "line 1: only LDIF version 1 is read", "another version" },
  { "dn: a\nx:< file:///etc/passwd\n", "line 2: values by URL (\":<\") are not read", "URLs" },
  { "dn: a\nx:: a\n", "line 2: not base64", "broken base64" },
  { "dn: a\n\xc3\xa4: a\n", "line 2: the attribute's name has an odd character", "an odd name" },
  { "dn: a\n;x: a\n", "line 2: the attribute's name has an odd character", "options without a name" },
  { "dn: a\nnonsense\n", "line 2: not an \"attribute: value\" line", "no colon" },
  { "dn: a\n: x\n", "line 2: not an \"attribute: value\" line", "no name" },
};

static void check_cases(void)
{
  text seen = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    show(&seen, cases[i].bytes, strlen(cases[i].bytes));
    check_is(seen.s, cases[i].expected, cases[i].rule);
  }
  text_free(&seen);
}

static void check_nul(void)
{
  struct ldif ldif;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  size_t at = 0, length = 0;
  const char *bytes = "dn: a\nguid:: AAEC\nguid: x\n";

  ldif_begin(&ldif, bytes, strlen(bytes));
  ldif_next(&ldif, &e);
  const char *value = ldif_entry_next(&e, "guid", &at, &length);
  check(value && length == 3 && !memcmp(value, "\0\1\2", 3), "a value may hold NULs, and its length says so");
  check(ldif_entry_next(&e, "guid", &at, &length) && length == 1, "the next value of the attribute");
  check(!ldif_entry_next(&e, "guid", &at, &length), "there is no third");
  ldif_entry_free(&e);
}

/* The fuzzer found strchr(3) to take it for one of the letters it was given. */
static void check_nul_in_name(void)
{
  static const char bytes[] = "dn: a\nx\0y: z\n";
  text seen = TEXT_ZERO;

  show(&seen, bytes, sizeof bytes - 1);
  check_is(seen.s, "line 2: the attribute's name has an odd character", "a NUL in a name");
  text_free(&seen);
}

static void check_limit(void)
{
  text bytes = TEXT_ZERO, seen = TEXT_ZERO;

  text_add(&bytes, "dn: a\n");
  for (unsigned int i = 0; i <= LDIF_VALUES_MAX; i++) text_add(&bytes, "x: 1\n");
  show(&seen, bytes.s, bytes.len);
  check_is(seen.s, "line 1048578: more than 1048576 values in one entry", "an endless entry is refused");
  text_copy(&bytes, "dn: a\nx: ");
  for (unsigned int i = 0; i < LDIF_LINE_MAX; i++) text_add_char(&bytes, 'x');
  show(&seen, bytes.s, bytes.len);
  check_is(seen.s, "line 2: longer than 16 MiB", "an endless line is refused");
  text_free(&bytes);
  text_free(&seen);
}

static void check_written(const char *value, size_t length, const char *expected, const char *rule)
{
  text out = TEXT_ZERO;

  ldif_add(&out, "x", value, length);
  check_is(text_string(&out), expected, rule);
  text_free(&out);
}

/* Every value of every length comes back as it was. */
static void check_round_trip(void)
{
  text out = TEXT_ZERO;
  unsigned int same = 0, tries = 400;
  char value[400];

  for (unsigned int n = 0; n < tries; n++) {
    struct ldif ldif;
    struct ldif_entry e = LDIF_ENTRY_ZERO;
    size_t at = 0, length = 0;
    for (unsigned int i = 0; i < n; i++) value[i] = (char)(n % 3 ? 'a' + (int)(i % 26) : rand() % 256);
    text_copy(&out, "dn: a\n");
    ldif_add(&out, "x", value, n);
    ldif_begin(&ldif, out.s, out.len);
    if (ldif_next(&ldif, &e) == LDIF_ENTRY) {
      const char *seen = ldif_entry_next(&e, "x", &at, &length);
      same += seen && length == n && !memcmp(seen, value, n);
    }
    ldif_entry_free(&e);
    ldif_free(&ldif);
  }
  check(same == tries, "what is written is read again, byte for byte");
  text_free(&out);
}

int main(void)
{
  check_cases();
  check_nul();
  check_nul_in_name();
  check_limit();
  check_written("hello", 5, "x: hello\n", "a plain value");
  check_written("", 0, "x:\n", "an empty one");
  check_written(" a", 2, "x:: IGE=\n", "a space in front");
  check_written("a ", 2, "x:: YSA=\n", "a space behind");
  check_written("a\nb", 3, "x:: YQpi\n", "a newline");
  check_written("\xc3\xa4", 2, "x:: w6Q=\n", "bytes beyond ASCII");
  check_round_trip();
  return check_done();
}
