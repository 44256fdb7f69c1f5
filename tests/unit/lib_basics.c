/* text, record, id, envelope, base64, date: what every part stands on. */

#include <unistd.h>

#include "lib/base64.h"
#include "lib/conf.h"
#include "lib/date.h"
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/log.h"
#include "tests/check.h"

const char *PROG = "lib_basics";

static void test_numbers(void)
{
  uint64_t n;

  check(number_scan("0", 5, &n) && n == 0, "zero is a number");
  check(number_scan("18446744073709551615", UINT64_MAX, &n) && n == UINT64_MAX, "the largest number");
  check(!number_scan("18446744073709551616", UINT64_MAX, &n), "one more is too much");
  check(!number_scan("6", 5, &n) && !number_scan("-1", 5, &n) && !number_scan("", 5, &n) && !number_scan(" 1", 5, &n),
        "no sign, no space, not empty, at most max");
}

static void test_record(void)
{
  text r = TEXT_ZERO;
  size_t at = 0;

  record_add(&r, "a", "1");
  record_add(&r, "b", "");
  record_add(&r, "a", "2=3");
  check(record_check(&r), "what record_add makes is a record");
  check_is(record_get(&r, "a"), "1", "the first value");
  check(record_find(&r, "b") && !*record_find(&r, "b") && !record_find(&r, "c"), "an empty value is there, an absent one is not");
  record_next(&r, "a", &at);
  check_is(record_next(&r, "a", &at), "2=3", "the second value, with its own =");
  check(!record_next(&r, "a", &at), "and no third");
  for (size_t cut = 1; cut < r.len; cut++)
    if (r.s[cut - 1]) {
      text part = { .s = r.s, .len = cut };
      if (record_check(&part)) check(false, "a record that is cut off");
    }
  text_copy_bytes(&r, "A=1\0", 4);
  check(!record_check(&r), "a key in capitals is none");
  text_copy_bytes(&r, "=1\0", 3);
  check(!record_check(&r), "an empty key is none");
}

static void test_id(void)
{
  text a = TEXT_ZERO, b = TEXT_ZERO;

  id_make(&a);
  id_make(&b);
  check(id_check(a.s) && !id_is_report(a.s), "an id is an id");
  check(memcmp(a.s, b.s, 11) <= 0, "ids are ordered by time");
  text_add(&a, "b0001");
  check(id_check(text_string(&a)) && id_is_report(a.s), "a report's id");
  text_add(&a, "b0002");
  check(id_check(text_string(&a)) && id_is_report(a.s), "the id of a report about a report");
  check(!id_check("../../etc/passwd") && !id_check("") && !id_check("0123456789abcdeZ") && !id_check("0123456789abcdefx1") &&
          !id_check("0123456789abcdefb") && !id_check("0123456789abcdefb0001b") && !id_check("0123456789abcdefb0001x"),
        "nothing else is an id");
}

static void test_envelope(void)
{
  struct envelope e = ENVELOPE_ZERO, parsed = ENVELOPE_ZERO;
  text bytes = TEXT_ZERO, facts = TEXT_ZERO;

  text_copy(&e.id, "0123456789abcdef");
  text_copy(&e.sender, "\"a b\"%\n@c.example");
  e.birth_seconds = 1234567890;
  record_add(&e.facts, "role", "mx");
  record_add(&facts, "orcpt", "rfc822;x y");
  envelope_add_recipient(&e, "one@example.org", 0);
  envelope_add_recipient(&e, "\"t wo\"@example.org", &facts);
  envelope_add_recipient(&e, "three@example.org", 0);
  envelope_format(&e, &bytes);
  check(envelope_length(bytes.s, bytes.len) == bytes.len, "the length is the length");
  check(envelope_parse(&parsed, bytes.s, bytes.len), "what is formatted can be parsed");
  check_is(parsed.sender.s, "\"a b\"%\n@c.example", "a sender with a space, a percent sign and a newline survives");
  check(parsed.count == 3 && parsed.birth_seconds == 1234567890 && parsed.attempts == 0, "numbers and count");
  check_is(parsed.recipients[1].address, "\"t wo\"@example.org", "a recipient with a space survives");
  check_is(record_get(&parsed.recipients[1].facts, "orcpt"), "rfc822;x y", "its facts too");
  check(bytes.s[parsed.recipients[2].at] == 'R', "at is where the state byte lies");
  unsigned int accepted = 0;
  for (const char *state = "RrHhdDfF"; *state; state++) {
    bytes.s[parsed.recipients[2].at] = *state;
    accepted += envelope_parse(&parsed, bytes.s, bytes.len) && envelope_has(&parsed, (char[]){ *state, 0 }) && parsed.recipients[2].state == *state;
  }
  check(accepted == 8, "each state byte of doc/queue.md is known");
  bytes.s[parsed.recipients[2].at] = 'x';
  check(!envelope_parse(&parsed, bytes.s, bytes.len), "... and no other");
  accepted = 0;
  for (size_t cut = 0; cut < bytes.len; cut++) accepted += envelope_parse(&parsed, bytes.s, cut);
  check(!accepted, "no part of an envelope is an envelope");
  for (size_t at = 0; at < bytes.len; at++) {
    char kept = bytes.s[at];
    bytes.s[at] = 0;
    accepted += envelope_parse(&parsed, bytes.s, bytes.len);
    bytes.s[at] = kept;
  }
  check(!accepted, "an envelope with a NUL anywhere is none");
  envelope_free(&parsed);
  envelope_free(&e);
}

static void test_base64(void)
{
  static const struct { const char *plain, *encoded; } cases[] = {
    { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" },
  };
  static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg=a", "Zh==", "Zm9=", "Z g=", "====", "Zg==Zg==", "Zm9v\n" };
  text t = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text_clear(&t);
    base64_add(&t, cases[i].plain, strlen(cases[i].plain));
    check_is(text_string(&t), cases[i].encoded, "encoded");
    text_clear(&t);
    check(base64_decode(&t, cases[i].encoded, strlen(cases[i].encoded)) && text_is(&t, cases[i].plain), "decoded");
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!base64_decode(&t, bad[i], strlen(bad[i])), bad[i]);
}

/* What log_event writes to fd 2. */
static size_t read_log(char *bytes, size_t size, const char *value)
{
  int ends[2], kept = dup(2);
  ssize_t length;

  if (pipe(ends) == -1 || dup2(ends[1], 2) == -1) return 0;
  log_event("event", "a", value, "b", value, "c", value, "d", value, "e", value, (char *)0);
  dup2(kept, 2);
  close(ends[1]);
  length = read(ends[0], bytes, size);
  close(ends[0]);
  close(kept);
  return length < 0 ? 0 : (size_t)length;
}

static void test_log(void)
{
  static char value[70001], line[100001];

  size_t length = read_log(line, sizeof line - 1, "x\ny=\"z");
  line[length] = 0;
  check(strstr(line, "event a=\"x\\x0ay=\\\"z\" b=") && strchr(line, '\n') == line + length - 1, "a value makes no line of its own");
  memset(value, 'x', sizeof value - 1);
  length = read_log(line, sizeof line - 1, value);
  check(length > 1000 && length <= 4096 && line[length - 1] == '\n', "a line is never longer than what a pipe takes in one piece");
  line[1100] = 0;
  check(strstr(line, "x...\" b=\"x"), "... and says where it left out something");
}

static void test_seconds(void)
{
  static const struct {
    const char *value;
    bool good;
    uint64_t seconds;
  } times[] = {
    { "0", true, 0 }, { "432000", true, 432000 }, { "120h", true, 432000 }, { "5d", true, 432000 }, { "30m", true, 1800 }, { "9s", true, 9 },
    { "h", false, 0 }, { "5w", false, 0 }, { "5hh", false, 0 }, { "-5h", false, 0 }, { "1.5h", false, 0 }, { "240h", true, 864000 }, { "241h", false, 0 },
    { "99999999999999999d", false, 0 }, { "", false, 0 },
  };

  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    uint64_t seconds = 0;
    bool good = conf_seconds_parse(times[i].value, strlen(times[i].value), 864000, &seconds);
    check(good == times[i].good && (!good || seconds == times[i].seconds), *times[i].value ? times[i].value : "(empty)");
  }
}

int main(void)
{
  test_seconds();
  text date = TEXT_ZERO;

  test_numbers();
  test_record();
  test_id();
  test_envelope();
  test_base64();
  test_log();
  date_add(&date, 1795258155);
  check_is(text_string(&date), "Sat, 21 Nov 2026 10:49:15 +0000", "a date (RFC 5322 3.3)");
  return check_done();
}
