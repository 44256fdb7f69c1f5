#include "lib/authenticate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/call.h"
#include "lib/log.h"
#include "lib/record.h"

enum { ANSWER_SECONDS = 60 };

const char *authenticate_challenge(const struct authenticate *a) { return record_get(&a->answer, "challenge"); }

void authenticate_end(struct authenticate *a)
{
  if (a->call != -1) close(a->call);
  a->call = -1;
  text_free(&a->answer);
}

static bool ask(struct authenticate *a, const text *request, const int *fds, unsigned int count)
{
  errno = 0;
  if (a->call == -1) a->call = call_open("auth-server");
  if (a->call != -1 && call_send(a->call, request, fds, count) && call_receive(a->call, &a->answer, 0, ANSWER_SECONDS) == CALL_DONE) return true;
  log_event("trouble", "what", "ask auth-server", "reason", errno ? strerror(errno) : "it closed", "client", a->ip, (char *)0);
  authenticate_end(a);
  return false;
}

static enum authenticate_result step(struct authenticate *a, text *request, const int *fds, unsigned int count)
{
  enum authenticate_result result = AUTHENTICATE_NO;

  if (!ask(a, request, fds, count) || record_is(&a->answer, "answer", "later"))
    result = AUTHENTICATE_LATER;
  else if (record_is(&a->answer, "answer", "yes"))
    result = AUTHENTICATE_YES;
  else if (record_is(&a->answer, "answer", "continue"))
    result = AUTHENTICATE_CONTINUE;
  text_wipe(request);
  return result;
}

/* With the mechanism goes what tls-server says of the client's certificate. */
enum authenticate_result authenticate_begin(struct authenticate *a, const char *mechanism, const char *initial, size_t length)
{
  text request = TEXT_ZERO;

  record_add(&request, "service", a->service);
  record_add(&request, "mechanism", mechanism);
  record_add(&request, "ip", a->ip);
  record_add(&request, "tls", "yes");
  text_add_text(&request, a->bindings);
  if (length) record_add_bytes(&request, "response", initial, length);
  return step(a, &request, &a->certificate->identity, a->certificate->identity && !strcmp(mechanism, "EXTERNAL"));
}

enum authenticate_result authenticate_password(struct authenticate *a, const char *login, const char *password)
{
  text plain = TEXT_ZERO, encoded = TEXT_ZERO;

  text_add_char(&plain, 0);
  text_add(&plain, login);
  text_add_char(&plain, 0);
  text_add(&plain, password);
  base64_add(&encoded, plain.s, plain.len);
  enum authenticate_result result = authenticate_begin(a, "PLAIN", encoded.s, encoded.len);
  text_wipe(&plain);
  text_wipe(&encoded);
  return result;
}

enum authenticate_result authenticate_answer(struct authenticate *a, const char *line, size_t length)
{
  text request = TEXT_ZERO;

  record_add_bytes(&request, "response", length ? line : "=", length ? length : 1);
  return step(a, &request, 0, 0);
}

void authenticate_give_up(struct authenticate *a)
{
  text request = TEXT_ZERO;

  record_add(&request, "response", "*");
  step(a, &request, 0, 0);
}

enum authenticate_result authenticate_start(struct authenticate *a, const char *tag, const char *ahead, size_t length)
{
  const int client = 0;
  enum authenticate_result result = AUTHENTICATE_LATER;
  text request = TEXT_ZERO, encoded = TEXT_ZERO;

  base64_add(&encoded, ahead, length);
  record_add(&request, "what", "start");
  record_add(&request, "tag", tag);
  record_add(&request, "ahead", text_string(&encoded));
  bool is_answered = ask(a, &request, &client, 1);
  if (is_answered && record_is(&a->answer, "answer", "started"))
    result = AUTHENTICATE_STARTED;
  else if (is_answered && record_is(&a->answer, "answer", "limit"))
    result = AUTHENTICATE_LIMIT;
  text_free(&request);
  text_free(&encoded);
  return result;
}
