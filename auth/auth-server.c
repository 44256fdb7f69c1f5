/* auth-server: who somebody is (doc/calls.md, "The login").

   Called by mail-submit, mail-login and mail-pop3 over run/auth-server; runs as mail-auth. Reads tables/current; asks auth-bind;
   hands the client's socket of a login to mailbox-spawn. Writes its log, when app passwords were used, and
   state/limits/mail-auth. */

#include <string.h>

#include "auth/evidence.h"
#include "auth/identity.h"
#include "auth/start.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/mechanisms.h"
#include "lib/serve.h"
#include "lib/user.h"

enum { CONCURRENCY = 1000, MEMORY_BYTES = 512 << 20, SILENT_SECONDS = 600 };

static uid_t tls_server;

/* Our proof is answered by nothing (RFC 5802 5, RFC 4422 5): then the login is done. A refusal may be answered by anything. */
static void conclude(struct conversation *c, const char *encoded)
{
  if (c->is_refused) {
    conversation_answer(c, "no", 0, 0);
    conversation_end(c);
    return;
  }
  if (*encoded && strcmp(encoded, "=")) {
    conversation_refuse(c, "malformed");
    return;
  }
  conversation_say_yes(c);
  conversation_end(c);
}

/* encoded: 0 if the client sent no response with its command; "=" is an empty one. */
static void step(struct conversation *c, const char *encoded)
{
  text response = TEXT_ZERO;
  enum sasl_result result = SASL_MALFORMED;

  text_ready(&response, 1);
  if (!encoded)
    result = sasl_step(&c->sasl, 0, 0);
  else if (!strcmp(encoded, "=") || base64_decode(&response, encoded, strlen(encoded)))
    result = sasl_step(&c->sasl, response.s, response.len);
  text_wipe(&response);
  switch (result) {
  case SASL_FOREIGN: conversation_refuse(c, "another identity"); break; /* RFC 4954 6: to the client that is a failed login */
  case SASL_UNBOUND: conversation_refuse(c, "channel binding"); break; /* the same */
  case SASL_MALFORMED: conversation_refuse(c, "malformed"); break;
  case SASL_MORE: conversation_challenge(c); break;
  case SASL_KEYS: evidence_keys(c); break;
  case SASL_TOKEN: evidence_token(c); break;
  case SASL_CERTIFICATE: evidence_certificate(c); break;
  case SASL_DONE: evidence_password(c); break;
  }
}

/* Not the response: what is kept for long holds no password. */
static void keep_facts(struct conversation *c, const text *packet)
{
  static const char *const facts[] = { "service", "mechanism", "ip", "tls", "exporter", "endpoint" };

  text_clear(&c->request);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    if (record_find(packet, facts[i])) record_add(&c->request, facts[i], record_get(packet, facts[i]));
}

/* What it needs, beside a client that can do it, is there. */
static bool can_work(const struct conversation *c, const char *mechanism)
{
  switch (sasl_means(mechanism)) {
  case SASL_BY_KEYS: return login_has_keys(sasl_hash(mechanism));
  case SASL_BY_TOKEN: return mechanisms_take_tokens();
  case SASL_BY_CERTIFICATE: return c->identity.len;
  default: return true;
  }
}

static void begin(struct conversation *c, const text *packet, const struct call_fds *fds)
{
  const char *service = record_get(packet, "service");

  conversation_end(c);
  c->may_start = false;
  c->is_test = c->is_root && record_is(packet, "test", "yes");
  keep_facts(c, packet);
  if (fds->count != 1 || !auth_identity_read(fds->fd[0], tls_server, &c->identity)) text_clear(&c->identity);
  login_forget(&c->login);
  if (!login_is_service(service))
    conversation_refuse(c, "unknown service");
  else if (!record_is(packet, "tls", "yes")) /* check 15, once more behind the server that should have said it */
    conversation_refuse(c, "no tls");
  else if (!can_work(c, record_get(packet, "mechanism")) || !sasl_begin(&c->sasl, record_get(packet, "mechanism"), &c->request))
    conversation_refuse(c, "unknown mechanism");
  else
    step(c, record_find(packet, "response"));
}

/* True if the client is somebody else's now, and the caller is done. */
static bool start(struct conversation *c, const text *packet, const struct call_fds *fds)
{
  text error = TEXT_ZERO;
  const char *word = auth_start(&c->login, &c->request, packet, fds, &error);
  bool is_started = !strcmp(word, "started");

  conversation_answer(c, word, is_started ? 0 : "error", error.s);
  text_free(&error);
  return is_started;
}

/* True until the conversation is over. */
static bool proceed(struct conversation *c, const text *packet, const struct call_fds *fds)
{
  const char *response = record_find(packet, "response");

  if (record_find(packet, "service"))
    begin(c, packet, fds);
  else if (c->is_in_exchange && response && !strcmp(response, "*"))
    conversation_refuse(c, "cancelled");
  else if ((c->is_concluding || c->is_refused) && response)
    conclude(c, response);
  else if (c->is_in_exchange && response)
    step(c, response);
  else if (c->may_start && record_is(packet, "what", "start") && fds->count == 1)
    return !start(c, packet, fds);
  else {
    log_event("refused", "reason", "not a request that belongs here", (char *)0);
    return false;
  }
  return true;
}

static void session(int in, int out, const struct peer *peer)
{
  struct conversation c = { .socket = in, .request = TEXT_ZERO, .sasl = SASL_ZERO, .stored = TEXT_ZERO, .login = LOGIN_ANSWER_ZERO };
  text packet = TEXT_ZERO;
  struct call_fds fds = { .count = 0 };
  bool is_open = true;

  (void)out;
  c.is_root = !peer->is_tcp && !peer->uid;
  while (is_open && call_receive(in, &packet, &fds, SILENT_SECONDS) == CALL_DONE) {
    is_open = proceed(&c, &packet, &fds);
    call_close_fds(&fds);
    explicit_bzero(packet.s, packet.len); /* its room is 64 KiB, of which nothing more was touched */
  }
  conversation_end(&c);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-submit", "mail-login", "mail-pop3", 0 };
  static const char *const reads[] = { "control", "tables", "run", 0 };
  static const char *const writes[] = { "state/apppasswords", "state/binds", "state/limits/" GUESS_USER, 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes };
  struct serve s = { .concurrency = CONCURRENCY, .memory_bytes = MEMORY_BYTES, .callers = callers, .sandbox = &sandbox, .refresh = login_refresh,
                     .session = session };

  PROG = "auth-server";
  if (argc != 1) die_usage("auth-server");
  home_enter();
  tls_server = user_uid("mail-tls");
  login_prepare();
  return serve(&s, argv);
}
