#include <string.h>

#include "lib/date.h"
#include "lib/xtext.h"
#include "send/report.h"

enum { WIDTH = 72 };

/* What a status (RFC 3463) means to a person; the first that fits, so the special ones come first. */
static const struct meaning {
  const char *status;
  const char *words;
} meanings[] = {
  { "5.1.1", "There is no mailbox of this name." },
  { "5.1.2", "There is no such domain, or it takes no mail." },
  { "5.1.10", "The domain says that it takes no mail." },
  { "5.1.", "The address is not accepted there." },
  { "5.2.1", "The mailbox takes no mail at present." },
  { "5.2.2", "The mailbox is full." },
  { "5.2.3", "The message is too large for this mailbox." },
  { "5.2.", "The mailbox did not accept the message." },
  { "5.3.4", "The message is too large for the other mail system." },
  { "5.3.", "The other mail system could not take the message." },
  { "5.4.6", "The message would go round in circles." },
  { "5.4.7", "All attempts until now failed, and it was tried for as long as this system tries." },
  { "5.4.", "There is no way to this address." },
  { "5.6.", "The other mail system did not accept the form of the message." },
  { "5.7.", "The other mail system refuses the message by its rules." },
  { "4.2.2", "The mailbox is full at present." },
  { "4.4.", "The other mail system could not be reached, or broke off." },
  { "4.", "The other mail system could not take the message yet." },
  { "", "The other mail system refuses the message." }
};

static void line(text *out, const char *words)
{
  text_add(out, words);
  text_add(out, "\r\n");
}

/* Printable ASCII stays, the rest becomes '?': nothing can end a line or begin a field. */
static void add_plain(text *out, const char *value)
{
  for (; *value; value++) text_add_char(out, ascii_is_printable(*value) ? *value : '?');
}

static void add_field(text *out, const char *name, const char *value)
{
  text_add(out, name);
  text_add(out, ": ");
  add_plain(out, value);
  text_add(out, "\r\n");
}

/* Words in lines of WIDTH, each further one begun with indent; a longer word is cut. */
static void add_folded(text *out, const char *words, const char *indent)
{
  while (strlen(words) > WIDTH) {
    size_t length = WIDTH;
    while (length && words[length] != ' ') length--;
    if (!length) length = WIDTH;
    for (size_t i = 0; i < length; i++) add_plain(out, (char[]){ words[i], 0 });
    text_add(out, "\r\n");
    text_add(out, indent);
    words += length + (words[length] == ' ');
  }
  add_plain(out, words);
  text_add(out, "\r\n");
}

/* An address for people: UTF-8 stays, no control byte does. */
static void add_shown(text *out, const char *address)
{
  for (; *address; address++)
    text_add_char(out, ascii_is_printable(*address) || (unsigned char)*address >= 0x80 ? *address : '?');
}

static bool is_plain_ascii(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)bytes[i] > 0x7e || !bytes[i]) return false;
  return true;
}

/* "rfc822;ADDRESS", or the form that any host can pass on (RFC 6533 3). */
static void add_typed(text *out, const char *name, const char *address)
{
  text_add_format(out, "%s: ", name);
  if (string_is_ascii(address)) {
    text_add(out, "rfc822;");
    add_plain(out, address);
  } else {
    text_add(out, "utf-8;");
    xtext_add_utf8(out, address);
  }
  text_add(out, "\r\n");
}

/* "TYPE;ADDRESS" of an envelope. */
static void add_original(text *out, const char *original)
{
  if (string_is_ascii(original))
    add_field(out, "Original-Recipient", original);
  else
    add_typed(out, "Original-Recipient", original + strcspn(original, ";") + (strchr(original, ';') != 0));
}

static bool has_failed(const struct send_report_recipient *r) { return r->action == SEND_REPORT_FAILED; }

static bool is_delayed(const struct send_report_recipient *r) { return r->action == SEND_REPORT_DELAYED; }

static const char *status_of(const struct send_report_recipient *r)
{
  if (!has_failed(r) && !is_delayed(r)) return "2.0.0";
  const char *status = is_delayed(r) ? "4.0.0" : "5.0.0";
  return r->said && r->said->status.len && r->said->status.s[0] == *status ? r->said->status.s : status;
}

static const char *meaning_of(const char *status)
{
  const struct meaning *m = meanings;

  for (; *m->status; m++) {
    size_t length = strlen(m->status);
    bool is_class = m->status[length - 1] == '.';
    if (is_class ? !strncmp(status, m->status, length) : !strcmp(status, m->status)) break;
  }
  return m->words;
}

static void add_boundary(const struct send_report *r, text *boundary)
{
  text_add_format(boundary, "=_%s", r->id);
  while (r->header_length && memmem(r->header, r->header_length, boundary->s, boundary->len)) text_add_char(boundary, '_');
  text_string(boundary);
}

/* Only if it is one word in angles: it is given back to the mail program for its threads. */
static bool is_message_id(const char *id)
{
  size_t length = strlen(id);

  if (length < 5 || length > 250 || id[0] != '<' || id[length - 1] != '>') return false;
  for (size_t i = 1; i < length - 1; i++)
    if (!ascii_is_printable(id[i]) || strchr(" <>", id[i])) return false;
  return true;
}

static size_t count_of(const struct send_report *r, bool (*is_one)(const struct send_report_recipient *))
{
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) count += is_one(&r->recipients[i]);
  return count;
}

static size_t count_failed(const struct send_report *r) { return count_of(r, has_failed); }

static const char *subject(const struct send_report *r)
{
  size_t failed = count_failed(r);

  if (r->is_to_postmaster) return "A message could be neither delivered nor returned";
  if (failed == r->count) return "Your message could not be delivered";
  if (count_of(r, is_delayed))
    return failed ? "Your message could not be delivered to all, and waits for others" : "Your message is delayed, and still tried";
  return failed ? "Your message was delivered to some, but not to all" : "Your message was delivered";
}

static void add_header(const struct send_report *r, const char *boundary, text *out)
{
  text value = TEXT_ZERO;

  date_add(&value, r->now_seconds);
  add_field(out, "Date", text_string(&value));
  text_copy(&value, "Mail Delivery System <");
  text_add(&value, r->from);
  text_add(&value, ">");
  add_field(out, "From", text_string(&value));
  text_add(out, "To: <");
  add_shown(out, r->to);
  line(out, ">");
  add_field(out, "Subject", subject(r));
  text_copy(&value, "<");
  text_add(&value, r->id);
  text_add_char(&value, '@');
  text_add(&value, r->host);
  text_add_char(&value, '>');
  add_field(out, "Message-ID", text_string(&value));
  if (is_message_id(r->message_id)) {
    add_field(out, "In-Reply-To", r->message_id);
    add_field(out, "References", r->message_id);
  }
  line(out, "Auto-Submitted: auto-replied"); /* RFC 3834 5 */
  line(out, "MIME-Version: 1.0");
  line(out, "Content-Type: multipart/report; report-type=delivery-status;");
  text_add_format(out, "\tboundary=\"%s\"\r\n\r\n", boundary);
  text_free(&value);
}

static void add_part(text *out, const char *boundary, const char *type)
{
  text_add_format(out, "--%s\r\nContent-Type: %s\r\n", boundary, type);
}

static bool is_operators(const struct send_report_recipient *r)
{
  return has_failed(r) && r->said && !r->said->code && !r->said->remote.len && text_is(&r->said->status, SEND_STATUS_OPERATOR);
}

static const char *what_of(const struct send_report_recipient *r)
{
  switch (r->action) {
  case SEND_REPORT_DELIVERED: return "It was put into the mailbox.";
  case SEND_REPORT_RELAYED: return "The next mail system has it; that one tells nothing about what becomes of it.";
  case SEND_REPORT_EXPANDED: return "It stands for several recipients. The message goes on to each of them.";
  default: break;
  }
  if (is_operators(r)) return "The postmaster of this system returned the message, and says:";
  return r->said ? meaning_of(status_of(r)) : "Why is not known any more.";
}

static bool is_delivered(const struct send_report_recipient *r) { return !has_failed(r) && !is_delayed(r); }

static void explain_recipient(const struct send_report_recipient *r, text *out)
{
  text_add(out, "  ");
  add_shown(out, r->address);
  text_add(out, "\r\n    ");
  line(out, what_of(r));
  if (!is_delivered(r) && r->said && r->said->text.len) {
    text_add(out, "    ");
    if (r->said->remote.len) {
      add_plain(out, r->said->remote.s);
      text_add(out, " said:\r\n    ");
    }
    if (r->said->code) text_add_format(out, "%03u ", r->said->code);
    add_folded(out, r->said->text.s, "    ");
  }
  text_add(out, "\r\n");
}

static bool is_spelled_in_ascii(const struct send_report *r)
{
  for (size_t i = 0; i < r->count; i++)
    if (!string_is_ascii(r->recipients[i].address)) return false;
  return true;
}

static void explain_those(const struct send_report *r, bool (*is_one)(const struct send_report_recipient *), const char *words, text *out)
{
  bool is_first = true;

  for (size_t i = 0; i < r->count; i++) {
    if (!is_one(&r->recipients[i])) continue;
    if (is_first && !r->is_to_postmaster) line(out, words);
    if (is_first) line(out, "");
    is_first = false;
    explain_recipient(&r->recipients[i], out);
  }
}

static void explain_wait(const struct send_report *r, text *out)
{
  text_add(out, "You need not send it again: it is tried until\r\n");
  date_add(out, r->until_seconds);
  text_add(out, count_failed(r) ? " for those who wait.\r\n" : ".\r\n");
}

static void explain(const struct send_report *r, const char *boundary, text *out)
{
  add_part(out, boundary, is_spelled_in_ascii(r) ? "text/plain; charset=us-ascii"
                                                 : "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit");
  text_add(out, "\r\nThis is the mail system of ");
  add_plain(out, r->host);
  text_add(out, ".\r\n\r\n");
  if (r->is_to_postmaster) {
    line(out, "A message without a sender, mostly a report like this one, could not be");
    line(out, "delivered, and there is nobody to return it to. You get it once, as postmaster.");
    line(out, "It was for:");
  }
  explain_those(r, has_failed, count_failed(r) == 1 ? "Your message could not be delivered to:"
                                              : "Your message could not be delivered to these recipients:", out);
  explain_those(r, is_delivered, "Your message was delivered, as you wanted to know, to:", out);
  explain_those(r, is_delayed, "Your message waits, and was not delivered yet, to:", out);
  if (count_of(r, is_delayed)) explain_wait(r, out);
  if (count_failed(r)) line(out, r->is_full ? "It is not tried again. The message is attached." : "It is not tried again. The header of the message is attached.");
  text_add(out, "If you ask about it, please give this number: ");
  add_plain(out, r->message);
  text_add(out, "\r\n\r\n");
}

static void add_date(text *out, const char *name, uint64_t seconds)
{
  text_add_format(out, "%s: ", name);
  date_add(out, seconds);
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
  add_folded(out, text_string(&words), "  ");
  text_free(&words);
}

/* RFC 3464 2.3 */
static void add_recipient_status(const struct send_report *report, const struct send_report_recipient *r, text *out)
{
  static const char *const actions[] = { "failed", "delivered", "relayed", "delayed", "expanded" };

  text_add(out, "\r\n");
  if (r->original) add_original(out, r->original);
  add_typed(out, "Final-Recipient", r->address);
  add_field(out, "Action", actions[r->action]);
  add_field(out, "Status", status_of(r));
  if (is_delayed(r)) add_date(out, "Will-Retry-Until", report->until_seconds);
  if (!r->said) return;
  if (r->said->remote.len && r->said->code) {
    size_t length = strcspn(r->said->remote.s, " [(");
    text_add(out, "Remote-MTA: dns; ");
    for (size_t i = 0; i < length; i++) add_plain(out, (char[]){ r->said->remote.s[i], 0 });
    text_add(out, "\r\n");
  }
  if (r->said->text.len) add_diagnosis(r->said, out);
  add_date(out, "Last-Attempt-Date", r->said->seconds);
}

static void add_status(const struct send_report *r, const char *boundary, text *out)
{
  add_part(out, boundary, "message/delivery-status");
  text_add(out, "\r\n");
  if (*r->envid) add_field(out, "Original-Envelope-Id", r->envid);
  text_add(out, "Reporting-MTA: dns; ");
  add_plain(out, r->host);
  text_add(out, "\r\n");
  add_date(out, "Arrival-Date", r->birth_seconds);
  for (size_t i = 0; i < r->count; i++) add_recipient_status(r, &r->recipients[i], out);
  text_add(out, "\r\n");
}

/* The header's length with its last CRLF; one that is too long is cut behind a line. */
static size_t header_end(const struct send_report *r)
{
  const char *empty = r->header_length ? memmem(r->header, r->header_length, "\r\n\r\n", 4) : 0;
  size_t length = empty ? (size_t)(empty - r->header) + 2 : r->header_length;

  if (length <= SEND_REPORT_HEADER_MAX && (empty || !length)) return length;
  if (length > SEND_REPORT_HEADER_MAX) length = SEND_REPORT_HEADER_MAX;
  while (length && r->header[length - 1] != '\n') length--;
  return length;
}

/* With UTF-8 in its header it is of the types of RFC 6532 and RFC 6533. */
static const char *type_of(const struct send_report *r, bool is_plain)
{
  if (r->is_utf8 && !is_plain) return r->is_full ? "message/global" : "message/global-headers";
  return r->is_full ? "message/rfc822" : "text/rfc822-headers";
}

static void add_message(const struct send_report *r, const char *boundary, text *out)
{
  size_t length = r->is_full ? r->header_length : header_end(r);
  bool is_plain = is_plain_ascii(r->header, length);

  add_part(out, boundary, type_of(r, is_plain_ascii(r->header, header_end(r))));
  text_add_format(out, "Content-Transfer-Encoding: %s\r\n\r\n", is_plain ? "7bit" : "8bit");
  text_add_bytes(out, r->header, length);
  text_add_format(out, "\r\n--%s--\r\n", boundary);
}

void send_report_format(const struct send_report *r, text *out)
{
  text boundary = TEXT_ZERO;

  add_boundary(r, &boundary);
  add_header(r, boundary.s, out);
  explain(r, boundary.s, out);
  add_status(r, boundary.s, out);
  add_message(r, boundary.s, out);
  text_free(&boundary);
}
