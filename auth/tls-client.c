/* tls-client: does the TLS handshake with other mail hosts for smtp-send, and carries its bytes.

   Serves calls on run/tls-client: takes the connected socket, gives a plaintext socket back (doc/calls.md). Reads the
   authorities that are believed: control/tlscafile, or the system's; and our own certificate with its key, tlsout/client.pem,
   for relays whose rule says so. Runs as mail-tlsout, which holds that key alone; writes no file. */

#include <string.h>

#include "auth/dane_request.h"
#include "auth/handover.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/serve.h"

#define SYSTEM_AUTHORITIES "/etc/ssl/certs"
#define OWN_CERTIFICATE "tlsout/client.pem"

enum { CONNECTIONS = 10000, CONNECTION_BYTES = 256 << 20 };

static struct tls_context *stranger, *pinned, *dane; /* made once, for all children */

/* The authorities are read when somebody is to be verified, so that a new file counts at once; from a folder only
   those that the other side's certificate names. */
static struct tls_context *verifier_new(struct tls_context *make(const char *, text *), text *error)
{
  text authorities = TEXT_ZERO;
  struct tls_context *context;

  conf_value("tlscafile", &authorities, SYSTEM_AUTHORITIES);
  context = make(text_string(&authorities), error);
  text_free(&authorities);
  return context;
}

/* Who is only watched is not left in clear because no authority can be read. */
static struct tls_context *watcher_new(text *error)
{
  struct tls_context *context = verifier_new(tls_context_observer, error);

  return context ? context : stranger;
}

/* Is it one of those that the request names? Whoever has the key to such a certificate is who is wanted (S-31). */
static bool has_fingerprint(const struct tls *tls, const text *request, struct tls_verdict *verdict)
{
  text seen = TEXT_ZERO;
  bool is_known = false;
  size_t at = 0;

  if (tls_fingerprint(tls, &seen))
    for (const char *known; !is_known && (known = record_next(request, "fingerprint", &at));) is_known = text_is(&seen, known);
  verdict->is_verified = is_known;
  if (!is_known) {
    verdict->failure = "validation-failure";
    text_copy(&verdict->error, "the certificate is not the one that is expected: its fingerprint is ");
    text_add_text(&verdict->error, &seen);
  }
  text_free(&seen);
  return is_known;
}

/* Our own certificate, if it is to be shown. One connection a process: it is no other's context that is changed. */
static bool bear(struct tls_context *context, const text *request, struct tls_verdict *verdict)
{
  return !record_is(request, "bear", "certificate") || tls_context_bear(context, OWN_CERTIFICATE, &verdict->error);
}

/* By TLSA records. None that can be used: encrypted all the same, but nobody is verified (RFC 7672 2.2). */
static struct tls *handshake_dane(int socket, const text *request, struct tls_verdict *verdict)
{
  static struct dane_request parsed; /* one connection a process */
  struct tls_dane wanted = { .names = parsed.names, .records = parsed.records };

  if (!bear(dane, request, verdict)) return 0;
  auth_dane_parse(&parsed, request);
  wanted.name_count = parsed.name_count;
  wanted.count = parsed.count;
  struct tls *tls = parsed.name_count ? tls_connect_dane(dane, socket, &wanted, HANDOVER_SECONDS, verdict) : 0;
  if (!verdict->is_unusable) return tls;
  if ((tls = tls_connect(stranger, socket, parsed.names[0], HANDOVER_SECONDS, verdict))) verdict->failure = "tlsa-invalid";
  return tls;
}

static struct tls *handshake(int socket, const text *request, struct tls_verdict *verdict)
{
  const char *verify = record_get(request, "verify");
  bool is_pinned = !strcmp(verify, "fingerprint");
  struct tls_context *context;

  if (!strcmp(verify, "dane")) return handshake_dane(socket, request, verdict);
  context = is_pinned                  ? pinned
            : !strcmp(verify, "none")  ? stranger
            : !strcmp(verify, "watch") ? watcher_new(&verdict->error)
                                       : verifier_new(tls_context_client, &verdict->error);
  struct tls *tls = context && bear(context, request, verdict) ? tls_connect(context, socket, record_get(request, "name"), HANDOVER_SECONDS, verdict) : 0;
  if (!tls || !is_pinned || has_fingerprint(tls, request, verdict)) return tls;
  tls_free(tls);
  return 0;
}

static void session(int in, int out, const struct peer *peer)
{
  struct tls_verdict verdict = TLS_VERDICT_ZERO;
  text request = TEXT_ZERO;
  int socket = auth_handover_receive(in, "connect", &request);
  struct tls *tls;

  (void)out;
  (void)peer;
  if (socket == -1) return;
  tls = handshake(socket, &request, &verdict);
  text_free(&request);
  text_string(&verdict.error);
  if (tls)
    auth_handover_proceed(in, tls, socket, &verdict);
  else
    auth_handover_refuse(in, verdict.error.s, verdict.failure);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-remote", 0 };
  static const char *const reads[] = { "control", "tlsout", "/etc/ssl", "/usr/share/ca-certificates",
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
  if (!(stranger = tls_context_client(0, &error)) || !(pinned = tls_context_pinned(&error)) ||
      !(dane = tls_context_dane(&error)) || !(verifier = verifier_new(tls_context_client, &error)))
    die_permanent(text_string(&error));
  tls_context_free(verifier);
  return serve(&service, argv);
}
