#include "auth/conversation.h"

#include <errno.h>
#include <string.h>

#include "auth/explain.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/log.h"

void conversation_answer(struct conversation *c, const char *word, const char *key, const char *value)
{
  text packet = TEXT_ZERO;

  record_add(&packet, "answer", word);
  if (key) record_add(&packet, key, value);
  if (c->is_test && strcmp(word, "continue")) explain_add(&packet, &c->login);
  if (!call_send(c->socket, &packet, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
  text_free(&packet);
}

void conversation_log(const struct conversation *c, const char *result)
{
  const char *reason = strcmp(result, "later") && *c->login.reason ? c->login.reason : c->login.error.s;
  text shown = TEXT_ZERO, master = TEXT_ZERO;

  login_show(c->acts_for.len ? c->acts_for.s : c->name.len ? c->name.s : "", &shown);
  if (c->acts_for.len) login_show(c->name.s, &master);
  log_event("login", "result", result, "reason", reason, "login", shown.s, "master", master.s, "mailbox", c->login.mailbox.s, "backend", c->login.backend.s, "service",
            record_get(&c->request, "service"), "app", c->login.app.id.len ? c->login.app.name.s : "", "mechanism", record_get(&c->request, "mechanism"), "client",
            record_get(&c->request, "ip"), "test", c->is_test ? "yes" : "", (char *)0);
  text_free(&shown);
  text_free(&master);
}

void conversation_end(struct conversation *c)
{
  sasl_end(&c->sasl);
  text_wipe(&c->stored);
  text_clear(&c->name);
  text_clear(&c->acts_for);
  c->is_concluding = c->is_refused = false;
  c->is_in_exchange = false;
}

void conversation_take_names(struct conversation *c)
{
  if (c->sasl.acts_for.len) {
    text_copy(&c->name, c->sasl.login.s);
    text_copy(&c->acts_for, c->sasl.acts_for.s);
    text_string(&c->name);
    text_string(&c->acts_for);
  } else
    login_split(c->sasl.login.s, &c->name, &c->acts_for);
}

void conversation_refuse(struct conversation *c, const char *reason)
{
  if (c->sasl.login.len && !c->name.len) conversation_take_names(c);
  c->login.reason = reason;
  conversation_log(c, "no");
  conversation_answer(c, "no", "error", reason);
  conversation_end(c);
}

void conversation_say_yes(struct conversation *c)
{
  text packet = TEXT_ZERO;

  conversation_log(c, "yes");
  record_add(&packet, "answer", "yes");
  record_add(&packet, "name", c->login.name.s);
  if (c->login.backend.len)
    record_add(&packet, "backend", c->login.backend.s);
  else
    record_add(&packet, "mailbox", c->login.mailbox.s);
  if (c->login.master.len) record_add(&packet, "master", c->login.master.s);
  if (c->is_test) explain_add(&packet, &c->login);
  c->may_start = record_is(&c->request, "service", "imap") || record_is(&c->request, "service", "pop3");
  if (!call_send(c->socket, &packet, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
  text_free(&packet);
}

void conversation_challenge(struct conversation *c)
{
  text encoded = TEXT_ZERO;

  base64_add(&encoded, c->sasl.challenge, strlen(c->sasl.challenge));
  c->is_in_exchange = true;
  conversation_answer(c, "continue", "challenge", text_string(&encoded));
  text_free(&encoded);
}

void conversation_postpone(struct conversation *c)
{
  conversation_log(c, "later");
  conversation_answer(c, "later", "error", c->login.error.s);
  conversation_end(c);
}

void conversation_tell(struct conversation *c, enum login_result result)
{
  if (result == LOGIN_LATER) {
    conversation_postpone(c);
    return;
  }
  if (result == LOGIN_YES)
    conversation_say_yes(c);
  else {
    conversation_log(c, "no");
    conversation_answer(c, "no", 0, 0);
  }
  conversation_end(c);
}
