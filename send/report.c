#include <string.h>

#include "lib/date.h"
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

static const char *status_of(const struct send_report_recipient *r)
{
  return r->said && r->said->status.len && r->said->status.s[0] == '5' ? r->said->status.s : "5.0.0";
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

static void add_header(const struct send_report *r, const char *boundary, text *out)
{
  text value = TEXT_ZERO;

  date_add(&value, r->now_seconds);
  add_field(out, "Date", text_string(&value));
  text_copy(&value, "Mail Delivery System <");
  text_add(&value, r->from);
  text_add(&value, ">");
  add_field(out, "From", text_string(&value));
  text_copy(&value, "<");
  text_add(&value, r->to);
  text_add(&value, ">");
  add_field(out, "To", text_string(&value));
  line(out, r->is_to_postmaster ? "Subject: A message could be neither delivered nor returned"
                                : "Subject: Your message could not be delivered");
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

static void explain_recipient(const struct send_report_recipient *r, text *out)
{
  text_add(out, "  ");
  add_plain(out, r->address);
  text_add(out, "\r\n    ");
  line(out, r->said ? meaning_of(status_of(r)) : "Why is not known any more.");
  if (r->said && r->said->text.len) {
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

static void explain(const struct send_report *r, const char *boundary, text *out)
{
  add_part(out, boundary, "text/plain; charset=us-ascii");
  text_add(out, "\r\nThis is the mail system of ");
  add_plain(out, r->host);
  text_add(out, ".\r\n\r\n");
  if (r->is_to_postmaster) {
    line(out, "A message without a sender, mostly a report like this one, could not be");
    line(out, "delivered, and there is nobody to return it to. You get it once, as postmaster.");
    line(out, "It was for:");
  } else
    line(out, r->count == 1 ? "Your message could not be delivered to:" : "Your message could not be delivered to these recipients:");
  text_add(out, "\r\n");
  for (size_t i = 0; i < r->count; i++) explain_recipient(&r->recipients[i], out);
  line(out, "It is not tried again. The header of the message is attached.");
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

static void add_diagnosis(const struct said *said, text *out)
{
  text words = TEXT_ZERO;

  if (said->code) text_add_format(&words, "%03u ", said->code);
  text_add_text(&words, &said->text);
  text_add(out, said->code ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: X-postroom; ");
  add_folded(out, text_string(&words), "  ");
  text_free(&words);
}

/* RFC 3464 2.3 */
static void add_recipient_status(const struct send_report_recipient *r, text *out)
{
  text_add(out, "\r\n");
  if (r->original) add_field(out, "Original-Recipient", r->original);
  text_add(out, "Final-Recipient: rfc822;");
  add_plain(out, r->address);
  text_add(out, "\r\nAction: failed\r\n");
  add_field(out, "Status", status_of(r));
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
  text_add(out, "\r\nReporting-MTA: dns; ");
  add_plain(out, r->host);
  text_add(out, "\r\n");
  add_date(out, "Arrival-Date", r->birth_seconds);
  for (size_t i = 0; i < r->count; i++) add_recipient_status(&r->recipients[i], out);
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

static bool is_ascii(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)bytes[i] > 0x7e || !bytes[i]) return false;
  return true;
}

static void add_message_header(const struct send_report *r, const char *boundary, text *out)
{
  size_t length = header_end(r);

  add_part(out, boundary, "text/rfc822-headers");
  text_add(out, is_ascii(r->header, length) ? "Content-Transfer-Encoding: 7bit\r\n\r\n" : "Content-Transfer-Encoding: 8bit\r\n\r\n");
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
  add_message_header(r, boundary.s, out);
  text_free(&boundary);
}
