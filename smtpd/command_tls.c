#include <unistd.h>

#include "lib/secure.h"
#include "smtpd/commands.h"

static void forget_all(struct session *s)
{
  session_reset(s);
  smtpd_input_forget(&s->input); /* what came in clear is not part of the encrypted session (check 18) */
  text_clear(&s->helo);
  text_string(&s->helo);
}

/* A certificate is asked for only where one can be known: a dialogue that asks a person for one is a nuisance (S-21). */
static bool wants_certificate(struct session *s)
{
  text record = TEXT_ZERO;
  bool wants = (tables_open(s->tables, "policy") && tables_find(s->tables, "fingerprint", "*", &record) == LOOKUP_FOUND) ||
               (s->role->auth != ROLE_AUTH_NEVER && mechanisms_want_certificate(s->tables));

  text_free(&record);
  return wants;
}

static bool hand_over(struct session *s, int call)
{
  struct secure_certificate *certificate = wants_certificate(s) ? &s->certificate : 0;
  bool good = secure_start(call, s->peer->remote_ip, s->settings.timeout_seconds, &s->tls, certificate, &s->bindings);

  if (good)
    session_set_timeouts(s);
  else
    s->is_over = true; /* what would follow is neither clear nor encrypted */
  forget_all(s);
  return good;
}

bool session_start_tls(struct session *s)
{
  int call = secure_open(s->peer->remote_ip);

  return call != -1 && hand_over(s, call);
}

void starttls_proceed(struct session *s, const char *argument, size_t length)
{
  int call;

  (void)argument, (void)length;
  if (session_is_tls(s)) {
    reply_error(s, "503 5.5.1 The session is encrypted already");
    return;
  }
  if (s->login.len) { /* what was said in clear may not outlive it (RFC 3207 4.2, check 18) */
    reply_error(s, "503 5.5.1 You are logged in already");
    return;
  }
  if (!session_offers_tls(s)) {
    reply_error(s, "502 5.5.1 STARTTLS is not offered");
    return;
  }
  call = secure_open(s->peer->remote_ip);
  if (call == -1) {
    reply(s, "454 4.7.0 TLS is not available now");
    return;
  }
  reply(s, "220 2.0.0 Ready to start TLS");
  if (reply_flush(s))
    hand_over(s, call);
  else {
    close(call);
    s->is_over = true;
  }
}
