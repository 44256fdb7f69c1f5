#include "send/failure.h"

/* The result is ours when the server's reply does not decide about the mail, but about us: always later. */
enum session_result send_failure_refused(const struct client *c, const char *status, const char *what, struct outcome *why)
{
  text remote = TEXT_ZERO, reply = TEXT_ZERO;

  text_add_text(&remote, &c->remote);
  text_add_number(&reply, c->reply.code);
  text_add_char(&reply, ' ');
  send_reply_words(&c->reply, &reply, 500);
  send_outcome_say(why, OUTCOME_LATER, status, text_string(&remote), " ", what, ": ", text_string(&reply), (char *)0);
  why->code = c->reply.code / 100 == 4 ? c->reply.code : 0;
  text_free(&remote);
  text_free(&reply);
  return SESSION_FAILED;
}

enum session_result send_failure_lost(const struct client *c, const char *when, struct outcome *why)
{
  send_client_explain(c, when, why);
  why->kind = OUTCOME_LATER;
  return SESSION_FAILED;
}

enum session_result send_failure_say(const struct client *c, const char *status, const char *what, const char *more,
                                 struct outcome *why)
{
  text remote = TEXT_ZERO;

  text_add_text(&remote, &c->remote);
  send_outcome_say(why, OUTCOME_LATER, status, text_string(&remote), ": ", what, more, (char *)0);
  text_free(&remote);
  return SESSION_FAILED;
}
