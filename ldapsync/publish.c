#include "ldapsync/publish.h"

#include "lib/call.h"
#include "lib/log.h"

enum { SECONDS = 900 };

int publish_ask(void)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  uint64_t code = 0;

  record_add(&request, "what", "publish");
  enum call_result result = call_ask("tables-publish", &request, 0, 0, &answer, 0, SECONDS);
  bool is_answer = result == CALL_DONE && record_number(&answer, "code", 255, &code);
  if (!is_answer)
    log_event("unpublished", "reason", "tables-publish does not answer", (char *)0);
  else if (code)
    log_event("unpublished", "reason", "see the log of tables-publish", "code", record_get(&answer, "code"), (char *)0);
  text_free(&request);
  text_free(&answer);
  return is_answer ? (int)code : -1;
}
