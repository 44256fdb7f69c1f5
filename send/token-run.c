/* token-run: has the access tokens by which smtp-send logs in at relays (XOAUTH2, OAUTHBEARER): runs the commands of the rules.

   Serves calls on run/token-run (doc/calls.md, "The token"). Reads tables/current/token.cdb, of which alone come the commands
   that it runs. Runs as mail-token; keeps the tokens in state/token until they expire. */

#include <string.h>
#include <time.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "lib/tables.h"
#include "send/token_answer.h"
#include "send/token_cache.h"
#include "send/token_command.h"

enum {
  SESSIONS = 1000,
  PROCESSES = 1200,          /* of mail-token: sessions, and what the commands start */
  SESSION_BYTES = 512 << 20, /* the command has it, too */
  REQUEST_SECONDS = 10,
  COMMAND_SECONDS = 30,
  SESSION_SECONDS = 90,   /* with those before it */
  AGAIN_SECONDS = 10,     /* until a command is run again that failed, or whose token was refused */
  UNTOLD_SECONDS = 300,   /* a token that does not say how long it is good */
  EARLY_SECONDS = 60,     /* so long before it expires it is not begun with; half of a short life */
  LIFE_MAX = 86400
};

static bool find_command(const char *name, text *rule, const char **error)
{
  struct tables tables = TABLES_ZERO;
  enum lookup_result found = tables_open(&tables, "token") ? tables_find(&tables, "rule", name, rule) : LOOKUP_BROKEN;

  tables_close(&tables);
  *error = found == LOOKUP_BROKEN ? "tables/current/token.cdb cannot be read" : "the rule has no tokencommand";
  return found == LOOKUP_FOUND && *record_get(rule, "command") == '/';
}

static uint64_t end_of(uint64_t now, uint64_t seconds)
{
  if (!seconds) seconds = UNTOLD_SECONDS;
  if (seconds > LIFE_MAX) seconds = LIFE_MAX;
  return now + seconds - (seconds > 2 * EARLY_SECONDS ? EARLY_SECONDS : seconds / 2);
}

static void run(const char *name, const text *rule, struct token_entry *e)
{
  text output = TEXT_ZERO;
  uint64_t seconds = 0;
  const char *wrong = send_token_command_run(rule, COMMAND_SECONDS, &output);

  if (!wrong) wrong = send_token_answer_parse(output.s, output.len, &e->token, &seconds);
  text_wipe(&output);
  e->made = (uint64_t)time(0);
  e->until = wrong ? e->made + AGAIN_SECONDS : end_of(e->made, seconds);
  if (wrong) {
    text_clear(&e->token);
    text_copy(&e->error, record_get(rule, "command"));
    text_add_format(&e->error, " %s", wrong);
  } else
    text_clear(&e->error);
  log_event(wrong ? "failed" : "fetched", "rule", name, wrong ? "reason" : (char *)0, wrong, (char *)0);
}

/* refused: the token that a server did not take, or "". */
static bool is_good(const struct token_entry *e, uint64_t now, const char *refused)
{
  if (!*refused || !e->token.len) return true;
  return !text_is(&e->token, refused) || now < e->made + AGAIN_SECONDS;
}

static void find_token(const char *name, const char *refused, text *answer)
{
  struct token_entry e = TOKEN_ENTRY_ZERO;
  text rule = TEXT_ZERO;
  const char *error = "";
  uint64_t now;

  if (!find_command(name, &rule, &error))
    text_copy(&e.error, error);
  else if (!send_token_cache_lock(name))
    text_copy(&e.error, "state/token cannot be written");
  else {
    now = (uint64_t)time(0);
    if (!send_token_cache_read(name, &rule, now, &e) || !is_good(&e, now, refused)) {
      run(name, &rule, &e);
      if (!send_token_cache_write(name, &rule, &e)) log_event("unwritten", "rule", name, (char *)0);
    }
  }
  record_add(answer, "answer", e.token.len ? "yes" : "later");
  if (e.token.len)
    record_add_bytes(answer, "token", e.token.s, e.token.len);
  else
    record_add_bytes(answer, "error", e.error.s, e.error.len);
  send_token_entry_wipe(&e);
  text_wipe(&rule);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  (void)out, (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  if (!record_is(&request, "what", "token")) {
    log_event("refused", "reason", "no such request", (char *)0);
    return;
  }
  find_token(record_get(&request, "rule"), record_get(&request, "refused"), &answer);
  call_send(in, &answer, 0, 0);
  text_wipe(&answer);
  text_wipe(&request);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-remote", 0 };
  static const struct sandbox sandbox = { .may_connect = true, .may_start = true };
  static const struct serve service = { .concurrency = SESSIONS,
                                        .memory_bytes = SESSION_BYTES,
                                        .callers = callers,
                                        .sandbox = &sandbox,
                                        .session_seconds = SESSION_SECONDS,
                                        .processes = PROCESSES,
                                        .session = session };

  if (argc != 1) die_usage("token-run");
  PROG = "token-run";
  home_enter();
  return serve(&service, argv);
}
