/* auth-server: who somebody is (doc/calls.md, "The login").

   Called by mail-submit and mail-login over run/auth-server; runs as mail-auth. Reads tables/current; asks auth-bind;
   hands the client's socket of a login to mailbox-spawn. Writes its log, when app passwords were used, and
   state/limits/mail-auth. */

#include <errno.h>
#include <string.h>

#include <skalibs/random.h>

#include "auth/certificate.h"
#include "auth/explain.h"
#include "auth/identity.h"
#include "auth/login.h"
#include "auth/oauth.h"
#include "auth/sasl.h"
#include "auth/start.h"
#include "auth/token_ask.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/guess.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/mechanisms.h"
#include "lib/serve.h"
#include "lib/user.h"

enum { CONCURRENCY = 1000, MEMORY_BYTES = 512 << 20, SILENT_SECONDS = 600, NONCE_SIZE = 24 };

static uid_t tls_server;

struct conversation {
  int socket;
  text request;        /* what began the attempt: service, mechanism, ip, tls */
  struct sasl sasl;
  text name, acts_for; /* who logs in, and for whom, if not for himself */
  text identity;       /* what tls-server says of the client's certificate */
  text stored;         /* the keys that SCRAM was begun with, as they are stored */
  struct login_answer login;
  bool is_concluding;  /* SCRAM: our proof is out, which is the last challenge */
  bool is_refused;     /* a token: why it is not taken is out, the same */
  bool is_in_exchange; /* a challenge is out */
  bool may_start;      /* the last attempt was right, for imap */
  bool is_root;        /* the caller */
  bool is_test;        /* it is auth-test: he is told all that is known, and nothing is counted */
};

static void answer(struct conversation *c, const char *word, const char *key, const char *value)
{
  text packet = TEXT_ZERO;

  record_add(&packet, "answer", word);
  if (key) record_add(&packet, key, value);
  if (c->is_test && strcmp(word, "continue")) explain_add(&packet, &c->login);
  if (!call_send(c->socket, &packet, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
  text_free(&packet);
}

static void log_attempt(const struct conversation *c, const char *result)
{
  const char *reason = strcmp(result, "later") && *c->login.reason ? c->login.reason : c->login.error.s;
  text shown = TEXT_ZERO, master = TEXT_ZERO;

  login_show(c->acts_for.len ? c->acts_for.s : c->name.len ? c->name.s : "", &shown);
  if (c->acts_for.len) login_show(c->name.s, &master);
  log_event("login", "result", result, "reason", reason, "login", shown.s, "master", master.s, "mailbox", c->login.mailbox.s, "backend", c->login.backend.s, "service",
            record_get(&c->request, "service"), "app", c->login.app.id.len ? c->login.app.name.s : "", "mechanism", record_get(&c->request, "mechanism"), "client",
            record_get(&c->request, "ip"), "test", c->is_test ? "yes" : "", (char *)0);
  text_free(&shown);
  text_free(&master);
}

static void end_exchange(struct conversation *c)
{
  sasl_end(&c->sasl);
  text_wipe(&c->stored);
  text_clear(&c->name);
  text_clear(&c->acts_for);
  c->is_concluding = c->is_refused = false;
  c->is_in_exchange = false;
}

/* What was said as a name is known. */
static void take_names(struct conversation *c)
{
  if (c->sasl.acts_for.len) {
    text_copy(&c->name, c->sasl.login.s);
    text_copy(&c->acts_for, c->sasl.acts_for.s);
    text_string(&c->name);
    text_string(&c->acts_for);
  } else
    login_split(c->sasl.login.s, &c->name, &c->acts_for);
}

static void refuse(struct conversation *c, const char *reason)
{
  if (c->sasl.login.len && !c->name.len) take_names(c);
  c->login.reason = reason;
  log_attempt(c, "no");
  answer(c, "no", "error", reason);
  end_exchange(c);
}

static void say_yes(struct conversation *c)
{
  text packet = TEXT_ZERO;

  log_attempt(c, "yes");
  record_add(&packet, "answer", "yes");
  record_add(&packet, "name", c->login.name.s);
  if (c->login.backend.len)
    record_add(&packet, "backend", c->login.backend.s);
  else
    record_add(&packet, "mailbox", c->login.mailbox.s);
  if (c->login.master.len) record_add(&packet, "master", c->login.master.s);
  if (c->is_test) explain_add(&packet, &c->login);
  c->may_start = record_is(&c->request, "service", "imap");
  if (!call_send(c->socket, &packet, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
  text_free(&packet);
}

static void send_challenge(struct conversation *c)
{
  text encoded = TEXT_ZERO;

  base64_add(&encoded, c->sasl.challenge, strlen(c->sasl.challenge));
  c->is_in_exchange = true;
  answer(c, "continue", "challenge", text_string(&encoded));
  text_free(&encoded);
}

static void postpone(struct conversation *c)
{
  log_attempt(c, "later");
  answer(c, "later", "error", c->login.error.s);
  end_exchange(c);
}

static void tell(struct conversation *c, enum login_result result)
{
  if (result == LOGIN_LATER) {
    postpone(c);
    return;
  }
  if (result == LOGIN_YES)
    say_yes(c);
  else {
    log_attempt(c, "no");
    answer(c, "no", 0, 0);
  }
  end_exchange(c);
}

static void check(struct conversation *c)
{
  take_names(c);
  struct login_try try = { .service = record_get(&c->request, "service"), .ip = record_get(&c->request, "ip"), .login = c->name.s, .acts_for = c->acts_for.len ? c->acts_for.s : 0,
                           .password = c->sasl.password.s, .stored = c->stored.s, .is_proved = c->sasl.is_proved, .is_test = c->is_test };

  enum login_result result = login_check(&try, &c->login);
  if (result != LOGIN_YES)
    tell(c, result);
  else if (c->sasl.is_proved) {
    c->is_concluding = true;
    send_challenge(c);
  } else {
    say_yes(c);
    if (!c->is_test) login_finish(&try, &c->login);
    end_exchange(c);
  }
}

/* What one needs is said to the client, who says something to it; then he is refused (RFC 7628 3.2.3). */
static void refuse_token(struct conversation *c, bool lacks_scope)
{
  struct oauth oauth = OAUTH_ZERO;
  text ignored = TEXT_ZERO;

  log_attempt(c, "no");
  bool is_read = oauth_read(&oauth, &ignored) == OAUTH_READ;
  struct bearer_refusal r = { lacks_scope, is_read ? oauth.scope.s : "", is_read ? oauth.configuration : "" };
  sasl_refuse(&c->sasl, &r);
  c->is_refused = true;
  send_challenge(c);
  oauth_free(&oauth);
  text_free(&ignored);
}

/* by: what vouches for this login. The name that the client says has to be his, too. */
static enum login_result check_vouched(struct conversation *c, const char *login, const char *by, bool is_proved)
{
  text_copy(&c->name, login);
  struct login_try try = { .service = record_get(&c->request, "service"), .ip = record_get(&c->request, "ip"), .login = text_string(&c->name),
                           .token = c->sasl.token.len ? c->sasl.token.s : 0, .vouched = by, .acts_as = c->sasl.login.s, .is_proved = is_proved, .is_test = c->is_test };
  return login_check(&try, &c->login);
}

/* One that is not good is counted for the name that the client says, or, as nobody's, for a name that none has. */
static void check_token(struct conversation *c)
{
  struct token_answer a = TOKEN_ANSWER_ZERO;
  enum login_result result = c->sasl.token.len ? auth_token_ask(c->sasl.token.s, &a) : LOGIN_NO;

  c->login.reason = c->sasl.token.len ? "" : "no token";
  if (result == LOGIN_LATER)
    text_copy(&c->login.error, text_string(&a.error));
  else if (result == LOGIN_YES)
    result = check_vouched(c, a.user.s, "token", true);
  else if (c->sasl.token.len)
    result = check_vouched(c, c->sasl.login.len ? c->sasl.login.s : "?", "token", false);
  text_string(&c->login.error);
  if (result == LOGIN_NO)
    refuse_token(c, a.lacks_scope);
  else
    tell(c, result);
  auth_token_free(&a);
}

/* EXTERNAL (RFC 4422 A): by the client's certificate. */
static void check_certificate(struct conversation *c)
{
  text login = TEXT_ZERO;
  bool is_his = auth_certificate_login(&c->identity, c->sasl.login.s, &login);

  tell(c, check_vouched(c, login.s, LOGIN_CERTIFICATE, is_his));
  text_free(&login);
}

/* The keys of the name that the client has said. */
static void give_keys(struct conversation *c)
{
  char nonce[NONCE_SIZE + 1];

  take_names(c);
  struct login_try try = { .login = c->name.s, .acts_for = c->acts_for.len ? c->acts_for.s : 0 };
  if (login_keys(&try, &c->sasl.keys, &c->stored, &c->login) != LOGIN_YES) {
    postpone(c);
    return;
  }
  random_name(nonce, NONCE_SIZE);
  nonce[NONCE_SIZE] = 0;
  sasl_challenge(&c->sasl, nonce);
  send_challenge(c);
}

/* Our proof is answered by nothing (RFC 5802 5, RFC 4422 5): then the login is done. A refusal may be answered by anything. */
static void conclude(struct conversation *c, const char *encoded)
{
  if (c->is_refused) {
    answer(c, "no", 0, 0);
    end_exchange(c);
    return;
  }
  if (*encoded && strcmp(encoded, "=")) {
    refuse(c, "malformed");
    return;
  }
  say_yes(c);
  end_exchange(c);
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
  case SASL_FOREIGN: refuse(c, "another identity"); break; /* RFC 4954 6: to the client that is a failed login */
  case SASL_UNBOUND: refuse(c, "channel binding"); break; /* the same */
  case SASL_MALFORMED: refuse(c, "malformed"); break;
  case SASL_MORE: send_challenge(c); break;
  case SASL_KEYS: give_keys(c); break;
  case SASL_TOKEN: check_token(c); break;
  case SASL_CERTIFICATE: check_certificate(c); break;
  case SASL_DONE: check(c); break;
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

  end_exchange(c);
  c->may_start = false;
  c->is_test = c->is_root && record_is(packet, "test", "yes");
  keep_facts(c, packet);
  if (fds->count != 1 || !auth_identity_read(fds->fd[0], tls_server, &c->identity)) text_clear(&c->identity);
  text_copy(&c->login.mailbox, "");
  text_string(&c->login.mailbox);
  text_copy(&c->login.backend, "");
  text_string(&c->login.backend);
  c->login.reason = "";
  if (!login_is_service(service))
    refuse(c, "unknown service");
  else if (!record_is(packet, "tls", "yes")) /* check 15, once more behind the server that should have said it */
    refuse(c, "no tls");
  else if (!can_work(c, record_get(packet, "mechanism")) || !sasl_begin(&c->sasl, record_get(packet, "mechanism"), &c->request))
    refuse(c, "unknown mechanism");
  else
    step(c, record_find(packet, "response"));
}

/* True if the client is somebody else's now, and the caller is done. */
static bool start(struct conversation *c, const text *packet, const struct call_fds *fds)
{
  text error = TEXT_ZERO;
  const char *word = auth_start(&c->login, &c->request, packet, fds, &error);
  bool is_started = !strcmp(word, "started");

  answer(c, word, is_started ? 0 : "error", error.s);
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
    refuse(c, "cancelled");
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
  end_exchange(&c);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-submit", "mail-login", 0 };
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
