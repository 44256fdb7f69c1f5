#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/bytes.h"
#include "sendmail/input.h"

enum {
  READ_BYTES = 65536,
  BODY_IN_MEMORY = 1 << 20,
  HEADER_MAX = 16 << 20,
  NAME_MAX_BYTES = 1000 /* of a field: a longer beginning without a colon is text */
};

/* A byte of a line; CR and LF end it, and a CR alone does: a message has no other, and no NUL (RFC 5322 2.3, 4.1). */
static enum sendmail_lines inside(text *out, char c)
{
  if (!c) return LINES_INSIDE;
  if (c == '\r') return LINES_AFTER_CR;
  if (c == '\n') {
    text_add_bytes(out, "\r\n", 2);
    return LINES_START;
  }
  text_add_char(out, c);
  return LINES_INSIDE;
}

static enum sendmail_lines next_state(struct sendmail_input *in, char c)
{
  text *out = &in->pending;

  switch (in->state) {
  case LINES_START: return c == '.' && !in->ignores_dots ? LINES_AFTER_DOT : inside(out, c);
  case LINES_AFTER_DOT:
    if (c == '\n') return LINES_ENDED;
    if (c == '\r') return LINES_AFTER_DOT_CR;
    text_add_char(out, '.');
    return inside(out, c);
  case LINES_AFTER_DOT_CR: return LINES_ENDED;
  case LINES_INSIDE: return inside(out, c);
  case LINES_AFTER_CR:
    if (c == '\r') return LINES_AFTER_CR;
    text_add_bytes(out, "\r\n", 2);
    if (c == '\n') return LINES_START;
    in->state = LINES_START;
    return next_state(in, c);
  case LINES_ENDED: break;
  }
  return LINES_ENDED;
}

static size_t plain_run(const char *bytes, size_t length)
{
  const char *cr = memchr(bytes, '\r', length);
  size_t run = cr ? (size_t)(cr - bytes) : length;
  const char *lf = memchr(bytes, '\n', run);
  const char *nul = memchr(bytes, 0, lf ? (size_t)(lf - bytes) : run);

  if (nul) return (size_t)(nul - bytes);
  return lf ? (size_t)(lf - bytes) : run;
}

static void add_lines(struct sendmail_input *in, const char *bytes, size_t length)
{
  for (size_t at = 0; at < length && in->state != LINES_ENDED;) {
    if (in->state == LINES_INSIDE) {
      size_t run = plain_run(bytes + at, length - at);
      text_add_bytes(&in->pending, bytes + at, run);
      if ((at += run) == length) break;
    }
    in->state = next_state(in, bytes[at++]);
  }
}

/* "Name:" at the beginning (RFC 5322 3.6.8), or the second line of a field. */
static bool is_header_line(const struct sendmail_input *in, const char *line, size_t length)
{
  size_t name = 0;

  if (length && ascii_is_space(*line)) return in->header.len > 0;
  while (name < length && line[name] > ' ' && line[name] != ':' && line[name] != 0x7f) name++;
  size_t colon = name;
  while (colon < length && ascii_is_space(line[colon])) colon++;
  return name && colon < length && line[colon] == ':';
}

/* "From ann Sat Nov 21 ...", as a mailbox file begins. */
static bool is_mbox_line(const struct sendmail_input *in, const char *line, size_t length)
{
  if (length && *line == '>') line++, length--;
  return !in->header.len && length > 5 && !memcmp(line, "From ", 5);
}

/* Takes the lines that are whole from pending; what is not a field ends the header. */
static void take_header(struct sendmail_input *in, bool is_end)
{
  size_t at = 0;

  while (!in->is_in_body && (at < in->pending.len)) {
    const char *line = in->pending.s + at;
    const char *newline = memchr(line, '\n', in->pending.len - at);
    size_t length = newline ? (size_t)(newline - line) + 1 : in->pending.len - at;
    bool is_short = length < NAME_MAX_BYTES;

    if (!newline && !is_end && (is_short || is_header_line(in, line, NAME_MAX_BYTES))) break;
    if (newline && is_mbox_line(in, line, length))
      at += length;
    else if (newline && is_header_line(in, line, is_short ? length : NAME_MAX_BYTES)) {
      text_add_bytes(&in->header, line, length);
      at += length;
    } else {
      in->is_in_body = true;
      if (length == 2) at += length; /* the empty line, which is written again behind the header */
    }
  }
  memmove(in->pending.s, in->pending.s + at, in->pending.len - at);
  in->pending.len -= at;
}

/* Where nobody else finds it, and gone when we are. */
static int open_file(void)
{
  const char *folder = getenv("TMPDIR");
  int fd = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  return fd == -1 && errno != ENOSPC && errno != EDQUOT ? memfd_create("mail-inject", MFD_CLOEXEC) : fd;
}

static bool move_to_file(struct sendmail_input *in)
{
  if (in->file == -1) in->file = open_file();
  if (in->file == -1 || allwrite(in->file, in->body.s, in->body.len) != in->body.len) return false;
  in->in_file += in->body.len;
  text_clear(&in->body);
  return true;
}

static void note_8bit(struct sendmail_input *in, const text *bytes)
{
  if (!in->has_8bit) in->has_8bit = bytes_ascii_run(bytes->s, bytes->len) < bytes->len;
}

static bool take_body(struct sendmail_input *in)
{
  if (!in->is_in_body) return true;
  note_8bit(in, &in->pending);
  text_add_text(&in->body, &in->pending);
  text_clear(&in->pending);
  return in->body.len <= BODY_IN_MEMORY || move_to_file(in);
}

bool sendmail_input_feed(struct sendmail_input *in, const char *bytes, size_t length)
{
  add_lines(in, bytes, length);
  text_ready(&in->pending, 1);
  if (!in->is_in_body) take_header(in, false);
  return take_body(in);
}

bool sendmail_input_end(struct sendmail_input *in)
{
  if (in->state == LINES_INSIDE || in->state == LINES_AFTER_CR) text_add_bytes(&in->pending, "\r\n", 2);
  in->state = LINES_ENDED;
  text_ready(&in->pending, 1);
  if (!in->is_in_body) take_header(in, true);
  note_8bit(in, &in->header);
  in->is_in_body = true;
  return take_body(in);
}

uint64_t sendmail_input_body_size(const struct sendmail_input *in) { return in->in_file + in->body.len; }

static bool is_too_big(const struct sendmail_input *in)
{
  return in->header.len + in->pending.len > HEADER_MAX || (in->size_max && sendmail_input_body_size(in) > in->size_max);
}

enum sendmail_input_result sendmail_input_read(struct sendmail_input *in, int fd)
{
  static char bytes[READ_BYTES];

  while (in->state != LINES_ENDED) {
    ssize_t length = read(fd, bytes, sizeof bytes);
    if (length == -1 && errno == EINTR) continue;
    if (length == -1 || (length && !sendmail_input_feed(in, bytes, (size_t)length))) return SENDMAIL_INPUT_BROKEN;
    if (is_too_big(in)) return SENDMAIL_INPUT_TOO_BIG;
    if (!length) break;
  }
  return sendmail_input_end(in) ? SENDMAIL_INPUT_DONE : SENDMAIL_INPUT_BROKEN;
}

void sendmail_input_free(struct sendmail_input *in)
{
  text_free(&in->pending);
  text_free(&in->header);
  text_free(&in->body);
  if (in->file != -1) close(in->file);
  in->file = -1;
}
