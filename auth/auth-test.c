/* auth-test: tries a login through the running auth-server, and explains step by step what the tables know of it and what came of it (W-26).

   The password is one line on fd 0. Runs as root: auth-server neither slows a test down nor counts it. Writes nothing. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>

#include "auth/master.h"
#include "lib/address.h"
#include "lib/apppassword.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/scheme.h"
#include "lib/secret.h"
#include "lib/tables.h"

#define USAGE "auth-test [ -s imap|pop3|sieve|submit ] [ -i IP ] [ -t ] LOGIN"

enum { ANSWER_SECONDS = 90, TOKEN_MAX = 6000 };

struct test {
  const char *service, *ip, *login;
  struct tables policy, auth;
  bool is_token; /* fd 0 has an access token */
  bool has_auth; /* auth.cdb can be read */
};

static void say(const char *a, const char *b, const char *c)
{
  if (buffer_puts(buffer_1, a) == -1 || buffer_puts(buffer_1, b) == -1 || buffer_puts(buffer_1, c) == -1)
    die_unable("write to fd 1");
}

/* RFC 4616, or RFC 7628 3.1, in which a name has "," and "=" as RFC 5801 says. */
static void make_response(const struct test *t, const text *secret, text *response)
{
  text_add(response, t->is_token ? "n,a=" : "");
  if (!t->is_token) text_add_char(response, 0);
  for (const char *c = t->login; *c; c++)
    if (t->is_token && (*c == ',' || *c == '='))
      text_add(response, *c == ',' ? "=2C" : "=3D");
    else
      text_add_char(response, *c);
  if (t->is_token)
    text_add(response, ",\1auth=Bearer ");
  else
    text_add_char(response, 0);
  text_add_text(response, secret);
  if (t->is_token) text_add(response, "\1\1");
}

/* Why a token is refused is a challenge, which is answered by anything. */
static bool converse(const text *request, text *answer)
{
  text anything = TEXT_ZERO;
  int call = call_open("auth-server");
  bool good = call != -1 && call_send(call, request, 0, 0) && call_receive(call, answer, 0, ANSWER_SECONDS) == CALL_DONE;

  if (good && record_is(answer, "answer", "continue")) {
    record_add(&anything, "response", "AQ==");
    good = call_send(call, &anything, 0, 0) && call_receive(call, answer, 0, ANSWER_SECONDS) == CALL_DONE;
  }
  if (call != -1) close(call);
  text_free(&anything);
  return good;
}

static void ask(const struct test *t, const text *secret, text *answer)
{
  text response = TEXT_ZERO, encoded = TEXT_ZERO, request = TEXT_ZERO;

  make_response(t, secret, &response);
  base64_add(&encoded, response.s, response.len);
  record_add(&request, "service", t->service);
  record_add(&request, "mechanism", t->is_token ? "OAUTHBEARER" : "PLAIN");
  record_add(&request, "ip", t->ip);
  record_add(&request, "tls", "yes");
  record_add(&request, "test", "yes");
  record_add(&request, "response", text_string(&encoded));
  errno = 0;
  if (!converse(&request, answer)) die_unable("ask auth-server at run/auth-server (only root and the programs of logins may; is it up?)");
  text_wipe(&response);
  text_wipe(&encoded);
  text_wipe(&request);
}

/* What token-check says of it. */
static void explain_token(const text *token)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  record_add(&request, "what", "token");
  record_add_bytes(&request, "token", token->s, token->len);
  if (call_ask("token-check", &request, 0, 0, &answer, 0, ANSWER_SECONDS) != CALL_DONE)
    say("token: token-check does not answer", "", "\n");
  else if (record_is(&answer, "answer", "yes"))
    say("token: it is good, and that of ", record_get(&answer, "user"), "\n");
  else if (record_is(&answer, "answer", "later"))
    say("token: nobody can say now: ", record_get(&answer, "error"), "\n");
  else
    say("token: it is not good: ", record_get(&answer, "reason"), "\n");
  text_wipe(&request);
  text_free(&answer);
}

/* The scheme without the hash. */
static void say_secrets(const text *record)
{
  size_t at = 0;
  const char *hash;

  for (const char *stored; (stored = record_next(record, "password", &at));)
    if (scheme_parse(stored, &hash) != SCHEME_UNKNOWN) {
      text scheme = TEXT_ZERO;
      text_add_bytes(&scheme, stored, (size_t)(hash - stored));
      say("password: a hash of the scheme ", text_string(&scheme), "\n");
      text_free(&scheme);
    } else
      say("password: a hash of a scheme that cannot be checked here", "", "\n");
  if (!record_find(record, "bind")) return;
  text servers = TEXT_ZERO;
  say("password: the directory server is asked, by a bind as ", record_get(record, "bind"), "\n");
  conf_lines("ldapserver", &servers);
  for (at = 0; at < servers.len; at += strlen(servers.s + at) + 1) say("server: ", servers.s + at, "\n");
  text_free(&servers);
}

static void say_apps(struct test *t, const char *key)
{
  struct apppassword app = APPPASSWORD_ZERO;
  text record = TEXT_ZERO;
  size_t at = 0;

  if (tables_find(&t->auth, "app", key, &record) != LOOKUP_FOUND) return;
  for (const char *line; (line = record_next(&record, "app", &at));) {
    if (!apppassword_parse(&app, line)) continue;
    app.services.len--; /* the comma behind the last */
    say("app password: ", app.name.s, "");
    say(", for ", text_string(&app.services), "\n");
  }
  apppassword_free(&app);
  text_wipe(&record);
}

/* kind, key: "mailbox" or "backend", and whose. */
static void explain_password(struct test *t, const char *kind, const char *key)
{
  text record = TEXT_ZERO;

  if (!t->has_auth) {
    say("password: tables/current/auth.cdb cannot be read by this user", "", "\n");
    return;
  }
  if (tables_find(&t->auth, kind, key, &record) == LOOKUP_FOUND)
    say_secrets(&record);
  else
    say("password: none is stored, so nobody can log in", "", " with one\n");
  if (!strcmp(kind, "mailbox")) say_apps(t, key);
  text_wipe(&record);
}

static void say_bit(const text *mailbox, const char *bit)
{
  const char *value = record_find(mailbox, bit);

  say(" ", bit, "=");
  say(value ? value : "yes", "", "");
}

static void explain_mailbox(struct test *t, const char *key)
{
  static const char *const bits[] = { "receive", "submit", "imap", "pop3", "sieve", "forwarding", 0 };
  text mailbox = TEXT_ZERO;

  if (tables_find(&t->policy, "mailbox", key, &mailbox) == LOOKUP_FOUND) {
    say("mailbox: ", record_get(&mailbox, "name"), "");
    say(" in mail/", record_get(&mailbox, "path"), "");
    say(", key ", key, "\n");
    say("may:", "", "");
    for (const char *const *bit = bits; *bit; bit++) say_bit(&mailbox, *bit);
    say("\n", "from: ", record_get(&mailbox, "from"));
    say("\n", "", "");
    explain_password(t, "mailbox", key);
  }
  text_free(&mailbox);
}

/* what: "login" or "master" */
static void explain_name(struct test *t, const char *what, const char *name)
{
  text found = TEXT_ZERO;

  if (tables_find(&t->policy, "login", name, &found) != LOOKUP_FOUND) {
    say(what, ": nobody has the name ", name);
    say("; see the warnings of tables-build, and `mailadm list accounts`", "", "\n");
  } else if (record_find(&found, "backend")) {
    say("backend: control/backends/", record_get(&found, "backend"), ", which may submit and has no mailbox\n");
    explain_password(t, "backend", record_get(&found, "backend"));
  } else {
    say(what, ": login:", name);
    say(" leads to mailbox:", record_get(&found, "mailbox"), "\n");
    explain_mailbox(t, record_get(&found, "mailbox"));
  }
  text_free(&found);
}

static void explain_reserved(void)
{
  text secret = TEXT_ZERO;

  if (master_secret(&secret)) {
    say("master: control/vmail has his password\n", "", "");
    say_secrets(&secret);
  } else
    say("master: there is no control/vmail, so nobody is he: mailadm master vmail\n", "", "");
  text_wipe(&secret);
}

/* As auth-server reads it. */
static void explain(struct test *t)
{
  text name = TEXT_ZERO, user = TEXT_ZERO, master = TEXT_ZERO, ignored = TEXT_ZERO;

  text_copy(&name, t->login);
  login_fold(&name);
  say("name: looked up as ", text_string(&name), "\n");
  if (tables_find(&t->policy, "login", name.s, &ignored) != LOOKUP_FOUND && master_split(name.s, &user, &master)) {
    say("master: ", master.s, "");
    say(" for ", user.s, ", with the password of the first\n");
    if (master_is_reserved(master.s))
      explain_reserved();
    else
      explain_name(t, "master", master.s);
    explain_name(t, "login", user.s);
  } else if (master_is_reserved(name.s))
    say("login: ", name.s, " is reserved for masters: USER*vmail\n");
  else
    explain_name(t, "login", name.s);
  text_free(&name);
  text_free(&user);
  text_free(&master);
  text_free(&ignored);
}

static void say_guessing(const struct test *t, const text *answer)
{
  if (!record_find(answer, "delay")) return;
  say("failures: ", record_get(answer, "name-failures"), " of the name");
  say(", ", record_get(answer, "network"), " of the network of ");
  say(t->ip, ", ", record_get(answer, "here"));
  say(" of the name there; it is ", record_is(answer, "known", "yes") ? "known" : "not known", " there\n");
  if (!record_is(answer, "blocked", "0"))
    say("failures: a login from there is refused for ", record_get(answer, "blocked"), " seconds (this one was not; mailadm auth)\n");
  else if (!record_is(answer, "delay", "0"))
    say("failures: a login from there waits ", record_get(answer, "delay"), " ms before it is looked at (this one did not)\n");
}

/* For people: what a no by a word of the log means. */
static const char *meaning(const text *answer)
{
  const char *reason = record_get(answer, "reason");

  if (!record_is(answer, "answer", "no")) return "";
  if (!strcmp(reason, "password")) return ": it is not the one that is stored";
  if (!strcmp(reason, "unknown")) return ": nobody has this name";
  if (!strcmp(reason, "bind")) return ": the directory server refuses it";
  return "";
}

static void say_answer(const struct test *t, const text *answer)
{
  if (record_find(answer, "app")) say("app password: it was that of ", record_get(answer, "app"), "\n");
  if (record_find(answer, "said")) say("server: ", record_get(answer, "said"), "\n");
  say_guessing(t, answer);
  say("service: ", t->service, "\n");
  if (record_find(answer, "master")) say("master: ", record_get(answer, "master"), " is in his mailbox\n");
  say("answer: ", record_get(answer, "answer"), "");
  say(record_find(answer, "error") ? ": " : "", record_get(answer, "error"), "");
  say(*record_get(answer, "reason") ? ", by " : "", record_get(answer, "reason"), meaning(answer));
  say("\n", "", "");
}

static const char *read_service(const char *word)
{
  static const char *const services[] = { "imap", "pop3", "sieve", "submit", 0 };

  for (const char *const *s = services; *s; s++)
    if (!strcmp(*s, word)) return *s;
  die_usage(USAGE);
}

static const char *read_arguments(struct test *t, int argc, const char *const *argv)
{
  subgetopt options = SUBGETOPT_ZERO;

  for (int option; (option = subgetopt_r(argc, argv, "s:i:t", &options)) != -1;)
    if (option == 's') t->service = read_service(options.arg);
    else if (option == 'i') t->ip = options.arg;
    else if (option == 't') t->is_token = true;
    else die_usage(USAGE);
  argv += options.ind;
  if (!argv[0]) die_usage(USAGE);
  if (argv[1])
    die_permanent("the password is read from fd 0, one line: on the command line all users of this host can see it, and the shell keeps it. ",
                  "If that was a real one, change it");
  return argv[0];
}

int main(int argc, const char *const *argv)
{
  struct test t = { .service = "submit", .ip = "127.0.0.1", .policy = TABLES_ZERO, .auth = TABLES_ZERO };
  text password = TEXT_ZERO, answer = TEXT_ZERO;

  PROG = "auth-test";
  t.login = read_arguments(&t, argc, argv);
  home_enter();
  if (t.is_token)
    secret_read_token(&password, TOKEN_MAX);
  else
    secret_read(&password);
  if (t.is_token) explain_token(&password);
  ask(&t, &password, &answer);
  text_wipe(&password);
  if (!tables_open(&t.policy, "policy")) die_unable("open tables/current/policy.cdb");
  t.has_auth = tables_open(&t.auth, "auth");
  say("generation: ", t.policy.generation.s, "\n");
  say("SCRAM-SHA-256: is ", tables_offer_scram(&t.policy) ? "offered" : "not offered: not every login has keys for it (tables-build logs the first as no-scram)", "\n");
  explain(&t);
  say_answer(&t, &answer);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  return record_is(&answer, "answer", "yes") ? END_DONE : record_is(&answer, "answer", "no") ? END_NO : END_TEMPORARY;
}
