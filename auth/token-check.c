/* token-check: is this access token good, and whose is it?

   Serves calls on run/token-check (doc/calls.md), one request a connection. Tokens of keys that it has (control/oauthkeys) it checks by itself,
   others it asks the authorization server about (control/oauth). Runs as mail-oauth: what it reads, tokens and answers, was written by strangers.
   Writes no file. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include <skalibs/djbunix.h>

#include "auth/bearer.h"
#include "auth/claims.h"
#include "auth/introspect.h"
#include "auth/jwk.h"
#include "auth/kept.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/https.h"
#include "lib/log.h"
#include "lib/serve.h"

enum { SESSIONS = 1000, SESSION_BYTES = 64 << 20, REQUEST_SECONDS = 10, SESSION_SECONDS = 60, KEEP_NO_SECONDS = 10 };

static struct kept *kept;

struct question {
  const char *token;
  struct oauth oauth;
  struct claims claims;
  const char *by;  /* what the answer is from: keys, introspection, kept */
  text error;      /* why nothing can be said now */
};

/* YES and NO are about the token; LATER is not. */
enum answer { ANSWER_LATER, ANSWER_NO, ANSWER_SCOPE, ANSWER_YES };
static const char *const words[] = { "later", "no", "scope", "yes" };

static enum answer answer_of(enum claims_verdict verdict)
{
  return verdict == CLAIMS_GOOD ? ANSWER_YES : verdict == CLAIMS_LACK_SCOPE ? ANSWER_SCOPE : ANSWER_NO;
}

static enum answer no(struct question *q, const char *reason)
{
  q->claims.reason = reason;
  return ANSWER_NO;
}

/* Never beyond exp. */
static void remember(const struct question *q, enum answer answer)
{
  int64_t now = time(0), until = now + (int64_t)(answer == ANSWER_YES ? q->oauth.keep : KEEP_NO_SECONDS);
  text record = TEXT_ZERO;

  record_add(&record, "answer", words[answer]);
  record_add_bytes(&record, "user", q->claims.user.s, q->claims.user.len);
  if (answer == ANSWER_YES && q->claims.until < until) until = q->claims.until;
  if (until > now) kept_add(kept, q->token, &q->oauth.fields, until, &record);
  text_wipe(&record);
}

static bool recall(struct question *q, enum answer *answer)
{
  text record = TEXT_ZERO;
  bool found = kept_find(kept, q->token, &q->oauth.fields, time(0), &record) && record_check(&record);

  if (found) {
    q->by = "kept";
    *answer = record_is(&record, "answer", "yes") ? ANSWER_YES : record_is(&record, "answer", "scope") ? ANSWER_SCOPE : ANSWER_NO;
    q->claims.reason = "it was refused a moment ago";
    text_copy(&q->claims.user, record_get(&record, "user"));
  }
  text_wipe(&record);
  return found;
}

static enum answer ask_server(struct question *q)
{
  enum answer answer = ANSWER_LATER;
  text body = TEXT_ZERO;

  if (recall(q, &answer)) return answer;
  q->by = "introspection";
  if (introspect(q->oauth.introspect, q->token, &body, &q->error)) {
    answer = answer_of(claims_judge_introspection(&q->claims, body.s, body.len, &q->oauth, time(0)));
    remember(q, answer);
  }
  text_wipe(&body);
  return answer;
}

/* Of what is not known here the authorization server may know more, if there is one. */
static enum answer leave(struct question *q, const char *reason)
{
  return *q->oauth.introspect ? ask_server(q) : no(q, reason);
}

static enum answer check_jwt(struct question *q, const struct jwk_set *keys)
{
  struct jwt j = JWT_ZERO;
  enum answer answer;

  if (!jwt_parse(&j, q->token, strlen(q->token)))
    answer = leave(q, j.reason);
  else
    switch (jwk_check(keys, &j)) {
    case JWK_RIGHT: answer = answer_of(claims_judge_jwt(&q->claims, j.claims.s, j.claims.len, &q->oauth, time(0))); break;
    case JWK_NO_KEY: answer = leave(q, "there is no key of its name and algorithm"); break;
    default: answer = no(q, "its signature is wrong");
    }
  jwt_free(&j);
  return answer;
}

/* A key set that cannot be read says nothing of the token. */
static enum answer lack_keys(struct question *q)
{
  if (errno == ENOENT) return leave(q, "there is no " OAUTH_KEYS);
  text_add_format(&q->error, "unable to read " OAUTH_KEYS ": %s", strerror(errno));
  return ANSWER_LATER;
}

static enum answer check_by_keys(struct question *q, const text *bytes)
{
  text error = TEXT_ZERO;
  struct jwk_set *keys = jwk_parse(bytes->s, bytes->len, &error);
  enum answer answer = ANSWER_LATER;

  q->by = "keys";
  if (keys)
    answer = check_jwt(q, keys);
  else
    text_add_format(&q->error, OAUTH_KEYS ": %s", error.s);
  jwk_free(keys);
  text_free(&error);
  return answer;
}

static enum answer check(struct question *q)
{
  text keys = TEXT_ZERO;
  enum answer answer;

  switch (oauth_read(&q->oauth, &q->error)) {
  case OAUTH_READ: break;
  case OAUTH_ABSENT: text_copy(&q->error, "there is no control/oauth"); return ANSWER_LATER;
  default: return ANSWER_LATER;
  }
  if (!bearer_is_token(q->token, strlen(q->token))) return no(q, "it is no token");
  if (jwt_has_form(q->token, strlen(q->token)))
    answer = openslurpclose(&keys, OAUTH_KEYS) ? check_by_keys(q, &keys) : lack_keys(q);
  else
    answer = leave(q, "it is no JWT");
  text_free(&keys);
  return answer;
}

static void say(int call, struct question *q, enum answer answer)
{
  text packet = TEXT_ZERO;
  const char *user = text_string(&q->claims.user), *error = text_string(&q->error);

  record_add(&packet, "answer", words[answer]);
  if (answer == ANSWER_YES) record_add(&packet, "user", user);
  if (answer == ANSWER_LATER) record_add(&packet, "error", error);
  if (answer == ANSWER_NO || answer == ANSWER_SCOPE) record_add(&packet, "reason", q->claims.reason);
  log_event("token", "answer", words[answer], "by", q->by, "user", answer == ANSWER_YES ? user : "", "reason",
            answer == ANSWER_LATER ? error : answer == ANSWER_YES ? "" : q->claims.reason, (char *)0);
  call_send(call, &packet, 0, 0);
  text_free(&packet);
}

static void session(int in, int out, const struct peer *peer)
{
  struct question q = { .oauth = OAUTH_ZERO, .claims = CLAIMS_ZERO, .by = "", .error = TEXT_ZERO };
  text request = TEXT_ZERO;

  (void)out, (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  if (record_is(&request, "what", "token")) {
    q.token = record_get(&request, "token");
    say(in, &q, check(&q));
  } else
    log_event("refused", "reason", "no such request", (char *)0);
  text_wipe(&request);
  claims_free(&q.claims);
  oauth_free(&q.oauth);
  text_free(&q.error);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-auth", 0 };
  static const char *const reads[] = { "control", "/etc/hosts", "/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", 0 };
  static const struct sandbox sandbox = { .reads = reads, .may_connect = true };
  static const struct serve service = { .concurrency = SESSIONS,
                                        .memory_bytes = SESSION_BYTES,
                                        .callers = callers,
                                        .session_seconds = SESSION_SECONDS,
                                        .sandbox = &sandbox,
                                        .session = session };

  PROG = "token-check";
  if (argc != 1) die_usage("token-check");
  home_enter();
  https_start();
  kept = kept_make();
  return serve(&service, argv);
}
