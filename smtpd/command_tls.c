#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/log.h"
#include "smtpd/commands.h"

static void forget_all(struct session *s)
{
  session_reset(s);
  smtpd_input_forget(&s->input); /* what came in clear is not part of the encrypted session (check 18) */
  text_clear(&s->helo);
  text_string(&s->helo);
}

static bool take_plaintext(struct session *s, const text *answer, struct call_fds *fds)
{
  bool good = fds->count == 1 && dup2(fds->fd[0], 0) == 0 && dup2(fds->fd[0], 1) == 1;

  call_close_fds(fds);
  if (!good) return false;
  text_copy(&s->tls, record_get(answer, "protocol"));
  text_add_char(&s->tls, ' ');
  text_add(&s->tls, record_get(answer, "cipher"));
  text_string(&s->tls);
  session_set_timeouts(s);
  return true;
}

/* The client's socket goes to tls-server, which holds the key; a socket with the plaintext comes back. */
static bool shake_hands(struct session *s, int call)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds = { .count = 0 };
  int client = 0;
  const char *error = 0;

  record_add(&request, "what", "accept");
  errno = 0;
  if (!call_send(call, &request, &client, 1) ||
      call_receive(call, &answer, &fds, s->settings.timeout_seconds) != CALL_DONE)
    error = errno ? strerror(errno) : "tls-server closed";
  else if (!record_is(&answer, "answer", "yes"))
    error = record_get(&answer, "error");
  else if (!take_plaintext(s, &answer, &fds))
    error = "no socket came back";
  call_close_fds(&fds);
  if (error) {
    log_event("tls-failed", "error", error, "client", s->peer->remote_ip, (char *)0);
    s->is_over = true; /* what would follow is neither clear nor encrypted */
  }
  text_free(&request);
  text_free(&answer);
  return !error;
}

static bool hand_over(struct session *s, int call)
{
  bool good = shake_hands(s, call);

  close(call);
  forget_all(s);
  return good;
}

bool session_start_tls(struct session *s)
{
  int call = call_open("tls-server");

  if (call == -1) {
    log_event("tls-failed", "error", strerror(errno), "what", "reach tls-server", (char *)0);
    s->is_over = true;
    return false;
  }
  return hand_over(s, call);
}

void starttls_proceed(struct session *s, const char *argument, size_t length)
{
  int call;

  (void)argument, (void)length;
  if (session_is_tls(s)) {
    reply_error(s, "503 5.5.1 The session is encrypted already");
    return;
  }
  if (!session_offers_tls(s)) {
    reply_error(s, "502 5.5.1 STARTTLS is not offered");
    return;
  }
  call = call_open("tls-server");
  if (call == -1) {
    log_event("tls-failed", "error", strerror(errno), "what", "reach tls-server", (char *)0);
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
