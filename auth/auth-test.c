/* auth-test: tries a login through the running auth-server, and says what the tables know about it.

   The password is one line on fd 0. Runs as root (or as a caller of auth-server). Writes nothing. */

#include <errno.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>

#include "lib/base64.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/scheme.h"
#include "lib/secret.h"
#include "lib/tables.h"

#define USAGE "auth-test [ -s imap|submit ] LOGIN"

enum { ANSWER_SECONDS = 90 };

static void say(const char *a, const char *b, const char *c)
{
  if (buffer_puts(buffer_1, a) == -1 || buffer_puts(buffer_1, b) == -1 || buffer_puts(buffer_1, c) == -1)
    die_unable("write to fd 1");
}

static void ask(const char *service, const char *login, const text *password, text *answer)
{
  text response = TEXT_ZERO, encoded = TEXT_ZERO, request = TEXT_ZERO;

  text_add_char(&response, 0);
  text_add_bytes(&response, login, strlen(login) + 1);
  text_add_text(&response, password);
  base64_add(&encoded, response.s, response.len);
  record_add(&request, "service", service);
  record_add(&request, "mechanism", "PLAIN");
  record_add(&request, "ip", "127.0.0.1");
  record_add(&request, "tls", "yes");
  record_add(&request, "response", text_string(&encoded));
  if (call_ask("auth-server", &request, 0, 0, answer, 0, ANSWER_SECONDS) != CALL_DONE)
    die_unable("ask auth-server at run/auth-server (only root, mail-submit and mail-login may; is it up?)");
  text_wipe(&response);
  text_wipe(&encoded);
  text_wipe(&request);
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
    }
  if (record_find(record, "bind"))
    say("password: the directory server is asked, by a bind as ", record_get(record, "bind"), "\n");
}

/* kind, key: "mailbox" or "backend", and whose. */
static void explain_password(const char *kind, const char *key)
{
  struct tables auth = TABLES_ZERO;
  text record = TEXT_ZERO;

  if (!tables_open(&auth, "auth"))
    say("password: tables/current/auth.cdb cannot be read by this user (", strerror(errno), ")\n");
  else if (tables_find(&auth, kind, key, &record) == LOOKUP_FOUND)
    say_secrets(&record);
  else
    say("password: none is stored, so nobody can log in", "", "\n");
  tables_close(&auth);
  text_wipe(&record);
}

static void explain_mailbox(struct tables *policy, const char *key)
{
  text mailbox = TEXT_ZERO;

  if (tables_find(policy, "mailbox", key, &mailbox) == LOOKUP_FOUND) {
    say("mailbox: ", record_get(&mailbox, "name"), "");
    say(" in mail/", record_get(&mailbox, "path"), "");
    say(", key ", key, "\n");
    say("may: receive=", record_get(&mailbox, "receive"), "");
    say(" submit=", record_get(&mailbox, "submit"), "");
    say(" imap=", record_get(&mailbox, "imap"), "\n");
    say("from: ", record_get(&mailbox, "from"), "\n");
    explain_password("mailbox", key);
  }
  text_free(&mailbox);
}

static void explain(const char *login)
{
  struct tables policy = TABLES_ZERO;
  text name = TEXT_ZERO, found = TEXT_ZERO;

  text_copy(&name, login);
  text_lower(&name);
  if (!tables_open(&policy, "policy")) die_unable("open tables/current/policy.cdb");
  say("generation: ", policy.generation.s, "\n");
  say("SCRAM-SHA-256: is ", tables_offer_scram(&policy) ? "offered" : "not offered: not every login has keys for it (tables-build logs the first as no-scram)", "\n");
  if (tables_find(&policy, "login", text_string(&name), &found) != LOOKUP_FOUND)
    say("login: nobody has the name ", name.s, "; see the warnings of tables-build\n");
  else if (record_find(&found, "backend")) {
    say("backend: control/backends/", record_get(&found, "backend"), ", which may submit and has no mailbox\n");
    explain_password("backend", record_get(&found, "backend"));
  } else
    explain_mailbox(&policy, record_get(&found, "mailbox"));
  tables_close(&policy);
  text_free(&name);
  text_free(&found);
}

int main(int argc, const char *const *argv)
{
  const char *service = "submit";
  text password = TEXT_ZERO, answer = TEXT_ZERO;
  subgetopt options = SUBGETOPT_ZERO;

  PROG = "auth-test";
  for (int option; (option = subgetopt_r(argc, argv, "s:", &options)) != -1;) {
    if (option != 's' || (strcmp(options.arg, "imap") && strcmp(options.arg, "submit"))) die_usage(USAGE);
    service = options.arg;
  }
  argv += options.ind;
  if (!argv[0] || argv[1]) die_usage(USAGE);
  home_enter();
  secret_read(&password);
  ask(service, argv[0], &password, &answer);
  text_wipe(&password);
  say("answer: ", record_get(&answer, "answer"), "");
  say(record_find(&answer, "error") ? ": " : "", record_get(&answer, "error"), "\n");
  explain(argv[0]);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  return record_is(&answer, "answer", "yes") ? END_DONE : record_is(&answer, "answer", "no") ? END_NO : END_TEMPORARY;
}
