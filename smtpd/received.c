#include <string.h>

#include "lib/address.h"
#include "lib/date.h"
#include "smtpd/received.h"

/* ESMTPSA and its kin (RFC 3848), UTF8SMTPSA and its (RFC 6531 4.3), "local" of our own. */
static void add_protocol(text *out, const struct smtpd_received *r)
{
  if (r->user) {
    text_add(out, "local");
    return;
  }
  if (r->is_utf8)
    text_add(out, r->is_lmtp ? "UTF8LMTP" : "UTF8SMTP");
  else
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

static bool is_comment(const char *string)
{
  for (; *string; string++)
    if (!ascii_is_printable(*string) || strchr("()\\", *string)) return false;
  return true;
}

static bool is_printable(const char *string)
{
  while (ascii_is_printable(*string)) string++;
  return !*string;
}

/* "helo (name [address])" */
static void add_client(text *out, const struct smtpd_received *r)
{
  add_helo(out, r->helo);
  if (!*r->ip) return;
  text_add(out, " (");
  if (r->reverse && domain_check(r->reverse, strlen(r->reverse))) {
    text_add(out, r->reverse);
    text_add_char(out, ' ');
  }
  text_add(out, strchr(r->ip, ':') ? "[IPv6:" : "[");
  text_add(out, r->ip);
  text_add(out, "])");
}

static void add_from(text *out, const struct smtpd_received *r)
{
  if (r->is_hidden) return;
  text_add(out, "from ");
  if (r->user)
    text_add_format(out, "%s (uid %lu)", r->user, (unsigned long)r->uid);
  else
    add_client(out, r);
  if (r->login && is_comment(r->login)) text_add_format(out, "\r\n\t(Authenticated sender: %s)", r->login);
  text_add(out, "\r\n\t");
}

/* RFC 8314 4.3: the cipher's name in the registry is a clause of its own. */
static void add_cipher(text *out, const struct smtpd_received *r)
{
  const char *cipher = strchr(r->tls, ' ');

  if (cipher && cipher[1]) text_add_format(out, "\r\n\ttls %s", cipher + 1);
}

void smtpd_received_add(text *out, const struct smtpd_received *r)
{
  text_add(out, "Received: ");
  add_from(out, r);
  text_add(out, "by ");
  text_add(out, r->me);
  text_add(out, " with ");
  add_protocol(out, r);
  if (*r->tls) {
    text_add(out, " (");
    text_add_bytes(out, r->tls, strcspn(r->tls, " "));
    text_add(out, ")");
  }
  text_add(out, "\r\n\tid ");
  text_add(out, r->id);
  if (r->recipient && *r->recipient && (r->is_utf8 || is_printable(r->recipient))) text_add_format(out, "\r\n\tfor <%s>", r->recipient);
  add_cipher(out, r);
  text_add(out, "; ");
  date_add(out, r->seconds);
  text_add(out, "\r\n");
}
