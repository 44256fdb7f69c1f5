#include <string.h>

#include "smtpd/data.h"

/* How many bytes from here are neither CR nor LF. */
static size_t plain_run(const char *bytes, size_t length)
{
  const char *cr = memchr(bytes, '\r', length);
  size_t run = cr ? (size_t)(cr - bytes) : length;
  const char *lf = memchr(bytes, '\n', run);

  return lf ? (size_t)(lf - bytes) : run;
}

/* A byte inside a line, or the first one of it. */
static enum smtpd_data_state in_line(struct smtpd_data *d, char c)
{
  if (c == '\r') return DATA_AFTER_CR;
  if (c == '\n') d->has_bare = true;
  return DATA_IN_LINE;
}

/* A byte behind a CR that was not the one of CRLF. */
static enum smtpd_data_state after_bare_cr(struct smtpd_data *d, char c)
{
  d->has_bare = true;
  return in_line(d, c);
}

static enum smtpd_data_state next_state(struct smtpd_data *d, char c)
{
  switch (d->state) {
  case DATA_LINE_START: return c == '.' ? DATA_AFTER_DOT : in_line(d, c);
  case DATA_AFTER_DOT: return c == '\r' ? DATA_AFTER_DOT_CR : in_line(d, c);
  case DATA_AFTER_DOT_CR: return c == '\n' ? DATA_ENDED : after_bare_cr(d, c);
  case DATA_IN_LINE: return in_line(d, c);
  case DATA_AFTER_CR: return c == '\n' ? DATA_LINE_START : after_bare_cr(d, c);
  case DATA_ENDED: break;
  }
  return DATA_ENDED;
}

/* A stuffed dot, and the CRLF behind the last dot, are not content. */
static bool is_content(enum smtpd_data_state state)
{
  return state != DATA_AFTER_DOT && state != DATA_AFTER_DOT_CR && state != DATA_ENDED;
}

size_t smtpd_data_feed(struct smtpd_data *d, const char *bytes, size_t length, text *out)
{
  size_t at = 0, start = 0; /* from start to at is content that is not added yet */

  while (at < length && d->state != DATA_ENDED) {
    if (d->state == DATA_IN_LINE) at += plain_run(bytes + at, length - at);
    if (at == length) break;
    enum smtpd_data_state before = d->state;
    d->state = next_state(d, bytes[at]);
    if (before == DATA_AFTER_DOT_CR && d->state != DATA_ENDED) text_add_char(out, '\r'); /* a bare one, which was taken for the end's */
    if (!is_content(d->state)) {
      text_add_bytes(out, bytes + start, at - start);
      start = at + 1;
    }
    at++;
  }
  text_add_bytes(out, bytes + start, at - start);
  return at;
}
