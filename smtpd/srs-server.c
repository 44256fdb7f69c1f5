/* srs-server: rewrites the sender of mail that is forwarded elsewhere, and finds the original one again (lib/srs). It holds
   the key, so that nobody who talks to the network does.

   Answers calls; reads control/srskey at each. Runs as mail-srs; writes no file. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/address.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "lib/srs.h"

const char *PROG = "srs-server";

enum { CONCURRENCY = 200, MEMORY_BYTES = 16 << 20, REQUEST_SECONDS = 10, SESSION_SECONDS = 30, DAY = 86400 };

static void read_keys(text *keys)
{
  if (!conf_lines("srskey", keys) || !keys->len)
    die_permanent("control/srskey is missing or empty: service/setup makes one; each line is a key, the first one signs");
  for (size_t at = 0; at < keys->len; at += strlen(keys->s + at) + 1)
    if (strlen(keys->s + at) < SRS_KEY_MIN) die_permanent("control/srskey: a key has fewer than 16 characters");
}

static bool is_address(const char *string)
{
  struct address address = ADDRESS_ZERO;
  bool is = address_parse(&address, string, strlen(string)) == ADDRESS_FULL;

  address_free(&address);
  return is;
}

static const char *answer_of(const text *request, const text *keys, text *result)
{
  uint64_t day = (uint64_t)time(0) / DAY;
  const char *address = record_get(request, "address"), *domain = record_get(request, "domain");
  enum srs_result done = SRS_NOT;

  if (record_is(request, "what", "forward")) {
    if (!is_address(address) || !domain_check(domain, strlen(domain))) return "no address and domain";
    done = srs_forward(result, address, domain, keys, day);
  } else if (record_is(request, "what", "reverse"))
    done = srs_reverse(result, address, keys, day);
  else
    return "no such request";
  if (done == SRS_DONE && !is_address(result->s)) done = SRS_NOT;
  return done == SRS_DONE ? 0 : srs_word(done);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, keys = TEXT_ZERO, result = TEXT_ZERO, answer = TEXT_ZERO;

  (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  read_keys(&keys);
  const char *error = answer_of(&request, &keys, &result);
  record_add(&answer, "answer", error ? "no" : "yes");
  if (error)
    record_add(&answer, "error", error);
  else
    record_add(&answer, "address", result.s);
  log_event(record_is(&request, "what", "reverse") ? "reverse" : "forward", "address", record_get(&request, "address"), "domain",
            record_get(&request, "domain"), "result", error ? error : result.s, (char *)0);
  if (!call_send(out, &answer, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
  text_wipe(&keys);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-in", "mail-submit", "mail-inject", "mail-lmtp", "mail-send", 0 };
  static const char *const reads[] = { "control", 0 };
  static const struct sandbox sandbox = { .reads = reads };
  static const struct serve s = { .concurrency = CONCURRENCY, .memory_bytes = MEMORY_BYTES, .callers = callers, .sandbox = &sandbox,
                                  .session_seconds = SESSION_SECONDS, .session = session };
  text keys = TEXT_ZERO;

  if (argc != 1) die_usage("srs-server");
  home_enter();
  read_keys(&keys); /* what cannot be right is told at the start */
  text_wipe(&keys);
  return serve(&s, argv);
}
