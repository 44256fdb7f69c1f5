#include <string.h>

#include "lib/conf.h"
#include "lib/log.h"
#include "lib/srs_ask.h"
#include "smtpd/rewrite.h"

/* The sender at that domain; what cannot be rewritten stays. False: no answer. */
static bool find_sender(const struct session *s, const char *domain, text *address)
{
  const char *sender = s->mail.sender.shown.s;
  text answer = TEXT_ZERO;
  bool heard = srs_ask("forward", sender, domain, &answer);

  text_clear(address);
  if (heard && record_is(&answer, "answer", "yes"))
    text_add(address, record_get(&answer, "address"));
  else if (heard)
    log_event("not-rewritten", "from", sender, "domain", domain, "error", record_get(&answer, "error"), (char *)0);
  text_string(address);
  text_free(&answer);
  return heard;
}

static bool is_wanted(text *own_domain)
{
  conf_value("srsdomain", own_domain, "");
  return conf_is_yes("srs", true);
}

/* Destinations of one domain mostly stand together, so that what was asked for last is asked for once. */
bool rewrite_senders(struct session *s, text *senders)
{
  text domain = TEXT_ZERO, own_domain = TEXT_ZERO, last = TEXT_ZERO, address = TEXT_ZERO;
  struct policy_destination one;
  bool heard = true, has_any = false;

  text_clear(senders);
  text_string(&last);
  for (size_t at = 0; heard && policy_destinations_next(&s->mail.destinations, &at, &one);) {
    bool needs = policy_needs_srs(s->tables, s->mail.is_null ? 0 : &s->mail.sender, &one, &domain);
    if (needs && !has_any && !is_wanted(&own_domain)) break;
    has_any |= needs;
    if (needs && own_domain.len) text_copy(&domain, text_string(&own_domain));
    if (needs && strcmp(text_string(&domain), last.s)) {
      heard = find_sender(s, domain.s, &address);
      text_copy(&last, domain.s);
      text_string(&last);
    }
    if (needs) text_add_text(senders, &address);
    text_add_char(senders, 0);
  }
  if (!has_any) text_clear(senders);
  text_free(&domain), text_free(&own_domain), text_free(&last), text_free(&address);
  return heard;
}

const char *rewrite_next(const text *senders, size_t *at)
{
  if (*at >= senders->len) return "";
  const char *sender = senders->s + *at;
  *at += strlen(sender) + 1;
  return sender;
}
