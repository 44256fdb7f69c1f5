#include <string.h>

#include "lib/header.h"
#include "send/data.h"
#include "send/sevenbit.h"

static const char fault_signed[] = "it is signed, and the signature would break";
static const char fault_header[] = "its header has 8-bit text";
static const char fault_opaque[] = "a part of it may not be encoded";
static const char fault_large[] = "it has too many parts, or a header that is too long";

static void fail(struct sevenbit *s, const char *fault)
{
  if (!s->fault) s->fault = fault;
}

void send_sevenbit_begin(struct sevenbit *s, bool is_writing)
{
  s->is_writing = is_writing;
  if (!is_writing) {
    s->fault = 0;
    text_clear(&s->hows);
  }
  s->has_begun = false;
  s->where = SEVENBIT_IN_HEADER;
  s->level_count = s->signed_count = s->leaf = 0;
  text_clear(&s->header);
  text_clear(&s->line);
  s->is_in_line = false;
  s->held_end = 0;
  s->part.is_whole = true;
}

static enum sevenbit_how how_of(const struct sevenbit *s)
{
  return s->leaf < s->hows.len ? (enum sevenbit_how)s->hows.s[s->leaf] : SEVENBIT_SAME;
}

/* The leaf was looked at: what it needs. Text that is mostly letters of other scripts is shorter in base64. */
static enum sevenbit_how choose(struct sevenbit *s)
{
  const struct sevenbit_part *p = &s->part;

  if (!s->bytes_8bit) return SEVENBIT_SAME;
  if (s->signed_count) fail(s, fault_signed);
  if (p->encoding == SEVENBIT_IS_QUOTED) return SEVENBIT_REPAIR;
  if (p->encoding == SEVENBIT_IS_BASE64) return SEVENBIT_DROP; /* RFC 2045 6.8: such bytes are no part of it */
  if (p->encoding == SEVENBIT_UNKNOWN || p->is_opaque) fail(s, fault_opaque);
  return p->is_text && s->bytes_8bit * 3 < s->bytes ? SEVENBIT_QUOTED : SEVENBIT_BASE64;
}

static void add_body(struct sevenbit *s, const char *bytes, size_t length, bool is_end, text *out)
{
  if (!s->is_writing) {
    s->bytes += length;
    for (size_t i = 0; i < length; i++) s->bytes_8bit += ((unsigned char)bytes[i] & 0x80) != 0;
    return;
  }
  switch (how_of(s)) {
  case SEVENBIT_SAME: text_add_bytes(out, bytes, length); break;
  case SEVENBIT_QUOTED: send_encode_quoted(&s->encode, bytes, length, is_end, out); break;
  case SEVENBIT_BASE64: send_encode_base64(&s->encode, bytes, length, out); break;
  case SEVENBIT_REPAIR: send_encode_quoted_8bit(bytes, length, out); break;
  case SEVENBIT_DROP:
    for (size_t i = 0; i < length; i++)
      if (!((unsigned char)bytes[i] & 0x80)) text_add_char(out, bytes[i]);
    break;
  }
}

/* A line end within the body. Text has CRLF in base64 (RFC 2045 6.8), other parts stay byte for byte. */
static void add_held_end(struct sevenbit *s, text *out)
{
  const char *end = s->held_end;

  s->held_end = 0;
  if (!end || !s->is_writing) return;
  if (how_of(s) == SEVENBIT_QUOTED)
    send_encode_quoted_line_end(&s->encode, out);
  else if (how_of(s) == SEVENBIT_BASE64) {
    if (s->part.is_text) end = "\r\n";
    send_encode_base64(&s->encode, end, strlen(end), out);
  } else
    text_add(out, end);
}

/* The line end before a boundary is the boundary's. */
static void end_leaf(struct sevenbit *s, text *out)
{
  char how;

  if (s->is_writing) {
    if (how_of(s) == SEVENBIT_BASE64) send_encode_base64_end(&s->encode, out);
  } else {
    how = (char)choose(s);
    if (s->hows.len < SEVENBIT_PARTS)
      text_add_char(&s->hows, how);
    else
      fail(s, fault_large);
  }
  s->leaf++;
}

static void begin_leaf(struct sevenbit *s)
{
  s->where = SEVENBIT_IN_LEAF;
  s->bytes = s->bytes_8bit = 0;
  s->encode = (struct encode)ENCODE_ZERO;
  s->held_end = 0;
}

static void open_multipart(struct sevenbit *s)
{
  s->where = SEVENBIT_BETWEEN;
  if (s->level_count == SEVENBIT_LEVELS) {
    fail(s, fault_large);
    return;
  }
  struct sevenbit_level *level = &s->levels[s->level_count++];
  text_copy_bytes(&level->boundary, s->part.boundary.s, s->part.boundary.len);
  level->is_digest = s->part.is_digest;
  level->is_signed = s->part.is_signed;
  s->signed_count += level->is_signed;
}

/* What has no 8-bit text, and what is signed (then it has none), stays byte for byte. */
static void write_header(const struct sevenbit *s, text *out)
{
  bool is_leaf = !s->part.is_multipart && !s->part.is_message;
  enum sevenbit_how how = is_leaf ? how_of(s) : SEVENBIT_SAME;
  bool is_encoded = how == SEVENBIT_QUOTED || how == SEVENBIT_BASE64;

  if (!is_encoded && (!s->part.says_8bit || s->signed_count || s->part.is_signed))
    text_add_text(out, &s->header);
  else
    send_sevenbit_part_write(&s->part, &s->header, how, out);
}

static void take_signatures_off(text *header)
{
  struct header_field field;
  text kept = TEXT_ZERO;
  size_t at = 0;

  while (header_next(header->s, header->len, &at, &field))
    if (!header_is(&field, "DKIM-Signature")) text_add_bytes(&kept, field.whole.s, field.whole.len);
  text_add_bytes(&kept, header->s + at, header->len - at);
  text_free(header);
  *header = kept;
}

/* The header is whole. */
static void end_header(struct sevenbit *s, text *out)
{
  bool is_in_digest = s->level_count && s->levels[s->level_count - 1].is_digest && !s->part.is_whole;

  send_sevenbit_part_read(&s->part, &s->header, s->part.is_whole, is_in_digest);
  if (s->part.has_8bit) fail(s, fault_header);
  if (!s->has_begun && s->part.has_dkim && s->is_own) take_signatures_off(&s->header);
  else if (!s->has_begun && s->part.has_dkim) fail(s, fault_signed);
  s->has_begun = true;
  if (s->is_writing) write_header(s, out);
  text_clear(&s->header);
  if (s->part.is_multipart)
    open_multipart(s);
  else if (s->part.is_message) {
    s->where = SEVENBIT_IN_HEADER;
    s->part.is_whole = true;
  } else
    begin_leaf(s);
}

/* The open multipart whose boundary the line is, from 1; 0: none. RFC 2046 5.1.1: blanks may follow. */
static size_t find_level(const struct sevenbit *s, const char *line, size_t length, bool *is_last)
{
  while (length && strchr(" \t\r\n", line[length - 1]) && line[length - 1]) length--;
  if (length < 3 || line[0] != '-' || line[1] != '-') return 0;
  for (size_t i = s->level_count; i; i--) {
    const text *boundary = &s->levels[i - 1].boundary;
    if (length - 2 < boundary->len || memcmp(line + 2, boundary->s, boundary->len)) continue;
    *is_last = length == boundary->len + 4 && !memcmp(line + length - 2, "--", 2);
    if (*is_last || length == boundary->len + 2) return i;
  }
  return 0;
}

static void take_boundary(struct sevenbit *s, const char *line, size_t length, size_t level, bool is_last, text *out)
{
  if (s->where == SEVENBIT_IN_HEADER && s->header.len) { /* a header without an end: no body */
    if (send_data_has_8bit(s->header.s, s->header.len)) fail(s, fault_header);
    if (s->is_writing) text_add_text(out, &s->header);
    text_clear(&s->header);
  }
  if (s->where == SEVENBIT_IN_LEAF) {
    const char *end = s->held_end;
    s->held_end = 0;
    end_leaf(s, out);
    if (end && s->is_writing) text_add(out, end);
  }
  if (is_last) level--;
  for (; s->level_count > level; s->level_count--) s->signed_count -= s->levels[s->level_count - 1].is_signed;
  s->where = is_last ? SEVENBIT_BETWEEN : SEVENBIT_IN_HEADER;
  s->part.is_whole = false;
  if (s->is_writing) text_add_bytes(out, line, length);
}

/* Before the first part and behind the last: for nobody (RFC 2046 5.1.1). */
static void take_between(struct sevenbit *s, const char *bytes, size_t length, text *out)
{
  if (s->signed_count && send_data_has_8bit(bytes, length)) fail(s, fault_signed);
  for (size_t i = 0; s->is_writing && i < length; i++) text_add_char(out, (unsigned char)bytes[i] & 0x80 ? '?' : bytes[i]);
}

static void take_body(struct sevenbit *s, const char *bytes, size_t length, text *out)
{
  size_t end = length && bytes[length - 1] == '\n' ? 1 : 0;

  end += end && length > 1 && bytes[length - 2] == '\r';
  add_held_end(s, out);
  add_body(s, bytes, length - end, end > 0, out);
  if (end) s->held_end = end == 2 ? "\r\n" : "\n";
}

static void take_header(struct sevenbit *s, const char *bytes, size_t length, bool is_start, text *out)
{
  bool is_empty = is_start && length && bytes[0] != ' ' && length <= 2 && bytes[length - 1] == '\n' && (length == 1 || bytes[0] == '\r');

  if (s->header.len + length > SEVENBIT_HEADER) fail(s, fault_large);
  text_add_bytes(&s->header, bytes, length);
  if (is_empty) end_header(s, out);
}

/* A line with its end, or a piece of a long one; the message's last line may have no end. */
static void take_line(struct sevenbit *s, bool is_whole, text *out)
{
  const char *bytes = s->line.s;
  size_t length = s->line.len, level;
  bool is_start = !s->is_in_line, is_last = false;

  s->is_in_line = !is_whole;
  if (is_start && is_whole && (level = find_level(s, bytes, length, &is_last)))
    take_boundary(s, bytes, length, level, is_last, out);
  else
    switch (s->where) {
    case SEVENBIT_IN_HEADER: take_header(s, bytes, length, is_start, out); break;
    case SEVENBIT_IN_LEAF: take_body(s, bytes, length, out); break;
    case SEVENBIT_BETWEEN: take_between(s, bytes, length, out); break;
    }
  text_clear(&s->line);
}

/* A long line is cut where no CRLF is torn. */
void send_sevenbit_add(struct sevenbit *s, const char *bytes, size_t length, text *out)
{
  for (size_t at = 0; at < length && !s->fault;) {
    const char *newline = memchr(bytes + at, '\n', length - at);
    size_t end = newline ? (size_t)(newline - bytes) + 1 : length;
    size_t room = SEVENBIT_LINE > s->line.len ? SEVENBIT_LINE - s->line.len : 2;
    if (end - at > room) {
      end = at + room;
      newline = 0;
    }
    text_add_bytes(&s->line, bytes + at, end - at);
    at = end;
    if (newline && bytes[end - 1] == '\n')
      take_line(s, true, out);
    else if (s->line.len >= SEVENBIT_LINE && (s->line.s[s->line.len - 1] != '\r' || s->line.len > SEVENBIT_LINE + 16))
      take_line(s, false, out);
  }
}

void send_sevenbit_end(struct sevenbit *s, text *out)
{
  if (s->fault) return;
  if (s->line.len) take_line(s, true, out);
  if (s->where == SEVENBIT_IN_HEADER) { /* no empty line, no body */
    if (send_data_has_8bit(s->header.s, s->header.len)) fail(s, fault_header);
    if (s->is_writing) text_add_text(out, &s->header);
  }
  if (s->where != SEVENBIT_IN_LEAF) return;
  bool is_encoded = s->is_writing && (how_of(s) == SEVENBIT_BASE64 || how_of(s) == SEVENBIT_QUOTED);
  add_held_end(s, out);
  end_leaf(s, out);
  if (is_encoded && out->len && out->s[out->len - 1] != '\n') text_add(out, "\r\n");
}

void send_sevenbit_free(struct sevenbit *s)
{
  for (size_t i = 0; i < SEVENBIT_LEVELS; i++) text_free(&s->levels[i].boundary);
  text_free(&s->part.boundary);
  text_free(&s->header);
  text_free(&s->line);
  text_free(&s->hows);
}
