/* MTA-STS: bytes as a policy, as a file of the cache, as TXT records, as an answer of DNS. What is taken for a policy or a file says the same when
   it is written and read again, and each pattern is one. */

#include <stdlib.h>
#include <string.h>

#include "lib/dns_text.h"
#include "send/sts_entry.h"
#include "send/sts_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void read_again(const struct sts_policy *p)
{
  struct sts_policy again = STS_POLICY_ZERO;
  text lines = TEXT_ZERO;
  const char *error;

  send_sts_policy_lines(p, &lines);
  for (size_t i = 0; i < lines.len; i++)
    if (!lines.s[i]) lines.s[i] = '\n';
  if (lines.len > STS_POLICY_BYTES) goto done; /* spaces were added */
  if (!send_sts_policy_parse(&again, lines.s, lines.len, &error)) abort();
  if (again.mode != p->mode || again.max_age != p->max_age || again.patterns.len != p->patterns.len ||
      (p->patterns.len && memcmp(again.patterns.s, p->patterns.s, p->patterns.len))) abort();
done:
  send_sts_policy_free(&again);
  text_free(&lines);
}

static void fuzz_policy(const char *bytes, size_t length)
{
  struct sts_policy p = STS_POLICY_ZERO;
  const char *error = 0;

  if (send_sts_policy_parse(&p, bytes, length, &error)) {
    if (p.max_age > STS_MAX_AGE_MAX || (p.mode != STS_NONE && !p.patterns.len)) abort();
    for (size_t at = 0; at < p.patterns.len; at += strlen(p.patterns.s + at) + 1) {
      const char *pattern = p.patterns.s + at;
      if (!send_sts_pattern_check(pattern)) abort();
      if (*pattern != '*' && send_sts_policy_match(&p, pattern) == 0) abort();
    }
    read_again(&p);
  } else if (!*error || p.mode != STS_NONE)
    abort();
  send_sts_policy_free(&p);
}

static void fuzz_entry(const char *bytes, size_t length)
{
  struct sts_entry e = STS_ENTRY_ZERO;
  text first = TEXT_ZERO, second = TEXT_ZERO;

  if (send_sts_entry_parse(&e, "a.test", bytes, length)) {
    send_sts_entry_step(&e, STS_RECORD_FOUND, "1", 1 << 30);
    if (send_sts_entry_is_due(&e, 1 << 30) && !send_sts_entry_is_valid(&e, 1 << 30)) abort();
    send_sts_entry_is_over(&e, 1 << 30);
    send_sts_entry_format(&e, "a.test", &first);
    if (!send_sts_entry_parse(&e, "a.test", first.s, first.len)) abort();
    send_sts_entry_format(&e, "a.test", &second);
    if (first.len != second.len || memcmp(first.s, second.s, first.len)) abort();
  }
  send_sts_entry_free(&e);
  text_free(&first);
  text_free(&second);
}

static void fuzz_record(const text *records)
{
  char id[STS_ID_MAX + 1];
  const char *error;

  if (records->len && records->s[records->len - 1]) abort();
  bool is_found = send_sts_record_find(records, id, &error) == STS_RECORD_FOUND;
  if (is_found != (*id != 0) || strlen(id) > STS_ID_MAX) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  text records = TEXT_ZERO;

  fuzz_policy((const char *)bytes, length);
  fuzz_entry((const char *)bytes, length);
  if (dns_text_parse(bytes, length, &records) == DNS_FOUND && !records.len) abort();
  fuzz_record(&records);
  text_copy_bytes(&records, (const char *)bytes, length);
  text_add_char(&records, 0);
  fuzz_record(&records);
  text_free(&records);
  return 0;
}
