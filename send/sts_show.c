#include "send/sts_show.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/call.h"
#include "send/sts_find.h"

enum { LINES_BYTES = CALL_PACKET_MAX - 4096 };

/* "line=TITLE WORDS", a line for people each. */
__attribute__((format(printf, 2, 3))) static void add(text *answer, const char *format, ...)
{
  text line = TEXT_ZERO;
  char words[1024];
  va_list list;

  va_start(list, format);
  vsnprintf(words, sizeof words, format, list);
  va_end(list);
  text_copy(&line, words);
  if (answer->len < LINES_BYTES) record_add(answer, "line", text_string(&line));
  text_free(&line);
}

static void add_record(text *answer, const struct sts_found *s)
{
  if (s->record == STS_RECORD_FOUND)
    add(answer, "record _mta-sts.%s has the id %s", s->domain, s->id);
  else if (s->record == STS_RECORD_INVALID)
    add(answer, "record the TXT record _mta-sts.%s cannot be used: %s", s->domain, s->record_error);
  else if (s->asked == DNS_LATER)
    add(answer, "record there is no answer from DNS for _mta-sts.%s", s->domain);
  else
    add(answer, "record there is no TXT record _mta-sts.%s with v=STSv1", s->domain);
}

static void add_fetch(text *answer, const struct sts_found *s)
{
  text lines = TEXT_ZERO;

  if (s->record != STS_RECORD_FOUND) return;
  add(answer, "fetch https://mta-sts.%s/.well-known/mta-sts.txt%s%s", s->domain, s->host.len ? " from " : "", s->host.s);
  if (!s->is_fetched) {
    add(answer, "fetch %s%s%s", s->failure, *s->failure ? ": " : "not tried: ", s->reason.s);
    return;
  }
  send_sts_policy_lines(&s->entry.policy, &lines);
  for (size_t at = 0; at < lines.len; at += strlen(lines.s + at) + 1) add(answer, "policy %s", lines.s + at);
  text_free(&lines);
}

static void set_date(text *date, int64_t when)
{
  char words[32] = "";
  time_t at = (time_t)when;
  struct tm parts;

  if (gmtime_r(&at, &parts)) strftime(words, sizeof words, "%Y-%m-%d %H:%M:%SZ", &parts);
  text_copy(date, words);
  text_string(date);
}

static void add_cache(text *answer, const struct sts_found *s)
{
  const struct sts_entry *e = &s->entry;
  text from = TEXT_ZERO, until = TEXT_ZERO;

  if (!e->has_policy) {
    add(answer, "cache no policy");
    return;
  }
  set_date(&from, e->fetched);
  set_date(&until, e->fetched + (int64_t)e->policy.max_age);
  add(answer, "cache mode %s, id %s, fetched %s, %s %s", send_sts_mode_word(e->policy.mode), e->id, from.s, s->has_policy ? "holds until" : "over since", until.s);
  text_free(&from);
  text_free(&until);
}

/* The hosts that mail for the domain goes to, and whether the policy knows them. */
static void add_hosts(text *answer, const struct sts_found *s)
{
  static const char *const otherwise[] = { [STS_NONE] = "", [STS_TESTING] = ": a report says so, mail goes there",
                                           [STS_ENFORCE] = ": no mail goes there" };
  struct dns_list list;
  enum dns_result found = dns_find(s->domain, DNS_MX, &list);

  if (found == DNS_NOTHING || found == DNS_ABSENT) add(answer, "mx there is no MX for %s", s->domain);
  if (found == DNS_LATER) add(answer, "mx there is no answer from DNS for the MX of %s", s->domain);
  for (unsigned int i = 0; found == DNS_FOUND && i < list.count; i++) {
    const char *host = list.records[i].name, *pattern = send_sts_policy_match(&s->entry.policy, host);
    if (pattern)
      add(answer, "mx %s is in the policy, as %s", host, pattern);
    else
      add(answer, "mx %s is not in the policy%s", host, otherwise[s->entry.policy.mode]);
  }
}

/* What mail to the domain would meet now. */
static const char *word_of(const struct sts_found *s)
{
  if (s->is_blocked) return "later";
  if (s->has_policy) return send_sts_mode_word(s->entry.policy.mode);
  return s->record == STS_RECORD_ABSENT && s->asked == DNS_LATER ? "later" : s->record == STS_RECORD_ABSENT ? "none" : "failed";
}

void send_sts_show(int call, const char *domain)
{
  struct sts_found s = STS_FOUND_ZERO;
  text answer = TEXT_ZERO;

  send_sts_try(&s, domain);
  record_add(&answer, "answer", word_of(&s));
  add_record(&answer, &s);
  add_fetch(&answer, &s);
  add_cache(&answer, &s);
  if (s.has_policy && s.entry.policy.mode != STS_NONE) add_hosts(&answer, &s);
  if (*s.failure) record_add(&answer, "error", s.failure);
  call_send(call, &answer, 0, 0);
  text_free(&answer);
  send_sts_found_free(&s);
}
