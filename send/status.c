#include "send/status.h"

#include <string.h>

#include "lib/address.h"
#include "lib/date.h"
#include "lib/xtext.h"

enum { WIDTH = 72 };

void send_status_add_plain(text *out, const char *value)
{
  for (; *value; value++) text_add_char(out, ascii_is_printable(*value) ? *value : '?');
}

void send_status_add_field(text *out, const char *name, const char *value)
{
  text_add(out, name);
  text_add(out, ": ");
  send_status_add_plain(out, value);
  text_add(out, "\r\n");
}

bool send_status_is_global(const struct send_report *r) { return !string_is_ascii(r->to); }

/* UTF-8 as it is; false if it is none, or holds what may not stand in a field. */
static bool is_clean_utf8(const char *value)
{
  if (!utf8_check(value, strlen(value))) return false;
  for (; *value; value++)
    if ((unsigned char)*value < ' ' || *value == 0x7f) return false;
  return true;
}

/* "rfc822;ADDRESS", or "utf-8;" and the address, as it is where UTF-8 may stand, else in the form that any host can pass on
   (RFC 6533 3). */
static void add_typed(const struct send_report *r, text *out, const char *name, const char *address)
{
  text_add_format(out, "%s: ", name);
  if (string_is_ascii(address)) {
    text_add(out, "rfc822;");
    send_status_add_plain(out, address);
  } else {
    text_add(out, "utf-8;");
    if (send_status_is_global(r) && is_clean_utf8(address) && !strpbrk(address, "\\+= "))
      text_add(out, address);
    else
      xtext_add_utf8(out, address);
  }
  text_add(out, "\r\n");
}

/* "TYPE;ADDRESS" of an envelope. */
static void add_original(const struct send_report *r, text *out, const char *original)
{
  if (string_is_ascii(original))
    send_status_add_field(out, "Original-Recipient", original);
  else
    add_typed(r, out, "Original-Recipient", original + strcspn(original, ";") + (strchr(original, ';') != 0));
}

static void add_date(text *out, const char *name, uint64_t seconds)
{
  text_add_format(out, "%s: ", name);
  date_add(out, seconds);
  text_add(out, "\r\n");
}

/* In lines of WIDTH, cut at a space where there is one. */
static void add_folded(text *out, const char *words)
{
  while (strlen(words) > WIDTH) {
    size_t length = WIDTH;
    while (length && words[length] != ' ') length--;
    if (!length) length = WIDTH;
    for (size_t i = 0; i < length; i++) send_status_add_plain(out, (char[]){ words[i], 0 });
    text_add(out, "\r\n  ");
    words += length + (words[length] == ' ');
  }
  send_status_add_plain(out, words);
  text_add(out, "\r\n");
}

/* The other host said this status; else it is X.0.0 or X.1.0, made from its code (send_outcome_take). */
static bool is_said_status(const struct said *said)
{
  return said->status.len && strcmp(said->status.s + 1, ".0.0") && strcmp(said->status.s + 1, ".1.0");
}

/* A reply as it was said (RFC 3461 9.2), its lines as one. */
static void add_diagnosis(const struct said *said, text *out)
{
  text words = TEXT_ZERO;

  if (said->code) text_add_format(&words, "%03u ", said->code);
  if (said->code && is_said_status(said)) text_add_format(&words, "%s ", said->status.s);
  text_add_text(&words, &said->text);
  text_add(out, said->code ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: X-postroom; ");
  add_folded(out, text_string(&words));
  text_free(&words);
}

/* RFC 3464 2.3.5: the host that said it, without its address. */
static void add_remote(const text *remote, text *out)
{
  size_t length = strcspn(remote->s, " [(");

  if (!length) return;
  text_add(out, "Remote-MTA: dns; ");
  for (size_t i = 0; i < length; i++) send_status_add_plain(out, (char[]){ remote->s[i], 0 });
  text_add(out, "\r\n");
}

/* RFC 3464 2.3 */
static void add_recipient(const struct send_report *report, const struct send_report_recipient *r, text *out)
{
  static const char *const actions[] = { "failed", "delivered", "relayed", "delayed", "expanded" };

  text_add(out, "\r\n");
  if (r->original) add_original(report, out, r->original);
  add_typed(report, out, "Final-Recipient", r->address);
  send_status_add_field(out, "Action", actions[r->action]);
  send_status_add_field(out, "Status", send_report_status(r));
  if (r->said && r->said->remote.len && r->said->code && !r->is_here) add_remote(&r->said->remote, out);
  if (r->said && r->said->text.len) add_diagnosis(r->said, out);
  if (r->said && r->said->policy.len) {
    text_add(out, "X-TLS-Policy: "); /* RFC 3464 2.4 */
    send_status_add_plain(out, r->said->policy.s);
    text_add(out, "\r\n");
  }
  if (r->said) add_date(out, "Last-Attempt-Date", r->said->seconds);
  if (r->is_here) send_status_add_field(out, "Final-Log-ID", report->message);
  if (r->action == SEND_REPORT_DELAYED) add_date(out, "Will-Retry-Until", report->until_seconds);
}

void send_status_add(const struct send_report *r, text *out)
{
  if (*r->envid) send_status_add_field(out, "Original-Envelope-Id", r->envid);
  text_add(out, "Reporting-MTA: dns; ");
  send_status_add_plain(out, r->host);
  text_add(out, "\r\n");
  if (r->received_from && *r->received_from) {
    text_add(out, "Received-From-MTA: dns; ");
    send_status_add_plain(out, r->received_from);
    text_add(out, "\r\n");
  }
  add_date(out, "Arrival-Date", r->birth_seconds);
  for (size_t i = 0; i < r->count; i++) add_recipient(r, &r->recipients[i], out);
  text_add(out, "\r\n");
}
