#include <stdint.h>

#include "smtpd/command.h"
#include "smtpd/commands.h"
#include "smtpd/message.h"

enum { DROPPED_MAX = INT32_MAX };

/* Why a chunk is not wanted here, as the answer; 0 if it is. */
static const char *obstacle(struct session *s)
{
  const char *lacks = command_lacks_recipient(s);

  if (!lacks && s->mail.is_refused) lacks = "503 5.5.1 The message was refused: say RSET";
  if (!lacks && !s->mail.chunks && (lacks = pace_data(s))) s->mail.is_refused = true;
  return lacks;
}

/* What belongs to a chunk that is not wanted is read all the same: it must not become commands (check 8). */
static bool drop(struct session *s, uint64_t left)
{
  for (;;) {
    size_t there = s->input.end - s->input.start;
    if (there > left) there = (size_t)left;
    s->input.start += there;
    left -= there;
    if (!left) return true;
    if (!session_read(s)) return false;
  }
}

static void refuse(struct session *s, const struct smtpd_chunk *c, const char *answer)
{
  if (c->size_bytes > DROPPED_MAX)
    reply_last(s, answer); /* nobody waits for that much */
  else if (drop(s, c->size_bytes))
    reply_error(s, answer);
  if (c->is_last && s->mail.is_refused) session_reset(s);
}

static struct message *begin(struct session *s)
{
  static struct message m;

  if (!s->mail.chunks) {
    message_begin(s, &m);
    s->mail.chunks = &m;
  }
  return s->mail.chunks;
}

static void take(struct session *s, struct message *m, const struct smtpd_chunk *c)
{
  uint64_t left = c->size_bytes;

  while (message_feed_chunk(s, m, &left), left)
    if (!session_read(s)) {
      message_drop(s, m);
      return;
    }
  if (c->is_last) {
    message_end_chunks(s, m);
    message_finish(s, m);
    session_reset(s);
    return;
  }
  const char *refusal = message_early_refusal(s, m);
  if (refusal) {
    message_refuse(s, m, refusal);
    s->mail.is_refused = true;
    return;
  }
  text_add(&s->output, "250 2.0.0 ");
  text_add_number(&s->output, c->size_bytes);
  reply(s, " octets received");
  if (!c->size_bytes) s->idle++;
}

void bdat_proceed(struct session *s, const char *argument, size_t length)
{
  const char *wrong = obstacle(s);
  struct smtpd_chunk c;

  if (smtpd_chunk_parse(&c, argument, length) != COMMAND_GOOD)
    reply_last(s, "501 5.5.4 Say BDAT and how many octets; what follows cannot be read");
  else if (wrong)
    refuse(s, &c, wrong);
  else if (c.size_bytes > DROPPED_MAX && s->settings.size_max)
    reply_last(s, "552 5.3.4 Message too big");
  else
    take(s, begin(s), &c);
}
