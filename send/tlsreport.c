#include "send/tlsreport.h"

#include <string.h>

#include "send/tell.h"

/* What applied (RFC 8460 4.2). An MTA-STS policy that could not be had is a failure of that. */
static const char *name_policy(const struct tls_plan *p)
{
  if (!strcmp(p->decision.policy, "dane")) return "tlsa";
  if (!strncmp(p->decision.policy, "sts", 3) || p->search->sts.state == STS_ANSWER_FAILED) return "sts";
  return "no-policy-found";
}

static void add_all(text *request, const char *to, const text *answer, const char *from)
{
  size_t at = 0;

  for (const char *value; (value = record_next(answer, from, &at));) record_add(request, to, value);
}

/* Of an MTA-STS policy that is there but could not be had, whatever became of the session in clear or with a stranger. */
static const char *find_result(const struct tls_plan *p, const char *result)
{
  const char *failure = record_get(&p->search->sts.answer, "error");

  return p->search->sts.state == STS_ANSWER_FAILED && !strncmp(failure, "sts-", 4) && strcmp(name_policy(p), "tlsa") ? failure : result;
}

void send_tlsreport_tell(const struct tls_plan *p, const struct client *c, const char *result, const char *error)
{
  const struct tls_search *s = p->search;
  const char *policy = name_policy(p);
  text request = TEXT_ZERO;

  if (!s->hop->is_mx || s->hop->is_untold || !*result) return;
  record_add(&request, "domain", s->hop->name.s);
  record_add(&request, "policy", policy);
  record_add(&request, "host", p->host);
  record_add(&request, "result", find_result(p, result));
  if (*error) record_add(&request, "error", error);
  if (c && *c->far_ip) record_add(&request, "ip", c->far_ip);
  if (c && *c->near_ip) record_add(&request, "source", c->near_ip);
  if (!strcmp(policy, "tlsa")) send_tlsplan_add_tlsa(p, "line", &request);
  if (!strcmp(policy, "sts")) {
    add_all(&request, "line", &s->sts.answer, "policy");
    add_all(&request, "mx", &s->sts.answer, "mx");
  }
  send_tell(&request);
  text_free(&request);
}
