#include <string.h>

#include "lib/address.h"
#include "lib/date.h"
#include "smtpd/received.h"

/* ESMTPSA and its kin, RFC 3848. */
static void add_protocol(text *out, const struct smtpd_received *r)
{
  if (r->user) {
    text_add(out, "local");
    return;
  }
  text_add(out, r->is_lmtp ? "LMTP" : r->is_extended ? "ESMTP" : "SMTP");
  if (r->is_extended && *r->tls) text_add_char(out, 'S');
  if (r->is_extended && r->is_authenticated) text_add_char(out, 'A');
}

/* What a client calls itself goes into the field only if it is a name or a literal: else it could forge one. */
static void add_helo(text *out, const char *helo)
{
  size_t length = strlen(helo);
  text_add(out, domain_check(helo, length) || domain_literal_check(helo, length) ? helo : "unknown");
}

static void add_from(text *out, const struct smtpd_received *r)
{
  text_add(out, "Received: from ");
  if (r->user) {
    text_add_format(out, "%s (uid %lu)", r->user, (unsigned long)r->uid);
    return;
  }
  add_helo(out, r->helo);
  if (*r->ip) {
    text_add(out, strchr(r->ip, ':') ? " ([IPv6:" : " ([");
    text_add(out, r->ip);
    text_add(out, "])");
  }
}

void smtpd_received_add(text *out, const struct smtpd_received *r)
{
  add_from(out, r);
  text_add(out, "\r\n\tby ");
  text_add(out, r->me);
  text_add(out, " with ");
  add_protocol(out, r);
  if (*r->tls) {
    text_add(out, " (");
    text_add(out, r->tls);
    text_add(out, ")");
  }
  text_add(out, "\r\n\tid ");
  text_add(out, r->id);
  text_add(out, "; ");
  date_add(out, r->seconds);
  text_add(out, "\r\n");
}
