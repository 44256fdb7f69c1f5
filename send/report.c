#include <string.h>

#include "lib/address.h"
#include "lib/date.h"
#include "lib/words2047.h"
#include "send/encode.h"
#include "send/explain.h"
#include "send/report.h"
#include "send/status.h"

static void line(text *out, const char *words)
{
  text_add(out, words);
  text_add(out, "\r\n");
}

/* An address in a field: UTF-8 stays, no control byte does. */
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

static bool has_failed(const struct send_report_recipient *r) { return r->action == SEND_REPORT_FAILED; }

static bool is_delayed(const struct send_report_recipient *r) { return r->action == SEND_REPORT_DELAYED; }

const char *send_report_status(const struct send_report_recipient *r)
{
  if (!has_failed(r) && !is_delayed(r)) return "2.0.0";
  const char *status = is_delayed(r) ? "4.0.0" : "5.0.0";
  return r->said && r->said->status.len && r->said->status.s[0] == *status ? r->said->status.s : status;
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
  send_status_add_field(out, "Date", text_string(&value));
  text_copy(&value, "Mail Delivery System <");
  text_add(&value, r->from);
  text_add(&value, ">");
  send_status_add_field(out, "From", text_string(&value));
  text_add(out, "To: <");
  add_shown(out, r->to);
  line(out, ">");
  text_copy(&value, "Subject: ");
  words2047_encode(send_explain_subject(r), &value);
  text_add_text(out, &value);
  line(out, "");
  text_copy(&value, "<");
  text_add(&value, r->id);
  text_add_char(&value, '@');
  text_add(&value, r->host);
  text_add_char(&value, '>');
  send_status_add_field(out, "Message-ID", text_string(&value));
  if (is_message_id(r->message_id)) {
    send_status_add_field(out, "In-Reply-To", r->message_id);
    send_status_add_field(out, "References", r->message_id);
  }
  line(out, "Auto-Submitted: auto-replied"); /* RFC 3834 5 */
  if (r->is_tls_optional) line(out, "TLS-Required: No");
  line(out, "MIME-Version: 1.0");
  line(out, "Content-Type: multipart/report; report-type=delivery-status;");
  text_add_format(out, "\tboundary=\"%s\"\r\n\r\n", boundary);
  text_free(&value);
}

static void add_part(text *out, const char *boundary, const char *type)
{
  text_add_format(out, "--%s\r\nContent-Type: %s\r\n", boundary, type);
}

/* As it is if it is ASCII, else so that it passes everywhere. */
static void add_text(const struct send_report *r, const char *boundary, text *out)
{
  text words = TEXT_ZERO;
  struct encode e = ENCODE_ZERO;

  send_explain(r, &words);
  bool is_ascii = is_plain_ascii(words.s, words.len);
  add_part(out, boundary, is_ascii ? "text/plain; charset=us-ascii" : "text/plain; charset=utf-8");
  if (!is_ascii) line(out, "Content-Transfer-Encoding: quoted-printable");
  text_add_format(out, "Content-Language: %s\r\n\r\n", r->wordings->language); /* RFC 3282 */
  for (size_t at = 0; at < words.len;) {
    size_t length = (size_t)((const char *)memchr(words.s + at, '\n', words.len - at) - words.s) - at;
    if (is_ascii)
      text_add_bytes(out, words.s + at, length);
    else
      send_encode_quoted(&e, words.s + at, length, true, out);
    send_encode_quoted_line_end(&e, out);
    at += length + 1;
  }
  line(out, "");
  text_free(&words);
}

static void add_status(const struct send_report *r, const char *boundary, text *out)
{
  text fields = TEXT_ZERO;

  send_status_add(r, &fields);
  bool is_ascii = is_plain_ascii(fields.s, fields.len);
  add_part(out, boundary, send_status_is_global(r) ? "message/global-delivery-status" : "message/delivery-status");
  if (!is_ascii) line(out, "Content-Transfer-Encoding: 8bit");
  line(out, "");
  text_add_text(out, &fields);
  text_free(&fields);
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
  add_text(r, boundary.s, out);
  add_status(r, boundary.s, out);
  add_message(r, boundary.s, out);
  text_free(&boundary);
}
