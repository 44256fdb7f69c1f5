/* TLS: the client's socket goes to tls-server, which holds the key; a socket with the plaintext comes back. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "imap/login.h"
#include "lib/call.h"
#include "lib/log.h"

#define HANDSHAKE_SECONDS 60

/* What came in clear is not part of the encrypted session, whatever it was (check 18). */
static void forget_input(struct imap_login *l)
{
  l->wire.at = l->wire.length = 0;
  imap_input_free(&l->wire.input);
  l->wire.input = (struct imap_input)IMAP_INPUT_ZERO;
}

static bool take_plaintext(struct imap_login *l, const text *answer, const struct call_fds *fds)
{
  if (fds->count != 1 || dup2(fds->fd[0], 0) == -1 || dup2(fds->fd[0], 1) == -1) return false;
  text_copy(&l->tls, record_get(answer, "protocol"));
  text_add_char(&l->tls, ' ');
  text_add(&l->tls, record_get(answer, "cipher"));
  text_string(&l->tls);
  return true;
}

int imap_login_reach_tls(const struct imap_login *l)
{
  int call = call_open("tls-server");

  if (call == -1) log_event("trouble", "what", "reach tls-server", "reason", strerror(errno), "ip", l->peer->remote_ip, (char *)0);
  return call;
}

bool imap_login_secure(struct imap_login *l, int call)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds = { .count = 0 };
  const int client = 0;
  const char *error = 0;

  forget_input(l);
  record_add(&request, "what", "accept");
  errno = 0;
  if (!call_send(call, &request, &client, 1) || call_receive(call, &answer, &fds, HANDSHAKE_SECONDS) != CALL_DONE)
    error = errno ? strerror(errno) : "tls-server closed";
  else if (!record_is(&answer, "answer", "yes")) error = record_get(&answer, "error");
  else if (!take_plaintext(l, &answer, &fds)) error = "no socket came back";
  call_close_fds(&fds);
  close(call);
  if (error) log_event("tls-failed", "error", error, "ip", l->peer->remote_ip, (char *)0);
  text_free(&request);
  text_free(&answer);
  return !error;
}
