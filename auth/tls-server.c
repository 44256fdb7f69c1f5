/* tls-server: does the TLS handshake for the programs that speak with clients, and carries their bytes.

   Serves calls on run/tls-server: takes the client's socket, gives a plaintext socket back (doc/calls.md). Reads
   tls/cert.pem and tls/key.pem, control/clientca and clientcrl, again when they change. Runs as mail-tls, the only uid that may read the key; writes no
   file. */

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/handover.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/secure.h"
#include "lib/serve.h"

#define CERTIFICATE "tls/cert.pem"
#define KEY "tls/key.pem"

enum { TICKET_KEY_SECONDS = 12 * 3600, CONNECTIONS = 20000, CONNECTION_BYTES = 256 << 20 };

/* What stat tells of the files; they are read again when it is something else. */
struct identity {
  struct stat certificate, key, authorities, revocations;
};

static struct tls_context *context;
static struct identity identity;
static time_t rotated, revocations_until; /* when a list of revoked certificates expires; 0: none does */

static bool is_same(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* True if the files are others than before. A missing one is as good as another one: reading it says what is wrong. */
static bool look(struct identity *seen)
{
  struct identity now = { 0 };
  bool has_changed;

  stat(CERTIFICATE, &now.certificate);
  stat(KEY, &now.key);
  stat(SECURE_AUTHORITIES, &now.authorities);
  if (stat(SECURE_REVOCATIONS, &now.revocations) == -1) lstat(SECURE_REVOCATIONS, &now.revocations); /* a link to nothing is there, and cannot be used */
  has_changed = !is_same(&now.certificate, &seen->certificate) || !is_same(&now.key, &seen->key) || !is_same(&now.authorities, &seen->authorities) ||
                !is_same(&now.revocations, &seen->revocations);
  *seen = now;
  return has_changed;
}

static time_t seconds_now(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

/* Who may be revoked is not believed: without a list that can be used, where there should be one, no authority is. */
static bool believe(struct tls_context *c, text *error)
{
  struct tls_revocations r = { .has_expired = false };

  if (!tls_context_believe(c, SECURE_AUTHORITIES, error) || (identity.revocations.st_ino && !tls_context_revoke(c, SECURE_REVOCATIONS, &r, error))) return false;
  revocations_until = r.until;
  if (r.has_expired) log_event("revocations-expired", "file", SECURE_REVOCATIONS, "instead", "nobody is believed whose authority it is of", (char *)0);
  return true;
}

/* Authorities that cannot be used are none; whoever goes on from a session of before has to show his certificate again. */
static struct tls_context *make_context(text *error)
{
  struct tls_context *c = tls_context_server(CERTIFICATE, KEY, error);

  revocations_until = 0;
  if (!c || !identity.authorities.st_ino || believe(c, error)) return c;
  log_event("authorities-refused", "error", text_string(error), "instead", "none is believed", (char *)0);
  tls_context_free(c);
  return tls_context_server(CERTIFICATE, KEY, error);
}

/* In the parent, before each connection. New files that do not fit together are told once, and the old ones serve on. */
static void refresh(void)
{
  text error = TEXT_ZERO;
  bool is_over = revocations_until && time(0) >= revocations_until;

  if (look(&identity) || is_over) {
    struct tls_context *fresh = make_context(&error);
    if (fresh) {
      tls_context_free(context);
      context = fresh;
      rotated = seconds_now();
      log_event("certificate", "file", CERTIFICATE, (char *)0);
    } else {
      tls_context_rotate(context);
      log_event("certificate-refused", "error", text_string(&error), "instead", "the one read before", (char *)0);
    }
    text_free(&error);
  }
  if (seconds_now() - rotated >= TICKET_KEY_SECONDS) {
    tls_context_rotate(context);
    rotated = seconds_now();
  }
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, error = TEXT_ZERO;
  int socket = auth_handover_receive(in, "accept", &request);
  bool asks = record_is(&request, "ask", "certificate");
  struct tls *tls;

  (void)out;
  (void)peer;
  text_free(&request);
  if (socket == -1) return;
  if ((tls = tls_accept(context, socket, asks, HANDOVER_SECONDS, &error)))
    auth_handover_proceed(in, tls, socket, 0);
  else
    auth_handover_refuse(in, text_string(&error), "");
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-in", "mail-submit", "mail-login", "mail-pop3", 0 };
  static const char *const reads[] = { "tls", "control", 0 };
  static const struct sandbox sandbox = { .reads = reads };
  struct serve service = {
    .memory_bytes = CONNECTION_BYTES, .callers = callers, .sandbox = &sandbox, .refresh = refresh, .session = session
  };
  text error = TEXT_ZERO;

  PROG = "tls-server";
  if (argc != 1) die_usage("tls-server");
  home_enter();
  service.concurrency = (unsigned int)conf_number("concurrencytls", CONNECTIONS, 1000000);
  look(&identity);
  if (!(context = make_context(&error))) die_permanent(text_string(&error));
  rotated = seconds_now();
  return serve(&service, argv);
}
