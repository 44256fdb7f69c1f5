#include "auth/evidence.h"

#include <skalibs/random.h>

#include "auth/certificate.h"
#include "auth/oauth.h"
#include "auth/token_ask.h"

enum { NONCE_SIZE = 24 };

void evidence_password(struct conversation *c)
{
  conversation_take_names(c);
  struct login_try try = { .service = record_get(&c->request, "service"), .ip = record_get(&c->request, "ip"), .login = c->name.s, .acts_for = c->acts_for.len ? c->acts_for.s : 0,
                           .password = c->sasl.password.s, .stored = c->stored.s, .is_proved = c->sasl.is_proved, .is_test = c->is_test };

  enum login_result result = login_check(&try, &c->login);
  if (result != LOGIN_YES)
    conversation_tell(c, result);
  else if (c->sasl.is_proved) {
    c->is_concluding = true;
    conversation_challenge(c);
  } else {
    conversation_say_yes(c);
    if (!c->is_test) login_finish(&try, &c->login);
    conversation_end(c);
  }
}

/* What one needs is said to the client, who says something to it; then he is refused (RFC 7628 3.2.3). */
static void refuse_token(struct conversation *c, bool lacks_scope)
{
  struct oauth oauth = OAUTH_ZERO;
  text ignored = TEXT_ZERO;

  conversation_log(c, "no");
  bool is_read = oauth_read(&oauth, &ignored) == OAUTH_READ;
  struct bearer_refusal r = { lacks_scope, is_read ? oauth.scope.s : "", is_read ? oauth.configuration : "" };
  sasl_refuse(&c->sasl, &r);
  c->is_refused = true;
  conversation_challenge(c);
  oauth_free(&oauth);
  text_free(&ignored);
}

/* by: what vouches for this login. The name that the client says has to be his, too. */
static struct login_try try_vouched(struct conversation *c, const char *login, const char *by, bool is_proved)
{
  text_copy(&c->name, login);
  return (struct login_try){ .service = record_get(&c->request, "service"), .ip = record_get(&c->request, "ip"), .login = text_string(&c->name),
                             .token = c->sasl.token.len ? c->sasl.token.s : 0, .vouched = by, .acts_as = c->sasl.login.s, .is_proved = is_proved, .is_test = c->is_test };
}

/* One that is not good is counted for the name that the client says, or, as nobody's, for a name that none has; who is refused by that is asked nobody about. */
static enum login_result check_token(struct conversation *c, struct token_answer *a)
{
  struct login_try try = try_vouched(c, c->sasl.login.len ? c->sasl.login.s : "?", "token", false);

  if (login_may_try(&try, &c->login) == LOGIN_LATER) return LOGIN_LATER;
  enum login_result result = auth_token_ask(c->sasl.token.s, a);
  if (result == LOGIN_LATER) {
    text_copy(&c->login.error, a->error.s);
    text_string(&c->login.error);
    return LOGIN_LATER;
  }
  if (result == LOGIN_YES) try = try_vouched(c, a->user.s, "token", true);
  return login_check(&try, &c->login);
}

void evidence_token(struct conversation *c)
{
  struct token_answer a = TOKEN_ANSWER_ZERO;
  enum login_result result = LOGIN_NO;

  c->login.reason = "no token";
  if (c->sasl.token.len) result = check_token(c, &a);
  if (result == LOGIN_NO)
    refuse_token(c, a.lacks_scope);
  else
    conversation_tell(c, result);
  auth_token_free(&a);
}

void evidence_certificate(struct conversation *c)
{
  text login = TEXT_ZERO;
  bool is_his = auth_certificate_login(&c->identity, c->sasl.login.s, &login);
  struct login_try try = try_vouched(c, login.s, LOGIN_CERTIFICATE, is_his);

  conversation_tell(c, login_check(&try, &c->login));
  text_free(&login);
}

void evidence_keys(struct conversation *c)
{
  char nonce[NONCE_SIZE + 1];

  conversation_take_names(c);
  struct login_try try = { .login = c->name.s, .acts_for = c->acts_for.len ? c->acts_for.s : 0 };
  if (login_keys(&try, &c->sasl.keys, &c->stored, &c->login) != LOGIN_YES) {
    conversation_postpone(c);
    return;
  }
  random_name(nonce, NONCE_SIZE);
  nonce[NONCE_SIZE] = 0;
  sasl_challenge(&c->sasl, nonce);
  conversation_challenge(c);
}
