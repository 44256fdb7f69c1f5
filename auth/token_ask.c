#include "auth/token_ask.h"

#include "lib/address.h"
#include "lib/call.h"

enum { ANSWER_SECONDS = 45 };

enum login_result auth_token_ask(const char *token, struct token_answer *answer)
{
  text request = TEXT_ZERO, said = TEXT_ZERO;
  enum login_result result = LOGIN_LATER;

  record_add(&request, "what", "token");
  record_add(&request, "token", token);
  if (call_ask("token-check", &request, 0, 0, &said, 0, ANSWER_SECONDS) != CALL_DONE)
    text_copy(&answer->error, "token-check does not answer");
  else if (record_is(&said, "answer", "yes") && *record_get(&said, "user")) {
    text_copy(&answer->user, record_get(&said, "user"));
    text_string(&answer->user);
    login_fold(&answer->user);
    result = LOGIN_YES;
  } else if (record_is(&said, "answer", "no") || record_is(&said, "answer", "scope")) {
    answer->lacks_scope = record_is(&said, "answer", "scope");
    result = LOGIN_NO;
  } else
    text_copy(&answer->error, record_get(&said, "error"));
  text_string(&answer->error);
  text_wipe(&request);
  text_free(&said);
  return result;
}

void auth_token_free(struct token_answer *answer)
{
  text_free(&answer->user);
  text_free(&answer->error);
}
