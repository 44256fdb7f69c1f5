#include <string.h>

#include "lib/header.h"
#include "lib/mime.h"
#include "send/data.h"
#include "send/sevenbit.h"

static bool is_word(struct bytes b, const char *word) { return b.len == strlen(word) && bytes_are_nocase(b.s, word, b.len); }

/* RFC 2045 6.4, RFC 2046 5.2: what is in message/partial and its like must be seven bits as it is. RFC 6532 3.7: message/global may be encoded. */
static void read_type(struct sevenbit_part *p, struct bytes value)
{
  struct bytes rest, type = mime_token(value, &rest), subtype;
  text charset = TEXT_ZERO;

  if (!type.len || !rest.len || *rest.s != '/') return; /* RFC 2045 5.2: it does not count */
  subtype = mime_token((struct bytes){ rest.s + 1, rest.len - 1 }, &rest);
  if (!subtype.len) return;
  p->has_type = true;
  p->is_text = is_word(type, "text");
  p->is_message = is_word(type, "message") && (is_word(subtype, "rfc822") || is_word(subtype, "news"));
  p->is_multipart = is_word(type, "multipart");
  p->is_signed = p->is_multipart && is_word(subtype, "signed");
  p->is_digest = p->is_multipart && is_word(subtype, "digest");
  p->is_opaque = p->is_multipart || (is_word(type, "message") && !is_word(subtype, "global"));
  if (p->is_multipart && (!mime_parameter_find(rest, "boundary", &p->boundary) || !p->boundary.len)) p->is_multipart = false;
  p->has_charset = mime_parameter_find(rest, "charset", &charset);
  text_free(&charset);
}

static void read_encoding(struct sevenbit_part *p, struct bytes value)
{
  struct bytes rest, word = mime_token(value, &rest);

  p->says_8bit = is_word(word, "8bit") || is_word(word, "binary");
  if (is_word(word, "7bit") || is_word(word, "8bit") || is_word(word, "binary") || !word.len)
    p->encoding = SEVENBIT_PLAIN;
  else if (is_word(word, "quoted-printable"))
    p->encoding = SEVENBIT_IS_QUOTED;
  else
    p->encoding = is_word(word, "base64") ? SEVENBIT_IS_BASE64 : SEVENBIT_UNKNOWN;
}

void send_sevenbit_part_read(struct sevenbit_part *p, const text *header, bool is_whole, bool is_in_digest)
{
  struct header_field field;
  text boundary = p->boundary;
  bool has_type = false, has_encoding = false;

  text_clear(&boundary);
  *p = (struct sevenbit_part){ .boundary = boundary, .is_whole = is_whole, .encoding = SEVENBIT_PLAIN };
  p->has_8bit = send_data_has_8bit(header->s, header->len);
  for (size_t at = 0; header_next(header->s, header->len, &at, &field);) {
    if (header_is(&field, "Content-Type") && !has_type) {
      has_type = true;
      read_type(p, field.value);
    } else if (header_is(&field, "Content-Transfer-Encoding") && !has_encoding) {
      has_encoding = true;
      read_encoding(p, field.value);
    } else if (header_is(&field, "MIME-Version"))
      p->has_version = true;
    else if (header_is(&field, "DKIM-Signature"))
      p->has_dkim = true;
  }
  if (!p->has_type) {
    p->is_message = is_in_digest;
    p->is_text = !is_in_digest;
  }
  if (p->encoding != SEVENBIT_PLAIN) p->is_multipart = p->is_message = false; /* not allowed: nobody knows what it means */
}

static bool is_type(const struct sevenbit_part *p, const struct header_field *field)
{
  return header_is(field, "Content-Type") && p->has_type;
}

/* RFC 1428: 8-bit text without a charset is unknown-8bit, which says no more than was said before. */
static void add_type(const struct header_field *field, text *out)
{
  size_t length = field->whole.len;

  while (length && strchr("\r\n \t;", field->whole.s[length - 1])) length--;
  text_add_bytes(out, field->whole.s, length);
  text_add(out, ";\r\n\tcharset=unknown-8bit\r\n");
}

static bool is_replaced(const struct sevenbit_part *p, const struct header_field *field, enum sevenbit_how how)
{
  return header_is(field, "Content-Transfer-Encoding") || (how != SEVENBIT_SAME && header_is(field, "Content-Type") && !p->has_type);
}

void send_sevenbit_part_write(const struct sevenbit_part *p, const text *header, enum sevenbit_how how, text *out)
{
  static const char *const words[] = { [SEVENBIT_SAME] = "7bit", [SEVENBIT_QUOTED] = "quoted-printable", [SEVENBIT_BASE64] = "base64" };
  bool wants_charset = p->is_text && p->has_type && !p->has_charset && how != SEVENBIT_SAME;
  struct header_field field;
  size_t at = 0;

  for (; header_next(header->s, header->len, &at, &field);) {
    if (is_replaced(p, &field, how)) continue;
    if (wants_charset && is_type(p, &field)) {
      add_type(&field, out);
      wants_charset = false;
    } else
      text_add_bytes(out, field.whole.s, field.whole.len);
  }
  if (how != SEVENBIT_SAME && p->is_whole && !p->has_version) text_add(out, "MIME-Version: 1.0\r\n");
  if (how != SEVENBIT_SAME && !p->has_type && p->is_text) text_add(out, "Content-Type: text/plain; charset=unknown-8bit\r\n");
  text_add(out, "Content-Transfer-Encoding: ");
  text_add(out, words[how]);
  text_add(out, "\r\n\r\n");
}
