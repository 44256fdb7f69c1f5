#include <string.h>

#include "imap/input.h"

/* What a line announces at its end (RFC 3501 4.3, RFC 7888): "{N}" or "{N+}". */
enum announcement { ANNOUNCES_NOTHING, ANNOUNCES_LITERAL, ANNOUNCES_TOO_MUCH };

static enum announcement read_announcement(const char *line, size_t length, uint64_t *size, bool *waits)
{
  size_t digits = 0;

  if (!length || line[--length] != '}') return ANNOUNCES_NOTHING;
  *waits = true;
  if (length && line[length - 1] == '+') {
    *waits = false;
    length--;
  }
  while (digits < length && ascii_is_digit(line[length - digits - 1])) digits++;
  if (!digits || digits == length || line[length - digits - 1] != '{') return ANNOUNCES_NOTHING;
  return number_scan_bytes(line + length - digits, digits, UINT32_MAX, size) ? ANNOUNCES_LITERAL : ANNOUNCES_TOO_MUCH;
}

static void start_command(struct imap_input *i)
{
  text_clear(&i->command);
  text_clear(&i->tail);
  i->state = IMAP_INPUT_IN_LINE;
  i->line_at = 0;
  i->is_line = false;
  i->is_full = false;
}

void imap_input_limit(struct imap_input *i, size_t command_max, size_t literal_max, bool may_append)
{
  i->command_max = command_max;
  i->literal_max = literal_max;
  i->may_append = may_append;
}

void imap_input_expect_line(struct imap_input *i)
{
  start_command(i);
  i->is_line = true;
}

void imap_input_free(struct imap_input *i)
{
  text_free(&i->command);
  text_free(&i->tail);
}

void imap_input_tag(const struct imap_input *i, text *tag)
{
  size_t length = 0;

  while (length < i->command.len && i->command.s[length] > ' ' && i->command.s[length] < 0x7f &&
         !strchr("(){%*\"\\+]", i->command.s[length]))
    length++;
  if (length && length < i->command.len && i->command.s[length] == ' ') text_copy_bytes(tag, i->command.s, length);
  else text_copy(tag, "*");
}

/* Is the literal announced at the end of the command the message of an APPEND? The only other literal that an APPEND can
   have is its mailbox, which follows the word directly. */
static bool is_message(const struct imap_input *i)
{
  const char *at = i->command.s, *end = at + i->command.len, *word = memchr(at, ' ', i->command.len);
  const char *first;

  if (i->may_append_more && i->is_behind && i->command.len && *at == ' ') return true;
  if (!i->may_append || !word || end - ++word < 7 || !bytes_are_nocase(word, "append ", 7)) return false;
  first = word + 7;
  return first < end && (*first != '{' || memchr(first, '\n', (size_t)(end - first)));
}

static const char literal_limit[] = "a literal has at most 4294967295 octets";

static enum imap_input_result lose(struct imap_input *i)
{
  i->error = literal_limit;
  return IMAP_INPUT_LOST;
}

static enum imap_input_result refuse(struct imap_input *i, const char *error)
{
  i->error = error;
  return IMAP_INPUT_REFUSED;
}

/* The rest of a command that was refused. A synchronising literal is not sent after all, the other one is. */
static void skip_literal(struct imap_input *i, uint64_t size, bool waits)
{
  text_clear(&i->tail);
  if (waits) {
    i->is_full = true;
    return;
  }
  i->is_full = false;
  i->left = size;
  i->state = size ? IMAP_INPUT_SKIPS_LITERAL : IMAP_INPUT_SKIPS_LINE;
}

static enum imap_input_result end_line(struct imap_input *i)
{
  const char *line = i->command.s + i->line_at;
  size_t length = i->command.len - i->line_at;
  uint64_t size = 0;
  bool waits = false;

  i->is_full = true;
  switch (i->is_line ? ANNOUNCES_NOTHING : read_announcement(line, length, &size, &waits)) {
  case ANNOUNCES_NOTHING: i->is_behind = false; return IMAP_INPUT_DONE;
  case ANNOUNCES_TOO_MUCH:
    return waits ? refuse(i, literal_limit) : lose(i);
  case ANNOUNCES_LITERAL: break;
  }
  i->literal_size = size;
  i->literal_waits = waits;
  if (is_message(i)) {
    i->is_behind = true;
    return IMAP_INPUT_STREAM;
  }
  if (size > i->literal_max || size + i->command.len + 2 > i->command_max) {
    skip_literal(i, size, waits);
    return refuse(i, "the literal is too long");
  }
  i->is_full = false;
  text_add(&i->command, "\r\n");
  i->line_at = i->command.len;
  i->left = size;
  if (size) i->state = IMAP_INPUT_IN_LITERAL;
  return waits ? IMAP_INPUT_CONTINUE : IMAP_INPUT_MORE;
}

enum { TAIL_BYTES = 32 }; /* more than any announcement */

/* A piece of a line that is not kept: of its end so much that an announcement can be seen. */
static enum imap_input_result skip_line(struct imap_input *i, const char *bytes, size_t length, bool newline)
{
  uint64_t size = 0;
  bool waits = false;

  if (length >= TAIL_BYTES) text_clear(&i->tail);
  else if (i->tail.len > TAIL_BYTES) {
    memmove(i->tail.s, i->tail.s + i->tail.len - TAIL_BYTES, TAIL_BYTES);
    i->tail.len = TAIL_BYTES;
  }
  if (length > TAIL_BYTES) text_add_bytes(&i->tail, bytes + length - TAIL_BYTES, TAIL_BYTES);
  else text_add_bytes(&i->tail, bytes, length);
  if (!newline) return IMAP_INPUT_MORE;
  if (i->tail.len && i->tail.s[i->tail.len - 1] == '\r') i->tail.len--;
  switch (i->is_line ? ANNOUNCES_NOTHING : read_announcement(i->tail.s, i->tail.len, &size, &waits)) {
  case ANNOUNCES_NOTHING: i->is_full = true; break;
  case ANNOUNCES_LITERAL: skip_literal(i, size, waits); break;
  case ANNOUNCES_TOO_MUCH:
    if (!waits) return lose(i);
    i->is_full = true;
  }
  return IMAP_INPUT_MORE;
}

static size_t least(uint64_t a, size_t b) { return a < b ? (size_t)a : b; }

/* A piece of a line; newline: it ends here. */
static enum imap_input_result add_to_line(struct imap_input *i, const char *bytes, size_t length, bool newline)
{
  size_t room = i->command_max > i->command.len ? i->command_max - i->command.len : 0;

  text_add_bytes(&i->command, bytes, least(room, length));
  if (length > room) {
    i->state = IMAP_INPUT_SKIPS_LINE;
    text_clear(&i->tail);
    if (skip_line(i, bytes, length, newline) == IMAP_INPUT_LOST) return IMAP_INPUT_LOST;
    return refuse(i, "the command is too long");
  }
  if (!newline) return IMAP_INPUT_MORE;
  if (i->command.len > i->line_at && i->command.s[i->command.len - 1] == '\r') i->command.len--;
  return end_line(i);
}

/* A piece of a literal, which is kept or skipped; behind it the line goes on. */
static void add_to_literal(struct imap_input *i, const char *bytes, size_t length)
{
  bool is_kept = i->state == IMAP_INPUT_IN_LITERAL;

  if (is_kept) text_add_bytes(&i->command, bytes, length);
  i->left -= length;
  if (i->left) return;
  i->state = is_kept ? IMAP_INPUT_IN_LINE : IMAP_INPUT_SKIPS_LINE;
  i->line_at = i->command.len;
}

enum imap_input_result imap_input_add(struct imap_input *i, const char *bytes, size_t length, size_t *used)
{
  *used = 0;
  while (*used < length) {
    const char *at = bytes + *used, *newline;
    size_t piece = length - *used;
    enum imap_input_result result = IMAP_INPUT_MORE;

    if (i->is_full) start_command(i);
    if (i->state == IMAP_INPUT_IN_LITERAL || i->state == IMAP_INPUT_SKIPS_LITERAL) {
      piece = least(i->left, piece);
      add_to_literal(i, at, piece);
      *used += piece;
      continue;
    }
    newline = memchr(at, '\n', piece);
    if (newline) piece = (size_t)(newline - at);
    *used += piece + (newline != 0);
    if (i->state == IMAP_INPUT_IN_LINE) result = add_to_line(i, at, piece, newline);
    else result = skip_line(i, at, piece, newline);
    if (result != IMAP_INPUT_MORE) return result;
  }
  return IMAP_INPUT_MORE;
}

void imap_input_refuse(struct imap_input *i)
{
  i->is_behind = false;
  start_command(i);
  skip_literal(i, i->literal_size, i->literal_waits);
}
