#include "auth/handover.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/identity_make.h"
#include "auth/pump.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/log.h"

void auth_handover_refuse(int call, const char *error, const char *failure)
{
  text answer = TEXT_ZERO;

  record_add(&answer, "answer", "no");
  record_add(&answer, "error", error);
  if (*failure) record_add(&answer, "failure", failure);
  if (!call_send(call, &answer, 0, 0)) log_event("unanswered", "error", error, (char *)0);
  text_free(&answer);
}

int auth_handover_receive(int call, const char *what, text *request)
{
  struct call_fds fds;

  if (call_receive(call, request, &fds, HANDOVER_SECONDS) != CALL_DONE) return -1;
  if (record_is(request, "what", what) && fds.count == 1) return fds.fd[0];
  call_close_fds(&fds);
  auth_handover_refuse(call, "this is not a request that this service knows", "");
  return -1;
}

/* A write is a whole flight or a whole answer, so waiting for more helps nobody; and a client that vanished without a
   word is noticed. Sockets that are not TCP (tests) have no such options. */
static void set_options(int socket)
{
  int on = 1;

  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* RFC 5802 6: what the client may bind its login to. No exporter, nothing: its software would take tls-unique, which is not here. */
static void add_bindings(text *record, const struct tls *tls)
{
  text bytes = TEXT_ZERO, exporter = TEXT_ZERO, endpoint = TEXT_ZERO;

  if (tls_exporter(tls, &bytes)) {
    base64_add(&exporter, bytes.s, bytes.len);
    record_add(record, "exporter", text_string(&exporter));
    if (tls_endpoint(tls, &bytes)) base64_add(&endpoint, bytes.s, bytes.len);
    record_add(record, "endpoint", text_string(&endpoint));
  }
  text_wipe(&bytes);
  text_wipe(&exporter);
  text_free(&endpoint);
}

static bool answer(int call, const struct tls *tls, int plain, const struct tls_verdict *verdict)
{
  text record = TEXT_ZERO, fingerprint = TEXT_ZERO, names = TEXT_ZERO;
  int fds[2] = { plain, -1 };

  record_add(&record, "answer", "yes");
  record_add(&record, "protocol", tls_protocol(tls));
  record_add(&record, "cipher", tls_cipher(tls));
  if (*tls_sni(tls)) record_add(&record, "sni", tls_sni(tls));
  if (tls_fingerprint(tls, &fingerprint)) record_add(&record, "fingerprint", fingerprint.s);
  tls_certificate_names(tls, &names);
  if (names.len) record_add(&record, "certificate", names.s);
  if (!verdict) add_bindings(&record, tls);
  if (verdict) record_add(&record, "verified", verdict->is_verified ? "yes" : "no");
  if (verdict && *verdict->failure) record_add(&record, "failure", verdict->failure);
  if (verdict && verdict->error.len) record_add_bytes(&record, "error", verdict->error.s, verdict->error.len);
  if (!verdict && fingerprint.len && (fds[1] = auth_identity_make(tls, fingerprint.s, &record)) == -1) log_event("unidentified", "error", strerror(errno), (char *)0);
  bool sent = call_send(call, &record, fds, fds[1] == -1 ? 1 : 2);
  if (fds[1] != -1) close(fds[1]);
  text_wipe(&record);
  text_free(&fingerprint);
  text_free(&names);
  return sent;
}

void auth_handover_proceed(int call, struct tls *tls, int socket, const struct tls_verdict *verdict)
{
  int pair[2];

  set_options(socket);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
    auth_handover_refuse(call, "no socket is left for the plaintext", "");
    return;
  }
  if (!answer(call, tls, pair[1], verdict)) return;
  close(pair[1]);
  close(call);
  if (!auth_pump_run(tls, socket, pair[0])) log_event("ended", "reason", "out of memory", (char *)0);
}
