/* tls-client: does the TLS handshake with other mail hosts for smtp-send, and carries its bytes.

   Serves calls on run/tls-client: takes the connected socket, gives a plaintext socket back (doc/calls.md). Reads the
   authorities that are believed: control/tlscafile, or the system's. Runs as mail-tlsout, which holds no secret; writes
   no file. */

#include "auth/handover.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/serve.h"

#define SYSTEM_AUTHORITIES "/etc/ssl/certs"

enum { CONNECTIONS = 10000, CONNECTION_BYTES = 256 << 20 };

static struct tls_context *stranger, *pinned; /* verify nobody; made once, for all children */

/* The authorities are read when somebody is to be verified, so that a new file counts at once; from a folder only
   those that the other side's certificate names. */
static struct tls_context *verifier_new(text *error)
{
  text authorities = TEXT_ZERO;
  struct tls_context *context;

  conf_value("tlscafile", &authorities, SYSTEM_AUTHORITIES);
  context = tls_context_client(text_string(&authorities), error);
  text_free(&authorities);
  return context;
}

/* Is it one of those that the request names? Whoever has the key to such a certificate is who is wanted (S-31). */
static bool has_fingerprint(const struct tls *tls, const text *request, text *error)
{
  text seen = TEXT_ZERO;
  bool is_known = false;
  size_t at = 0;

  if (tls_fingerprint(tls, &seen))
    for (const char *known; !is_known && (known = record_next(request, "fingerprint", &at));) is_known = text_is(&seen, known);
  text_copy(error, "the certificate is not the one that is expected: its fingerprint is ");
  text_add_text(error, &seen);
  text_free(&seen);
  return is_known;
}

static struct tls *handshake(int socket, const text *request, text *error)
{
  bool is_pinned = record_is(request, "verify", "fingerprint");
  struct tls_context *context = is_pinned ? pinned : record_is(request, "verify", "none") ? stranger : verifier_new(error);
  struct tls *tls = context ? tls_connect(context, socket, record_get(request, "name"), HANDOVER_SECONDS, error) : 0;

  if (!tls || !is_pinned || has_fingerprint(tls, request, error)) return tls;
  tls_free(tls);
  return 0;
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, error = TEXT_ZERO;
  int socket = auth_handover_receive(in, "connect", &request);
  struct tls *tls;

  (void)out;
  (void)peer;
  if (socket == -1) return;
  tls = handshake(socket, &request, &error);
  text_free(&request);
  if (tls)
    auth_handover_proceed(in, tls, socket);
  else
    auth_handover_refuse(in, text_string(&error));
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-remote", 0 };
  static const char *const reads[] = { "control", "/etc/ssl", "/usr/share/ca-certificates",
                                       "/usr/local/share/ca-certificates", 0 };
  static const struct sandbox sandbox = { .reads = reads };
  static const struct serve service = { .concurrency = CONNECTIONS,
                                        .memory_bytes = CONNECTION_BYTES,
                                        .callers = callers,
                                        .sandbox = &sandbox,
                                        .session = session };
  struct tls_context *verifier;
  text error = TEXT_ZERO;

  PROG = "tls-client";
  if (argc != 1) die_usage("tls-client");
  home_enter();
  if (!(stranger = tls_context_client(0, &error)) || !(pinned = tls_context_pinned(&error)) || !(verifier = verifier_new(&error)))
    die_permanent(text_string(&error));
  tls_context_free(verifier);
  return serve(&service, argv);
}
