#include "smtpd/header.h"

static const char received[] = "received:", message_id[] = "message-id:";
enum { RECEIVED_LENGTH = sizeof received - 1, MESSAGE_ID_LENGTH = sizeof message_id - 1 };

static void begin_line(struct smtpd_header *h)
{
  h->column = 0;
  h->may_be_received = h->may_be_message_id = true;
}

void smtpd_header_begin(struct smtpd_header *h)
{
  text id = h->message_id;

  *h = (struct smtpd_header){ .message_id = id };
  text_clear(&h->message_id);
  text_string(&h->message_id);
  begin_line(h);
}

/* The name of the field, as far as this byte. */
static void match_name(struct smtpd_header *h, char c)
{
  if (h->column < RECEIVED_LENGTH) {
    if (ascii_lower(c) != received[h->column]) h->may_be_received = false;
    if (h->may_be_received && h->column == RECEIVED_LENGTH - 1) h->hops++;
  }
  if (h->column < MESSAGE_ID_LENGTH && ascii_lower(c) != message_id[h->column]) h->may_be_message_id = false;
}

/* The body of the first Message-ID field, which may go on on the next line (RFC 5322 2.2.3). */
static void collect_id(struct smtpd_header *h, char c)
{
  if (!h->column && !ascii_is_space(c))
    h->is_in_id = false;
  else if (ascii_is_printable(c) && c != ' ') {
    if (h->message_id.len < HEADER_ID_MAX) text_add_char(&h->message_id, c);
    if (c == '>') h->is_in_id = false;
  }
}

void smtpd_header_feed(struct smtpd_header *h, const char *bytes, size_t length)
{
  for (size_t i = 0; i < length && !h->is_over; i++) {
    char c = bytes[i];
    if (h->is_in_id) collect_id(h, c);
    if (h->column < MESSAGE_ID_LENGTH) match_name(h, c);
    if (h->column == MESSAGE_ID_LENGTH - 1 && h->may_be_message_id && !h->has_id) h->is_in_id = h->has_id = true;
    h->column++;
    if (c == '\n') {
      h->is_over = h->column == 1 || (h->column == 2 && h->last == '\r');
      begin_line(h);
    }
    h->last = c;
  }
  text_string(&h->message_id);
}
