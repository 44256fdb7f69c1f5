#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/secure.h"

int secure_open(const char *ip)
{
  int call = call_open("tls-server");

  if (call == -1) log_event("tls-failed", "error", strerror(errno), "what", "reach tls-server", "client", ip, (char *)0);
  return call;
}

void secure_forget(struct secure_certificate *c)
{
  if (c->identity) close(c->identity);
  text_copy(&c->fingerprint, "");
  text_string(&c->fingerprint);
  c->is_vouched = false;
  c->identity = 0;
}

/* The second descriptor, if there is one, becomes ours. */
static void take_certificate(const text *answer, struct call_fds *fds, struct secure_certificate *c)
{
  secure_forget(c);
  if (fds->count != 2) return;
  c->identity = fds->fd[--fds->count];
  text_copy(&c->fingerprint, record_get(answer, "fingerprint"));
  text_string(&c->fingerprint);
  c->is_vouched = record_is(answer, "vouched", "yes");
}

static bool take_plaintext(const text *answer, const struct call_fds *fds, text *tls)
{
  if (!fds->count || dup2(fds->fd[0], 0) == -1 || dup2(fds->fd[0], 1) == -1) return false;
  text_copy(tls, record_get(answer, "protocol"));
  text_add_char(tls, ' ');
  text_add(tls, record_get(answer, "cipher"));
  text_string(tls);
  return true;
}

/* control/scramplus: by these PLUS is offered. Not by default: mutt 2.2 with GNU SASL takes it and cannot bind, so its users cannot log in. */
static void take_bindings(const text *answer, text *bindings)
{
  text_clear(bindings);
  if (!record_find(answer, "exporter")) return;
  record_add(bindings, "exporter", record_get(answer, "exporter"));
  record_add(bindings, "endpoint", record_get(answer, "endpoint"));
}

bool secure_start(int call, const char *ip, unsigned int seconds, text *tls, struct secure_certificate *certificate, text *bindings)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds = { .count = 0 };
  const int client = 0;
  const char *error = 0;

  record_add(&request, "what", "accept");
  if (certificate) record_add(&request, "ask", "certificate");
  errno = 0;
  if (!call_send(call, &request, &client, 1) || call_receive(call, &answer, &fds, seconds) != CALL_DONE)
    error = errno ? strerror(errno) : "tls-server closed";
  else if (!record_is(&answer, "answer", "yes"))
    error = record_get(&answer, "error");
  else if (!take_plaintext(&answer, &fds, tls))
    error = "no socket came back";
  if (certificate && !error) take_certificate(&answer, &fds, certificate);
  if (!error && conf_is_yes("scramplus", false)) take_bindings(&answer, bindings);
  call_close_fds(&fds);
  close(call);
  if (error) log_event("tls-failed", "error", error, "client", ip, (char *)0);
  text_free(&request);
  text_free(&answer);
  return !error;
}
