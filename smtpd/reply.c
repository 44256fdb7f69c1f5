#include <errno.h>
#include <unistd.h>

#include "lib/conf.h"
#include "smtpd/session.h"

enum { ERRORS_MAX = 20 };

/* Most sessions make no error: the setting is read when there is one. */
static uint64_t errors_max(void)
{
  static uint64_t max;

  if (!max) max = conf_number("errorsmax", ERRORS_MAX, UINT32_MAX);
  return max ? max : UINT64_MAX;
}

void reply(struct session *s, const char *answer)
{
  text_add(&s->output, answer);
  text_add_bytes(&s->output, "\r\n", 2);
}

void reply_decision(struct session *s, const struct policy_decision *d)
{
  text_add_number(&s->output, d->code);
  text_add_char(&s->output, ' ');
  text_add(&s->output, d->status);
  text_add_char(&s->output, ' ');
  text_add_text(&s->output, &d->text);
  text_add_bytes(&s->output, "\r\n", 2);
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
