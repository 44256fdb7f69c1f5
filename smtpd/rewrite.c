#include <string.h>

#include "lib/srs_ask.h"
#include "smtpd/rewrite.h"

bool rewrite_senders(struct session *s, text *senders)
{
  const struct address *sender = s->mail.is_null ? 0 : &s->mail.sender;
  struct srs_ask forward = SRS_ASK_ZERO;
  struct policy_destination one;
  bool heard = true, has_any = false;

  text_clear(senders);
  for (size_t at = 0; heard && policy_destinations_next(&s->mail.destinations, &at, &one);) {
    heard = srs_ask_forward(&forward, s->tables, sender, &one);
    has_any = has_any || forward.address.len;
    text_add_text(senders, &forward.address);
    text_add_char(senders, 0);
  }
  if (!has_any) text_clear(senders);
  srs_ask_free(&forward);
  return heard;
}

const char *rewrite_next(const text *senders, size_t *at)
{
  if (*at >= senders->len) return "";
  const char *sender = senders->s + *at;
  *at += strlen(sender) + 1;
  return sender;
}
