#include "send/reply.h"

#include <string.h>

void send_reply_clear(struct reply *r)
{
  r->code = r->count = 0;
  text_clear(&r->lines);
  text_clear(&r->rest);
}

/* "250-text" or "250 text" or "250": true, and whether it is the last line. */
static bool parse_line(struct reply *r, const char *line, size_t length, bool *is_last)
{
  uint64_t code;

  if (length && line[length - 1] == '\r') length--;
  if (length < 3 || !number_scan_bytes(line, 3, 599, &code) || code < 200) return false;
  if (length > 3 && line[3] != ' ' && line[3] != '-') return false;
  if (r->count && code != r->code) return false;
  r->code = (unsigned int)code;
  r->count++;
  *is_last = length == 3 || line[3] == ' ';
  if (length > 4) text_add_bytes(&r->lines, line + 4, length - 4);
  text_add_char(&r->lines, '\n');
  return *is_last || r->count < REPLY_LINES_MAX;
}

enum reply_result send_reply_parse(struct reply *r, const char *bytes, size_t length, size_t *used)
{
  bool is_last = false;

  *used = 0;
  while (!is_last) {
    const char *end = memchr(bytes + *used, '\n', length - *used);
    size_t more = end ? (size_t)(end - bytes) - *used : length - *used;

    if (r->rest.len + more > REPLY_LINE_MAX) return REPLY_BROKEN;
    text_add_bytes(&r->rest, bytes + *used, more);
    *used += more;
    if (!end) return REPLY_MORE;
    ++*used;
    if (!parse_line(r, r->rest.s, r->rest.len, &is_last)) return REPLY_BROKEN;
    text_clear(&r->rest);
  }
  return REPLY_DONE;
}

/* The length of "5.1.1" at the beginning of a line, if it is of this class and a space or the end follows; otherwise 0. */
static size_t status_length(const char *line, size_t length, char class)
{
  size_t at = 1;

  if (length < 5 || line[0] != class) return 0;
  for (int part = 0; part < 2; part++) {
    size_t digits = 0;
    if (at == length || line[at] != '.') return 0;
    for (at++; at < length && ascii_is_digit(line[at]); at++) digits++;
    if (!digits || digits > 3) return 0;
  }
  return at == length || line[at] == ' ' ? at : 0;
}

static size_t line_end(const text *lines, size_t at)
{
  return (size_t)((char *)memchr(lines->s + at, '\n', lines->len - at) - lines->s);
}

bool send_reply_status(const struct reply *r, char status[REPLY_STATUS_MAX])
{
  size_t length;

  if (!r->lines.len) return false;
  length = status_length(r->lines.s, line_end(&r->lines, 0), (char)('0' + r->code / 100));
  if (!length) return false;
  memcpy(status, r->lines.s, length);
  status[length] = 0;
  return true;
}

void send_reply_words(const struct reply *r, text *words, size_t max)
{
  size_t begin = words->len;
  char class = (char)('0' + r->code / 100);

  for (size_t at = 0, end; at < r->lines.len; at = end + 1) {
    end = line_end(&r->lines, at);
    at += status_length(r->lines.s + at, end - at, class);
    while (at < end && r->lines.s[at] == ' ') at++;
    if (words->len > begin && at < end && words->len - begin < max) text_add_char(words, ' ');
    for (; at < end && words->len - begin < max; at++)
      text_add_char(words, ascii_is_printable(r->lines.s[at]) ? r->lines.s[at] : '?');
  }
}
