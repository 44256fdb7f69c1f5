#include "auth/rehash.h"

#include <errno.h>
#include <string.h>

#include "auth/verify.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/password.h"
#include "lib/scheme.h"
#include "lib/scramkeys.h"

enum { STORE_SECONDS = 10 };

static bool has_keys(const text *secret, enum scramhash hash)
{
  struct scramkeys keys = SCRAMKEYS_ZERO;
  size_t at = 0;
  bool has = false;

  for (const char *stored; !has && (stored = record_next(secret, "password", &at));) has = scramkeys_parse_by(&keys, stored, hash);
  scramkeys_free(&keys);
  return has;
}

void rehash_note(const struct attempt *a, const char *stored)
{
  struct login_answer *answer = a->answer;

  text_copy(&answer->fits, stored);
  text_copy(&answer->fits_of, a->who);
  text_string(&answer->fits), text_string(&answer->fits_of);
  answer->lacks_keys = !has_keys(&a->secret, SCRAMHASH_SHA_256);
  answer->lacks_sha1_keys = !has_keys(&a->secret, SCRAMHASH_SHA_1);
}

/* What takes the place of the old value; nothing: it may stay. A password that is stored as keys for SCRAM alone is as its owner wants it. */
static void make(const struct login_answer *answer, const char *password, text *request)
{
  const char *hash;
  text stored = TEXT_ZERO, keys = TEXT_ZERO, sha1 = TEXT_ZERO;
  bool is_current = password_is_current(answer->fits.s);

  if (answer->lacks_keys) password_scram(&keys, password);
  if (answer->lacks_sha1_keys) password_scram_sha1(&sha1, password);
  if (!is_current)
    verify_hash(&stored, password);
  else if (keys.len || sha1.len)
    text_copy(&stored, answer->fits.s);
  enum scheme scheme = scheme_parse(answer->fits.s, &hash);
  if (scheme != SCHEME_SCRAM_SHA_256 && scheme != SCHEME_SCRAM_SHA_1 && stored.len) {
    record_add(request, "new", text_string(&stored));
    if (keys.len) record_add(request, "new", text_string(&keys));
    if (sha1.len) record_add(request, "new", text_string(&sha1));
  }
  text_wipe(&stored);
  text_wipe(&keys);
  text_wipe(&sha1);
}

void rehash_run(const struct login_answer *answer, const char *password)
{
  text request = TEXT_ZERO, reply = TEXT_ZERO;

  if (!answer->fits.len || !answer->is_ours || strcmp(answer->fits_of.s, answer->mailbox.s) || !conf_is_yes("rehash", true)) return;
  make(answer, password, &request);
  if (request.len) {
    record_add(&request, "what", "rehash");
    record_add(&request, "mailbox", answer->mailbox.s);
    record_add(&request, "old", answer->fits.s);
    errno = 0;
    bool called = call_ask("password-store", &request, 0, 0, &reply, 0, STORE_SECONDS) == CALL_DONE;
    bool stored = called && record_is(&reply, "answer", "done");
    log_event(stored ? "rehashed" : "not-rehashed", "mailbox", answer->mailbox.s, "reason",
              stored ? "" : called ? record_get(&reply, "error") : "password-store does not answer", "cause", errno && !called ? strerror(errno) : "", (char *)0);
  }
  text_wipe(&request);
  text_free(&reply);
}
