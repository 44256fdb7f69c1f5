#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"
#include "smtpd/session.h"

enum {
  ERRORS_MAX = 20,
  LINE_MAX_BYTES = 510, /* RFC 5321 4.5.3.1.5, without CRLF */
  LINE_HEAD_BYTES = 100 /* what stays of the begin of a line that is cut: code, status, and how the address begins */
};

/* Most sessions make no error: the setting is read when there is one. */
static uint64_t errors_max(void)
{
  static uint64_t max;

  if (!max) max = conf_number("errorsmax", ERRORS_MAX, UINT32_MAX);
  return max ? max : UINT64_MAX;
}

static bool is_inside_character(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* A reply may repeat an address of any length: what is cut out is its middle, as the reason stands behind it. */
static void cut_middle(text *out, size_t start)
{
  size_t head = start + LINE_HEAD_BYTES, tail = out->len - (LINE_MAX_BYTES - LINE_HEAD_BYTES - 3);

  while (is_inside_character(out->s[head])) head--;
  while (tail < out->len && is_inside_character(out->s[tail])) tail++;
  memcpy(out->s + head, "...", 3);
  memmove(out->s + head + 3, out->s + tail, out->len - tail);
  out->len = head + 3 + (out->len - tail);
}

static void end_line(text *out)
{
  size_t start = out->len;

  while (start && out->s[start - 1] != '\n') start--;
  if (out->len - start > LINE_MAX_BYTES) cut_middle(out, start);
  text_add_bytes(out, "\r\n", 2);
}

void reply(struct session *s, const char *answer)
{
  text_add(&s->output, answer);
  end_line(&s->output);
}

void reply_decision(struct session *s, const struct policy_decision *d)
{
  text_add_number(&s->output, d->code);
  text_add_char(&s->output, ' ');
  text_add(&s->output, d->status);
  text_add_char(&s->output, ' ');
  text_add_text(&s->output, &d->text);
  end_line(&s->output);
}

void reply_last(struct session *s, const char *answer)
{
  reply(s, answer);
  s->is_over = true;
}

void reply_error(struct session *s, const char *answer)
{
  reply(s, answer);
  reply_count_error(s);
}

void reply_count_error(struct session *s)
{
  if (++s->errors >= errors_max()) reply_last(s, "421 4.7.0 Too many errors");
}

bool reply_flush(struct session *s)
{
  size_t sent = 0;

  while (sent < s->output.len) {
    ssize_t written = write(1, s->output.s + sent, s->output.len - sent);
    if (written == -1 && errno == EINTR) continue;
    if (written <= 0) break;
    sent += (size_t)written;
  }
  bool good = sent == s->output.len;
  text_clear(&s->output);
  return good;
}
