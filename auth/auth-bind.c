/* auth-bind: asks the directory server whether a password is right, by binding with it (doc/calls.md).

   Called by mail-auth over run/auth-bind; runs as mail-bind. Connects to control/ldapserver, over TLS only. Holds nothing. */

#include <errno.h>
#include <string.h>

#include "auth/bind_cause.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/ldapserver.h"
#include "lib/log.h"
#include "lib/serve.h"

enum { CONCURRENCY = 200, MEMORY_BYTES = 256 << 20, REQUEST_SECONDS = 10, SESSION_SECONDS = 60 };

static const char *word_of(int code)
{
  switch (code) {
  case LDAP_SUCCESS: return "yes";
  case LDAP_INVALID_CREDENTIALS:
  case LDAP_INAPPROPRIATE_AUTH:      /* the entry has no password */
  case LDAP_NO_SUCH_OBJECT:
  case LDAP_INVALID_DN_SYNTAX:
  case LDAP_CONSTRAINT_VIOLATION:    /* locked, says one server */
  case LDAP_UNWILLING_TO_PERFORM:    /* switched off, says another */
    return "no";
  default: return "later";
  }
}

/* Has nobody answered who could know? */
static bool is_silence(int code)
{
  return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR || code == LDAP_UNAVAILABLE || code == LDAP_BUSY;
}

/* Does it know nobody of that name? Then it has counted no wrong password, and he may have another one. */
static bool is_unknown(LDAP *ld, int code)
{
  text said = TEXT_ZERO;

  if (code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX) return true;
  if (code != LDAP_INVALID_CREDENTIALS) return false;
  ldapserver_explain(ld, code, &said);
  const char *cause = bind_cause(said.s);
  bool is = cause && (!strcmp(cause, "no-such-user") || !strcmp(cause, "no-such-name"));
  text_free(&said);
  return is;
}

/* By each of his names, until one is known. */
static int bind_as(LDAP *ld, const text *request, const char *password)
{
  size_t at = 0;
  int code = LDAP_INVALID_CREDENTIALS;

  for (const char *name; (name = record_next(request, "dn", &at));) {
    code = *name ? ldapserver_bind(ld, name, password) : LDAP_INVALID_CREDENTIALS;
    if (!is_unknown(ld, code)) break;
  }
  return code;
}

/* Asks one server. "later" and a sentence in error if it does not say yes or no; it was reached if it has said anything. */
static const char *ask(const struct ldapserver *s, const char *uri, const text *request, const char *password, text *error, bool *is_reached)
{
  if (!ldapserver_is_private(s, uri)) {
    text_copy(error, uri);
    text_add(error, ": control/ldaptls is off, and no user's password is sent in the clear");
    text_string(error);
    *is_reached = true; /* the file is to be mended: it is no outage */
    return "later";
  }
  LDAP *ld = ldapserver_open(s, uri, error);
  if (!ld) return "later";
  int code = bind_as(ld, request, password);
  if (!is_silence(code)) *is_reached = true;
  text_copy(error, uri);
  text_add(error, ": ");
  ldapserver_explain(ld, code, error);
  ldap_unbind_ext_s(ld, 0, 0);
  return word_of(code);
}

static void log_result(const char *word, const char *dn, const char *reason)
{
  const char *cause = strcmp(word, "no") ? 0 : bind_cause(reason);

  if (cause)
    log_event("bind", "result", word, "dn", dn, "cause", cause, "reason", reason, (char *)0);
  else
    log_event("bind", "result", word, "dn", dn, "reason", reason, (char *)0);
}

/* The DN is the last of his names: the log has that. */
static const char *last_name(const text *request)
{
  const char *last = "";
  size_t at = 0;

  for (const char *name; (name = record_next(request, "dn", &at));) last = name;
  return last;
}

static void check(int socket, const text *request)
{
  const char *dn = last_name(request), *password = record_get(request, "password");
  struct ldapserver server = LDAPSERVER_ZERO;
  text error = TEXT_ZERO, answer = TEXT_ZERO;
  const char *word = "no";
  bool is_reached = false;

  if (*dn && *password) {
    word = "later";
    ldapserver_read(&server);
    for (size_t at = 0; at < server.uris.len && !strcmp(word, "later"); at += strlen(server.uris.s + at) + 1)
      word = ask(&server, server.uris.s + at, request, password, &error, &is_reached);
  } else
    text_copy(&error, "no dn or an empty password");
  log_result(word, dn, text_string(&error));
  record_add(&answer, "answer", word);
  if (!strcmp(word, "later")) record_add(&answer, "error", error.s);
  if (!strcmp(word, "later") && !is_reached) record_add(&answer, "unreachable", "yes");
  if (record_is(request, "test", "yes")) record_add(&answer, "said", error.s);
  if (record_is(request, "test", "yes") && bind_cause(error.s)) record_add(&answer, "cause", bind_cause(error.s));
  if (!call_send(socket, &answer, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
  text_free(&error);
  text_free(&answer);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO;

  (void)out;
  (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) == CALL_DONE)
    check(in, &request);
  text_wipe(&request);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-auth", 0 };
  static const char *const reads[] = { "control", 0 };
  static const struct sandbox sandbox = { .reads = reads, .may_connect = true };
  static const struct serve s = { .concurrency = CONCURRENCY, .memory_bytes = MEMORY_BYTES, .callers = callers, .sandbox = &sandbox,
                                  .session_seconds = SESSION_SECONDS, .session = session };

  PROG = "auth-bind";
  if (argc != 1) die_usage("auth-bind");
  home_enter();
  return serve(&s, argv);
}
