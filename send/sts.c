#include "send/sts.h"

#include <errno.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/log.h"
#include "send/sts_store.h"

enum { STS_SECONDS = 150 }; /* longer than control/ststimeout lets it take */

/* A host without sts-fetch has nobody to ask; one whose sts-fetch is just being restarted waits for it. */
static bool ask(const text *request, text *answer)
{
  if (access("run/sts-fetch", F_OK) == -1 && errno == ENOENT) {
    record_add(answer, "answer", "none");
    return true;
  }
  return call_ask("sts-fetch", request, 0, 0, answer, 0, STS_SECONDS) == CALL_DONE;
}

static void take(struct sts *s)
{
  s->state = STS_ANSWER_NONE;
  s->mode = STS_NONE;
  if (record_is(&s->answer, "answer", "policy")) {
    s->state = STS_ANSWER_THERE;
    if (record_is(&s->answer, "mode", "enforce")) s->mode = STS_ENFORCE;
    if (record_is(&s->answer, "mode", "testing")) s->mode = STS_TESTING;
  } else if (!record_is(&s->answer, "answer", "none"))
    s->state = STS_ANSWER_LATER;
  else if (record_find(&s->answer, "error"))
    s->state = STS_ANSWER_FAILED;
}

void send_sts_question(struct dns_question *q, const char *domain)
{
  text name = TEXT_ZERO;

  text_add(&name, "_mta-sts.");
  text_add(&name, domain);
  dns_question_set(q, text_string(&name), DNS_TXT);
  text_free(&name);
}

void send_sts_take_answer(struct sts *s, const struct dns_question *q, const char *domain)
{
  text name = TEXT_ZERO;
  bool is_absent = (q->result == DNS_ABSENT || q->result == DNS_NOTHING) && !q->list.is_cut;

  if (is_absent && !(send_sts_store_name(&name, domain) && send_sts_store_may_have(name.s))) {
    s->is_asked = true;
    s->state = STS_ANSWER_NONE;
    s->mode = STS_NONE;
    text_clear(&s->answer);
  }
  text_free(&name);
}

void send_sts_ask(struct sts *s, const char *domain)
{
  text request = TEXT_ZERO;

  if (s->is_asked) return;
  s->is_asked = true;
  record_add(&request, "what", "policy");
  record_add(&request, "domain", domain);
  text_clear(&s->answer);
  if (ask(&request, &s->answer))
    take(s);
  else {
    s->state = STS_ANSWER_LATER;
    text_clear(&s->answer);
    record_add(&s->answer, "error", "sts-fetch does not answer");
  }
  if (s->state == STS_ANSWER_FAILED || s->state == STS_ANSWER_LATER)
    log_event("sts", "domain", domain, "error", record_get(&s->answer, "error"), "text", record_get(&s->answer, "text"), (char *)0);
  text_free(&request);
}

bool send_sts_is_match(const struct sts *s, const char *host)
{
  size_t at = 0;

  for (const char *pattern; (pattern = record_next(&s->answer, "mx", &at));)
    if (send_sts_pattern_matches(pattern, host)) return true;
  return false;
}

void send_sts_free(struct sts *s) { text_free(&s->answer); }
