/* MTA-STS: what a file of the cache says, and when a policy is used, fetched, fetched anew, forgotten (RFC 8461 3.3, 5.1, 10.2). */

#include "send/sts_entry.h"
#include "tests/check.h"

#define NOW 2000000
#define HEAD "domain: a.test\nid: one\nmode: enforce\nmx: mx.a.test\n"

static struct sts_entry entry = STS_ENTRY_ZERO;

static bool read(const char *bytes) { return send_sts_entry_parse(&entry, "a.test", bytes, strlen(bytes)); }

static const struct {
  const char *what, *bytes;
  enum sts_record_result record;
  const char *id;
  enum sts_step step;
} steps[] = {
  { "nothing known, no record", "domain: a.test\n", STS_RECORD_ABSENT, "", STS_STEP_NONE },
  { "nothing known, a bad record", "domain: a.test\n", STS_RECORD_INVALID, "", STS_STEP_NONE },
  { "nothing known, a record", "domain: a.test\n", STS_RECORD_FOUND, "one", STS_STEP_FETCH },
  { "a policy of this id", HEAD "max-age: 1000\nfetched: 1999001\n", STS_RECORD_FOUND, "one", STS_STEP_USE },
  { "... which is over", HEAD "max-age: 1000\nfetched: 1999000\n", STS_RECORD_FOUND, "one", STS_STEP_FETCH },
  { "a policy, no record", HEAD "max-age: 1000\nfetched: 1999001\n", STS_RECORD_ABSENT, "", STS_STEP_USE },
  { "a policy, a bad record", HEAD "max-age: 1000\nfetched: 1999001\n", STS_RECORD_INVALID, "", STS_STEP_USE },
  { "one that is over, no record", HEAD "max-age: 1000\nfetched: 1999000\n", STS_RECORD_ABSENT, "", STS_STEP_NONE },
  { "a policy of another id", HEAD "max-age: 1000\nfetched: 1999999\n", STS_RECORD_FOUND, "two", STS_STEP_FETCH },
  { "... for which a fetch has just failed", HEAD "max-age: 1000\nfetched: 1999999\nfailed: 1999701\nfailed-id: two\n", STS_RECORD_FOUND, "two", STS_STEP_USE },
  { "... 5 minutes ago", HEAD "max-age: 1000\nfetched: 1999999\nfailed: 1999700\nfailed-id: two\n", STS_RECORD_FOUND, "two", STS_STEP_FETCH },
  { "... for a third id", HEAD "max-age: 1000\nfetched: 1999999\nfailed: 1999999\nfailed-id: three\n", STS_RECORD_FOUND, "two", STS_STEP_FETCH },
  { "no policy, and a fetch has just failed", "domain: a.test\nfailed: 1999999\nfailed-id: one\n", STS_RECORD_FOUND, "one", STS_STEP_NONE },
  { "one that is over, and a fetch has just failed", HEAD "max-age: 1000\nfetched: 1999000\nfailed: 1999999\nfailed-id: one\n", STS_RECORD_FOUND, "one", STS_STEP_NONE },
  { "max_age 0, fetched a moment ago", HEAD "max-age: 0\nfetched: 1999999\n", STS_RECORD_FOUND, "one", STS_STEP_USE },
  { "... 5 minutes ago", HEAD "max-age: 0\nfetched: 1999700\n", STS_RECORD_FOUND, "one", STS_STEP_FETCH },
  { "... no record", HEAD "max-age: 0\nfetched: 1999999\n", STS_RECORD_ABSENT, "", STS_STEP_NONE },
  { "a clock that was put back: the policy holds", HEAD "max-age: 1000\nfetched: 9999999\n", STS_RECORD_ABSENT, "", STS_STEP_USE },
  { "... a failure of the future is over", "domain: a.test\nfailed: 9999999\nfailed-id: one\n", STS_RECORD_FOUND, "one", STS_STEP_FETCH },
};

static const struct {
  const char *what, *bytes;
  bool is_due, is_over;
} ages[] = {
  { "a new one", HEAD "max-age: 604800\nfetched: 1999999\nused: 1999999\n", false, false },
  { "one of a day", HEAD "max-age: 604800\nfetched: 1913600\nused: 1999999\n", true, false },
  { "... a second less", HEAD "max-age: 604800\nfetched: 1913601\nused: 1999999\n", false, false },
  { "half a short max_age", HEAD "max-age: 2000\nfetched: 1999000\nused: 1999999\n", true, false },
  { "a very short one: not more often than every 5 minutes", HEAD "max-age: 400\nfetched: 1999701\nused: 1999999\n", false, false },
  { "one that failed half an hour ago", HEAD "max-age: 604800\nfetched: 1900000\nused: 1999999\nfailed: 1998200\n", false, false },
  { "... an hour ago", HEAD "max-age: 604800\nfetched: 1900000\nused: 1999999\nfailed: 1996400\n", true, false },
  { "one that nobody has asked for in 23 days", HEAD "max-age: 31557600\nfetched: 1\nused: 1\n", true, false },
  { "one that is over", HEAD "max-age: 1000\nfetched: 1999000\nused: 1999999\n", false, true },
  { "... whose fetch has just failed", HEAD "max-age: 1000\nfetched: 1999000\nfailed: 1999900\n", false, false },
  { "max_age 0, fetched a moment ago", HEAD "max-age: 0\nfetched: 1999999\n", false, false },
  { "a failure alone", "domain: a.test\nfailed: 1999701\nfailed-id: one\n", false, false },
  { "... of 5 minutes ago", "domain: a.test\nfailed: 1999700\nfailed-id: one\n", false, true },
  { "of a clock that was put back by much", HEAD "max-age: 1000\nfetched: 9999999\nused: 1999999\n", true, false },
};

static void check_tables(void)
{
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    check(read(steps[i].bytes) && send_sts_entry_step(&entry, steps[i].record, steps[i].id, NOW) == steps[i].step, steps[i].what);
  for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
    check(read(ages[i].bytes) && send_sts_entry_is_due(&entry, NOW) == ages[i].is_due && send_sts_entry_is_over(&entry, NOW) == ages[i].is_over, ages[i].what);
  check(read(HEAD "max-age: 31557600\nfetched: 1\nused: 1\n") && !send_sts_entry_is_due(&entry, 90 * 86400 + 2), "not used for 90 days: left alone");
}

static void check_bytes(void)
{
  static const char whole[] = "domain: a.test\nid: one\nmode: testing\nmx: *.a.test\nmx: b.test\nmax-age: 5\nfetched: 7\nused: 8\nfailed: 9\nfailed-id: two\nfailure: sts-webpki-invalid\nreason: x: y # z\n";
  static const char *const bad[] = { "", "nonsense", "domain: b.test\n", "domain: a.test\nmode: enforce\nmax-age: 1\n", HEAD, HEAD "max-age: 31557601\n", HEAD "max-age: -1\n",
                                     HEAD "max-age: 1\nmx: *\n", HEAD "max-age: 1\nfetched: x\n", "domain: a.test\nmode: other\nmax-age: 1\nmx: a\n", HEAD "max-age: 1\nother: x\n",
                                     "domain: a.test\nfailed: 1\nfailed-id: 123456789012345678901234567890123\n" };
  struct sts_policy policy = STS_POLICY_ZERO;
  text bytes = TEXT_ZERO;
  const char *error;

  check(read(whole), "a whole entry");
  send_sts_entry_format(&entry, "a.test", &bytes);
  check_is(text_string(&bytes), whole, "... is written as it was read");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    text_clear(&bytes);
    text_add_format(&bytes, "bad entry %zu is none, and leaves nothing", i);
    check(!read(bad[i]) && !entry.has_policy && !entry.failed, text_string(&bytes));
  }
  send_sts_entry_fail(&entry, "sts-policy-fetch-error", "two\nlines\x80", "one", 5);
  text_clear(&bytes);
  send_sts_entry_format(&entry, "a.test", &bytes);
  check_is(text_string(&bytes), "domain: a.test\nused: 0\nfailed: 5\nfailed-id: one\nfailure: sts-policy-fetch-error\nreason: two?lines?\n", "what another host said stays on one line");
  text_copy(&bytes, "version: STSv1\nmode: enforce\nmx: A\nmax_age: 3");
  check(send_sts_policy_parse(&policy, text_string(&bytes), bytes.len, &error), "a policy");
  send_sts_entry_succeed(&entry, &policy, "two", 6);
  text_clear(&bytes);
  send_sts_entry_format(&entry, "a.test", &bytes);
  check_is(text_string(&bytes), "domain: a.test\nid: two\nmode: enforce\nmx: a\nmax-age: 3\nfetched: 6\nused: 0\n", "what was fetched takes the place of a failure");
  send_sts_policy_free(&policy);
  text_free(&bytes);
}

int main(void)
{
  check_tables();
  check_bytes();
  send_sts_entry_free(&entry);
  return check_done();
}
