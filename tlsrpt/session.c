#include "tlsrpt/session.h"

#include <string.h>

#include "lib/address.h"
#include "lib/cidr.h"

static const char *const types[] = { "tlsa", "sts", "no-policy-found", 0 };

/* RFC 8460 4.3, and what went well */
static const char *const results[] = {
  "success", "starttls-not-supported", "certificate-host-mismatch", "certificate-not-trusted", "certificate-expired",
  "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error", "sts-policy-invalid",
  "sts-webpki-invalid", 0
};

/* The word itself, so that it stays when the packet is gone; 0: it is none of them. */
static const char *find_word(const char *const *words, const char *word)
{
  while (*words && strcmp(*words, word)) words++;
  return *words;
}

/* All that a report shows is printable ASCII or UTF-8; whatever else a host said is a '?'. */
static void take_words(text *to, const char *value)
{
  size_t length = strlen(value);

  text_clear(to);
  if (length > TLSRPT_WORDS_MAX) length = TLSRPT_WORDS_MAX;
  for (size_t i = 0; i < length; i++) text_add_char(to, ascii_is_printable(value[i]) ? value[i] : '?');
  text_string(to);
}

static void take_name(text *to, const char *value)
{
  if (!domain_fold(value, strlen(value), to)) text_clear(to);
  text_string(to);
}

static void take_ip(text *to, const char *value)
{
  struct ip ip;

  text_clear(to);
  if (ip_parse(&ip, value)) cidr_add(to, &ip, 32, 128);
  text_string(to);
}

static void take_lines(text *to, const text *packet, const char *key)
{
  size_t at = 0;

  text_clear(to);
  for (const char *line; (line = record_next(packet, key, &at));) {
    if (!*line) continue;
    if (to->len + strlen(line) + 1 > TLSRPT_LINES_MAX) break;
    for (; *line; line++) text_add_char(to, ascii_is_printable(*line) ? *line : '?');
    text_add_char(to, 0);
  }
}

bool tlsrpt_session_parse(struct tlsrpt_session *s, const text *packet, const char **error)
{
  const char *domain = record_get(packet, "domain");

  s->type = find_word(types, record_get(packet, "policy"));
  s->result = find_word(results, record_get(packet, "result"));
  s->missed = 0;
  record_number(packet, "missed", UINT32_MAX, &s->missed);
  *error = !domain_fold(domain, strlen(domain), &s->domain) ? "domain" : !s->type ? "policy" : !s->result ? "result" : 0;
  if (*error) return false;
  text_string(&s->domain);
  take_lines(&s->lines, packet, "line");
  take_lines(&s->patterns, packet, "mx");
  take_ip(&s->source, record_get(packet, "source"));
  take_ip(&s->ip, record_get(packet, "ip"));
  take_name(&s->host, record_get(packet, "host"));
  take_words(&s->helo, record_get(packet, "helo"));
  take_words(&s->reason, record_get(packet, "error"));
  take_words(&s->information, record_get(packet, "information"));
  return true;
}

void tlsrpt_session_free(struct tlsrpt_session *s)
{
  text *const texts[] = { &s->domain, &s->lines, &s->patterns, &s->source, &s->host, &s->helo, &s->ip, &s->reason, &s->information };

  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) text_free(texts[i]);
}

bool tlsrpt_session_is_good(const struct tlsrpt_session *s) { return !strcmp(s->result, "success"); }
