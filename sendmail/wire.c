#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sendmail/wire.h"

enum { PIECE = 65536, LINE_MAX_BYTES = 8192, REPLY_SECONDS = 600 };

void sendmail_wire_begin(struct sendmail_wire *w, int fd, bool is_verbose)
{
  struct timeval limit = { .tv_sec = REPLY_SECONDS };

  w->fd = fd;
  w->is_verbose = is_verbose;
  w->is_broken = false;
  w->is_at_start = true;
  w->at = 0;
  text_clear(&w->out);
  text_clear(&w->in);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* What the server said before it went away is still to be read, so that a failure is told later. */
static void flush(struct sendmail_wire *w)
{
  for (size_t sent = 0; sent < w->out.len && !w->is_broken;) {
    ssize_t written = send(w->fd, w->out.s + sent, w->out.len - sent, MSG_NOSIGNAL);
    if (written > 0)
      sent += (size_t)written;
    else if (written == -1 && errno != EINTR) {
      w->is_broken = true;
      w->error = errno;
    }
  }
  text_clear(&w->out);
}

static void show(const struct sendmail_wire *w, const char *who, const char *line, size_t length)
{
  text shown = TEXT_ZERO;

  if (!w->is_verbose) return;
  text_add(&shown, who);
  text_add_bytes(&shown, line, length);
  text_add_char(&shown, '\n');
  if (write(2, shown.s, shown.len) == -1) errno = 0; /* nobody looks */
  text_free(&shown);
}

void sendmail_wire_say(struct sendmail_wire *w, const char *words, ...)
{
  size_t before = w->out.len;
  va_list all;

  va_start(all, words);
  for (; words; words = va_arg(all, const char *)) text_add(&w->out, words);
  va_end(all);
  show(w, ">>> ", w->out.s + before, w->out.len - before);
  text_add_bytes(&w->out, "\r\n", 2);
}

/* The lines end with CRLF; one that begins with a dot gets another one (RFC 5321 4.5.2). */
void sendmail_wire_data(struct sendmail_wire *w, const char *bytes, size_t length)
{
  while (length && !w->is_broken) {
    const char *newline = memchr(bytes, '\n', length);
    size_t of_line = newline ? (size_t)(newline - bytes) + 1 : length;
    if (w->is_at_start && *bytes == '.') text_add_char(&w->out, '.');
    text_add_bytes(&w->out, bytes, of_line);
    w->is_at_start = newline != 0;
    bytes += of_line;
    length -= of_line;
    if (w->out.len >= PIECE) flush(w);
  }
}

bool sendmail_wire_file(struct sendmail_wire *w, int fd, uint64_t length)
{
  static char bytes[PIECE];

  for (uint64_t at = 0; at < length && !w->is_broken;) {
    ssize_t got = pread(fd, bytes, length - at < PIECE ? (size_t)(length - at) : PIECE, (off_t)at);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) return false;
    sendmail_wire_data(w, bytes, (size_t)got);
    at += (uint64_t)got;
  }
  return true;
}

/* A line into w->reply, without its CRLF. */
static bool read_line(struct sendmail_wire *w)
{
  for (;;) {
    const char *start = w->in.s + w->at, *newline = w->in.len > w->at ? memchr(start, '\n', w->in.len - w->at) : 0;
    if (newline) {
      size_t length = (size_t)(newline - start);
      w->at += length + 1;
      if (length && start[length - 1] == '\r') length--;
      text_copy_bytes(&w->reply, start, length);
      text_string(&w->reply);
      return true;
    }
    memmove(w->in.s, w->in.s + w->at, w->in.len -= w->at);
    w->at = 0;
    if (w->in.len > LINE_MAX_BYTES) {
      errno = EPROTO;
      return false;
    }
    text_ready(&w->in, PIECE);
    ssize_t got = recv(w->fd, w->in.s + w->in.len, PIECE, 0);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) {
      if (!got || w->is_broken) errno = w->is_broken ? w->error : ECONNRESET;
      if (errno == EAGAIN) errno = ETIMEDOUT;
      return false;
    }
    w->in.len += (size_t)got;
  }
}

bool sendmail_wire_reply(struct sendmail_wire *w)
{
  uint64_t code = 0;
  bool is_last;

  flush(w);
  w->code = 0;
  text_clear(&w->lines);
  text_ready(&w->in, 1);
  do {
    if (!read_line(w)) return false;
    show(w, "<<< ", w->reply.s, w->reply.len);
    if (w->reply.len < 3 || !number_scan_bytes(w->reply.s, 3, 999, &code)) {
      errno = EPROTO;
      return false;
    }
    is_last = w->reply.len == 3 || w->reply.s[3] != '-';
    if (w->reply.len > 4) text_add_bytes(&w->lines, w->reply.s + 4, w->reply.len - 4);
    text_add_char(&w->lines, 0);
  } while (!is_last);
  w->code = (unsigned int)code;
  return w->code != 421;
}

bool sendmail_wire_hello(struct sendmail_wire *w)
{
  sendmail_wire_say(w, "EHLO localhost", (char *)0);
  if (!sendmail_wire_reply(w)) return false;
  text_clear(&w->offers);
  text_add_text(&w->offers, &w->lines);
  return true;
}

const char *sendmail_wire_status(const struct sendmail_wire *w)
{
  static char status[16];
  size_t length = 0;

  if (w->reply.len < 5) return "";
  while (length < sizeof status - 1 && (ascii_is_digit(w->reply.s[4 + length]) || w->reply.s[4 + length] == '.')) length++;
  memcpy(status, w->reply.s + 4, length);
  status[length] = 0;
  return status;
}

bool sendmail_wire_offers(const struct sendmail_wire *w, const char *extension)
{
  size_t length = strlen(extension);

  for (size_t at = 0; at < w->offers.len; at += strlen(w->offers.s + at) + 1) {
    const char *line = w->offers.s + at;
    if (strlen(line) >= length && bytes_are_nocase(line, extension, length) && (!line[length] || line[length] == ' ')) return true;
  }
  return false;
}

void sendmail_wire_end(struct sendmail_wire *w)
{
  if (w->fd == -1) return;
  if (!w->is_broken && w->out.len == 0) {
    text_add(&w->out, "QUIT\r\n");
    flush(w);
  }
  close(w->fd);
  w->fd = -1;
  text_clear(&w->out);
}
