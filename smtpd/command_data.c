#include "lib/log.h"
#include "smtpd/commands.h"
#include "smtpd/lmtp.h"
#include "smtpd/message.h"

static const char *shown_sender(const struct session *s) { return s->mail.is_null ? "<>" : s->mail.sender.shown.s; }

static void log_message(const struct session *s, const struct message *m, const char *event, const char *answer)
{
  text size = TEXT_ZERO, recipients = TEXT_ZERO;

  text_add_number(&size, m->size_bytes);
  text_add_number(&recipients, s->mail.recipients);
  log_event(event, "id", m->id.s, "rule", m->rule, "reply", answer, "from", shown_sender(s), "recipients",
            text_string(&recipients), "size", text_string(&size), "client", s->peer->remote_ip, "helo", s->helo.s, "login",
            session_login(s), "tls", session_is_tls(s) ? s->tls.s : "", "message-id", m->header.message_id.s, "generation",
            s->tables->generation.s, (char *)0);
  text_free(&size);
  text_free(&recipients);
}

/* RFC 2033 4.2 */
static void finish_lmtp(struct session *s, struct message *m, const char *refusal)
{
  if (!refusal) refusal = message_keep(s, m);
  log_message(s, m, refusal ? "refused" : "accepted", refusal);
  if (refusal)
    lmtp_refuse(s, refusal);
  else
    lmtp_deliver(s, m);
  s->idle = 0;
}

static void accept_message(struct session *s, struct message *m)
{
  m->rule = "";
  log_message(s, m, "accepted", 0);
  pace_accepted(s);
  text_add(&s->output, "250 2.0.0 Ok: queued as ");
  reply(s, m->id.s);
  s->idle = 0;
}

void message_refuse(struct session *s, struct message *m, const char *answer)
{
  log_message(s, m, "refused", answer);
  reply(s, answer);
}

void message_finish(struct session *s, struct message *m)
{
  const char *refusal = message_refusal(s, m);

  if (s->role->is_lmtp) {
    finish_lmtp(s, m, refusal);
    return;
  }
  if (!refusal) refusal = message_keep(s, m);
  if (!refusal) refusal = message_sign_and_hand_over(s, m);
  if (refusal)
    message_refuse(s, m, refusal);
  else
    accept_message(s, m);
}

void message_drop(struct session *s, struct message *m) { log_message(s, m, "dropped", 0); }

void data_proceed(struct session *s, const char *argument, size_t length)
{
  static struct message m;
  bool is_whole = false;

  (void)argument, (void)length;
  if (s->mail.chunks) { /* RFC 3030 3 */
    reply_error(s, "503 5.5.1 The message has begun with BDAT");
    return;
  }
  const char *refusal = pace_data(s);
  if (refusal) {
    reply(s, refusal);
    session_reset(s);
    return;
  }
  reply(s, "354 End data with <CR><LF>.<CR><LF>");
  message_begin(s, &m);
  while (!(is_whole = message_feed(s, &m)) && session_read(s)) continue;
  if (is_whole)
    message_finish(s, &m);
  else
    message_drop(s, &m);
  message_end(&m);
  session_reset(s);
}
