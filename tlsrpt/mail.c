#include "tlsrpt/mail.h"

#include "lib/base64.h"
#include "lib/date.h"
#include "lib/envelope.h"
#include "lib/file.h"
#include "tlsrpt/json.h"

enum { LINE_BYTES = 57 /* a line of 76 in base64 */ };

static void add_base64(text *out, const text *bytes)
{
  for (size_t at = 0; at < bytes->len; at += LINE_BYTES) {
    base64_add(out, bytes->s + at, bytes->len - at < LINE_BYTES ? bytes->len - at : LINE_BYTES);
    text_add(out, "\r\n");
  }
}

/* The domains are names, the addresses were parsed: none has a control byte. */
static void add_header(const struct tlsrpt_mail *m, const char *name, text *out)
{
  const char *domain = m->report->domain.s;

  text_add(out, "Date: ");
  date_add(out, m->now);
  text_add_format(out, "\r\nFrom: <%s>\r\nTo: <%s>\r\n", m->from, m->to);
  text_add_format(out, "Subject: Report Domain: %s\r\n Submitter: %s\r\n Report-ID: <%s>\r\n", domain, m->submitter, name);
  text_add_format(out, "Message-ID: <%s@%s>\r\n", m->id, m->submitter);
  text_add_format(out, "TLS-Report-Domain: %s\r\nTLS-Report-Submitter: %s\r\n", domain, m->submitter);
  text_add(out, "TLS-Required: No\r\n"); /* RFC 8460 3: it is delivered in spite of what it reports; RFC 8689 5 */
  text_add(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
  text_add_format(out, "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"=_%s\"\r\n\r\n", m->id);
}

void tlsrpt_mail_format(const struct tlsrpt_mail *m, text *message)
{
  text name = TEXT_ZERO, file = TEXT_ZERO;

  tlsrpt_report_name(m->report, &name);
  tlsrpt_report_file(m->report, &file);
  add_header(m, name.s, message);
  text_add_format(message, "--=_%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n", m->id);
  text_add_format(message, "This is a report of %s about how TLS went with the mail servers of\r\n%s (RFC 8460), from\r\n", m->submitter,
                  m->report->domain.s);
  date_add(message, m->report->begin);
  text_add(message, " to\r\n");
  date_add(message, m->report->end - 1);
  text_add(message, ". It is attached, for programs.\r\n\r\n");
  text_add_format(message, "--=_%s\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n", m->id);
  text_add_format(message, "Content-Disposition: attachment;\r\n filename=\"%s.json.gz\"\r\n\r\n", file.s);
  add_base64(message, m->gzip);
  text_add_format(message, "--=_%s--\r\n", m->id);
  text_free(&name);
  text_free(&file);
}

static void add_envelope(const struct tlsrpt_mail *m, text *out)
{
  struct envelope e = ENVELOPE_ZERO;
  text facts = TEXT_ZERO;

  e.birth_seconds = m->now;
  text_copy(&e.id, m->id);
  text_copy(&e.sender, m->from);
  text_string(&e.id), text_string(&e.sender);
  record_add(&e.facts, "role", "tls-report");
  record_add(&e.facts, "tlsoptional", "yes");
  if (!string_is_ascii(m->to) || !string_is_ascii(m->from)) record_add(&e.facts, "smtputf8", "yes");
  record_add(&facts, "notify", "never"); /* nobody is there who would read that it did not arrive */
  envelope_add_recipient(&e, m->to, &facts);
  envelope_format(&e, out);
  envelope_free(&e);
  text_free(&facts);
}

int tlsrpt_mail_file(const struct tlsrpt_mail *m)
{
  text bytes = TEXT_ZERO;

  add_envelope(m, &bytes);
  tlsrpt_mail_format(m, &bytes);
  int file = file_sealed("report", &bytes);
  text_free(&bytes);
  return file;
}
