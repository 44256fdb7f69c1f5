/* password-store: puts a better hash of a password in the place of the one that is stored in directory/NAME.ldif (doc/calls.md).

   Called by mail-auth, after a login by that password; runs as mail-store, to whom directory/ belongs. Every other byte of the file stays. Then
   tables-publish is asked to make tables of it, a while later, so that many such logins need one build. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/entry.h"
#include "admin/rebuild.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/ldif.h"
#include "lib/log.h"
#include "lib/scramkeys.h"
#include "lib/serve.h"

enum { CONCURRENCY = 100, MEMORY_BYTES = 256 << 20, REQUEST_SECONDS = 10, LOCK_MS = 2000, SESSION_SECONDS = 900, PUBLISH_AFTER_SECONDS = 2, PUBLISH_SECONDS = 600, NEW_MAX = 4 };

static int waiting; /* a file whose byte is locked by the one process that is going to ask for tables */

/* The lines of the new values; false: there is none, or one is no hash. */
static bool take_new(const text *request, text *lines)
{
  size_t at = 0, count = 0;

  for (const char *value; (value = record_next(request, "new", &at)); count++) {
    if (*value != '{' || !scramkeys_may_store(value) || count == NEW_MAX) return false;
    ldif_add(lines, "userPassword", value, strlen(value));
  }
  return count;
}

/* 0: it is stored. Else why not. */
static const char *store(const text *request)
{
  const char *key = record_get(request, "mailbox"), *old = record_get(request, "old"), *refusal = 0;
  text lines = TEXT_ZERO, mailbox = TEXT_ZERO;
  struct entry e = ENTRY_ZERO;

  if (!*old || !take_new(request, &lines))
    refusal = "not a request";
  else if (!rebuild_have("mailbox", key, &mailbox))
    refusal = "no such mailbox";
  else if (strncmp(record_get(&mailbox, "from"), "directory/", 10))
    refusal = "its entry is not ours to change";
  else if (!entry_lock_soon(LOCK_MS))
    refusal = "somebody is changing directory/ at this moment";
  else {
    entry_open(&e, key, &mailbox);
    if (entry_swap(&e, "userPassword", old, &lines))
      entry_save(&e);
    else
      refusal = "another password is stored by now";
    entry_free(&e);
  }
  text_wipe(&lines);
  text_free(&mailbox);
  return refusal;
}

/* Who finds another one waiting leaves it to that one, whose tables are made after this. */
static void publish(void)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  if (fcntl(waiting, F_SETLK, &lock) == -1) return;
  sleep(PUBLISH_AFTER_SECONDS);
  lock.l_type = F_UNLCK;
  fcntl(waiting, F_SETLK, &lock);
  record_add(&request, "what", "publish");
  if (call_ask("tables-publish", &request, 0, 0, &answer, 0, PUBLISH_SECONDS) != CALL_DONE || !record_is(&answer, "code", "0"))
    log_event("unpublished", "code", record_get(&answer, "code"), (char *)0);
  text_free(&request);
  text_free(&answer);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;

  (void)out, (void)peer;
  if (call_receive(in, &request, 0, REQUEST_SECONDS) != CALL_DONE) return;
  const char *refusal = record_is(&request, "what", "rehash") ? store(&request) : "no such request";
  record_add(&answer, "answer", refusal ? "no" : "done");
  if (refusal) record_add(&answer, "error", refusal);
  log_event(refusal ? "refused" : "stored", "mailbox", record_get(&request, "mailbox"), "reason", refusal, (char *)0);
  text_wipe(&request);
  call_send(in, &answer, 0, 0);
  text_free(&answer);
  if (!refusal) publish();
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-auth", 0 };
  static const char *const reads[] = { "directory", "tables", "run", 0 };
  static const char *const writes[] = { "directory", 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes };
  static const struct serve service = { .concurrency = CONCURRENCY, .memory_bytes = MEMORY_BYTES, .callers = callers, .sandbox = &sandbox,
                                        .session_seconds = SESSION_SECONDS, .session = session };

  PROG = "password-store";
  if (argc != 1) die_usage("password-store");
  home_enter();
  waiting = memfd_create("waiting", MFD_CLOEXEC);
  if (waiting == -1) die_unable("make a memfd");
  return serve(&service, argv);
}
