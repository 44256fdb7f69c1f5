#include <string.h>

#include "lib/header.h"
#include "smtpd/header.h"

enum field { FIELD_OTHER, FIELD_RECEIVED, FIELD_DELIVERED, FIELD_ID, FIELD_TLS };

static const struct {
  const char *name;
  size_t length;
  enum field field;
} fields[] = { { "received", 8, FIELD_RECEIVED }, { "delivered-to", 12, FIELD_DELIVERED }, { "message-id", 10, FIELD_ID }, { "tls-required", 12, FIELD_TLS } };

void smtpd_header_begin(struct smtpd_header *h, const char *me, bool ends_early)
{
  *h = (struct smtpd_header){ .me = me, .ends_early = ends_early, .message_id = h->message_id, .delivered = h->delivered,
                              .passed = h->passed, .value = h->value };
  text_clear(&h->message_id);
  text_string(&h->message_id);
  text_clear(&h->delivered);
  text_clear(&h->passed);
  text_clear(&h->value);
}

static void take_id(struct smtpd_header *h)
{
  if (h->message_id.len) return;
  for (size_t i = 0; i < h->value.len && h->message_id.len < HEADER_ID_MAX; i++) {
    char c = h->value.s[i];
    if (ascii_is_printable(c) && c != ' ') text_add_char(&h->message_id, c);
    if (c == '>') break;
  }
  text_string(&h->message_id);
}

static bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '(' || c == ';'; }

/* The next word of a Received field (RFC 5321 4.4): what stands between comments and white space. */
static struct bytes next_word(const text *value, size_t *at)
{
  size_t begin = *at = header_skip_space(value->s, value->len, *at);

  if (begin == value->len || value->s[begin] == ';') return (struct bytes)BYTES_ZERO;
  while (*at < value->len && !ends_word(value->s[*at])) ++*at;
  if (*at == begin) ++*at;
  return (struct bytes){ value->s + begin, *at - begin };
}

static bool word_is(struct bytes word, const char *string, size_t length)
{
  return word.len == length && bytes_are_nocase(word.s, string, length);
}

/* "by ME ... for <recipient>": then it went round. */
static void take_received(struct smtpd_header *h)
{
  struct bytes word, before = BYTES_ZERO, recipient = BYTES_ZERO;
  bool is_ours = false;

  if (!h->me || h->hops > HOPS_MAX) return;
  for (size_t at = 0; (word = next_word(&h->value, &at)).s; before = word) {
    if (!before.s) continue;
    if (word_is(before, "by", 2) && !(is_ours = word_is(word, h->me, strlen(h->me)))) return; /* mostly it was another host */
    if (word_is(before, "for", 3) && word.len > 2 && word.s[0] == '<') recipient = (struct bytes){ word.s + 1, word.len - 2 };
  }
  h->own_hops += is_ours;
  if (!is_ours || !recipient.s) return;
  text_add_bytes(&h->passed, recipient.s, recipient.len);
  text_add_char(&h->passed, 0);
}

static void take_delivered(struct smtpd_header *h)
{
  const char *s = h->value.s;
  size_t length = h->value.len;

  if (++h->deliveries > HOPS_MAX || !length) return;
  while (length && strchr(" \t\r\n", s[length - 1])) length--;
  while (length && strchr(" \t\r\n", *s)) s++, length--;
  text_add_bytes(&h->delivered, s, length);
  text_add_char(&h->delivered, 0);
}

/* The word No, with comments and white space around it. */
static void take_tls(struct smtpd_header *h)
{
  size_t at = 0;

  struct bytes word = next_word(&h->value, &at);
  h->says_no_tls |= word.s && word_is(word, "no", 2) && header_skip_space(h->value.s, h->value.len, at) == h->value.len;
}

static void finish_field(struct smtpd_header *h)
{
  switch (h->field) {
  case FIELD_RECEIVED: take_received(h); break;
  case FIELD_DELIVERED: take_delivered(h); break;
  case FIELD_ID: take_id(h); break;
  case FIELD_TLS: take_tls(h); break;
  }
  h->field = FIELD_OTHER;
  text_clear(&h->value);
}

static void begin_field(struct smtpd_header *h)
{
  h->place = HEADER_VALUE;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (h->name_length == fields[i].length && bytes_are_nocase(h->name, fields[i].name, h->name_length))
      h->field = fields[i].field;
  if (h->field == FIELD_RECEIVED) h->hops++;
  if (h->field == FIELD_TLS) h->tls_fields++;
}

static void end_header(struct smtpd_header *h, size_t body)
{
  finish_field(h);
  h->is_over = true;
  h->length = h->line;
  h->body = body;
}

static bool is_mbox_line(const struct smtpd_header *h)
{
  size_t length = h->name_length;

  return !h->line && (length == 4 || (length == 5 && h->name[0] == '>')) && bytes_are_nocase(h->name + length - 4, "from", 4);
}

/* The line is no field; c is the byte by which that is seen. */
static void take_bad_line(struct smtpd_header *h, char c)
{
  if (h->ends_early && !is_mbox_line(h))
    end_header(h, h->line);
  else
    h->place = c == '\n' ? HEADER_LINE_START : HEADER_VALUE;
}

/* True if the byte was used; else it belongs to what the line turns out to be. */
static bool begin_line(struct smtpd_header *h, char c)
{
  h->line = h->at;
  if (ascii_is_space(c) && h->at) { /* the field goes on (RFC 5322 2.2.3) */
    h->place = HEADER_VALUE;
    return false;
  }
  finish_field(h);
  h->name_length = 0;
  h->place = c == '\r' ? HEADER_EMPTY_LINE : HEADER_NAME;
  if (c == '\n') end_header(h, h->at + 1);
  return c == '\r';
}

/* A byte of a field's name (RFC 5322 3.6.8), or of what is behind it. */
static void take_name(struct smtpd_header *h, char c)
{
  if (c == ':' && h->name_length)
    begin_field(h);
  else if (h->place == HEADER_NAME && c > ' ' && c < 0x7f && c != ':') {
    if (h->name_length < HEADER_NAME_MAX) h->name[h->name_length] = c;
    h->name_length++;
  } else if (ascii_is_space(c) && h->name_length)
    h->place = HEADER_BEHIND_NAME;
  else
    take_bad_line(h, c);
}

/* Of the value, up to the end of the line; what nobody wants is passed over. */
static size_t take_value(struct smtpd_header *h, const char *bytes, size_t length)
{
  const char *newline = memchr(bytes, '\n', length);
  size_t run = newline ? (size_t)(newline - bytes) + 1 : length;

  if (newline) h->place = HEADER_LINE_START;
  if (h->field == FIELD_OTHER) return run;
  size_t room = HEADER_VALUE_MAX - h->value.len;
  text_add_bytes(&h->value, bytes, run < room ? run : room);
  if (h->value.len == HEADER_VALUE_MAX) finish_field(h);
  return run;
}

void smtpd_header_feed(struct smtpd_header *h, const char *bytes, size_t length)
{
  for (size_t i = 0, run; i < length && !h->is_over; i += run, h->at += run) {
    run = 1;
    switch (h->place) {
    case HEADER_LINE_START: run = begin_line(h, bytes[i]); break;
    case HEADER_EMPTY_LINE:
      if (bytes[i] == '\n')
        end_header(h, h->at + 1);
      else
        take_bad_line(h, bytes[i]);
      break;
    case HEADER_NAME:
    case HEADER_BEHIND_NAME: take_name(h, bytes[i]); break;
    case HEADER_VALUE: run = take_value(h, bytes + i, length - i); break;
    }
  }
}

void smtpd_header_end(struct smtpd_header *h)
{
  if (h->is_over) return;
  if (h->ends_early && h->at > h->line && h->place != HEADER_VALUE && h->place != HEADER_LINE_START) {
    end_header(h, h->line);
    return;
  }
  end_header(h, h->at);
  h->length = h->at;
}

bool smtpd_header_begins(const char *bytes, size_t length)
{
  enum { ENOUGH = 256 };
  struct smtpd_header h = { .place = HEADER_LINE_START };

  smtpd_header_begin(&h, 0, true);
  smtpd_header_feed(&h, bytes, length < ENOUGH ? length : ENOUGH);
  bool begins = h.is_over ? h.body > 0 : h.place == HEADER_VALUE || (h.place == HEADER_LINE_START && h.at);
  smtpd_header_free(&h);
  return begins;
}

static unsigned int count(const text *strings, const char *wanted)
{
  unsigned int found = 0;

  for (size_t at = 0; at < strings->len; at += strlen(strings->s + at) + 1) found += string_is_nocase(strings->s + at, wanted);
  return found;
}

unsigned int smtpd_header_passed(const struct smtpd_header *h, const char *recipient) { return count(&h->passed, recipient); }

bool smtpd_header_is_delivered(const struct smtpd_header *h, const char *recipient)
{
  return count(&h->delivered, recipient) > 0;
}

bool smtpd_header_is_tls_optional(const struct smtpd_header *h) { return h->tls_fields == 1 && h->says_no_tls; }

void smtpd_header_free(struct smtpd_header *h)
{
  text_free(&h->message_id);
  text_free(&h->delivered);
  text_free(&h->passed);
  text_free(&h->value);
}
