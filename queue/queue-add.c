/* queue-add: takes a message over: one file in queue/new, durable before the answer.

   Given a listening socket on fd 0, a pool of workers; or one caller on fd 0. A call hands over a descriptor with envelope
   and message (doc/calls.md). Runs as mail-queue; writes queue/new; reads no control file. */

#include <sys/stat.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/id.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "lib/user.h"
#include "queue/notice.h"
#include "queue/store.h"

#define USAGE "queue-add   (fd 0: a listening unix socket, or one caller)"

enum {
  MEMORY_BYTES = 512 << 20, /* of a worker; an envelope is at most a tenth of it */
  WORKERS = 16,         /* those that wait for the disk at once; it writes them in one go */
  REQUEST_SECONDS = 1 /* a caller asks at once; one that stays silent so long is dropped, others wait for its worker */
};

static struct queue_store store = QUEUE_STORE_ZERO;
static uid_t scheduler; /* who alone may queue a report */
static uid_t reporter;  /* of TLS: like the scheduler it asks again under the same id */

static void log_queued(const char *id)
{
  static text size = TEXT_ZERO, recipients = TEXT_ZERO;

  text_clear(&size);
  text_clear(&recipients);
  text_add_number(&size, store.size_bytes);
  text_add_number(&recipients, store.recipients);
  log_event("queued", "id", id, "from", store.sender.len ? store.sender.s : "<>", "size", text_string(&size), "recipients",
            text_string(&recipients), (char *)0);
}

static void answer_refused(text *answer, const char *id, const char *error)
{
  record_add(answer, "answer", "no");
  record_add(answer, "error", error);
  log_event("refused", "id", id, "error", error, (char *)0);
}

static void answer_later(text *answer, const char *id)
{
  record_add(answer, "answer", "later");
  record_add(answer, "status", store.is_full ? "4.3.1" : "4.3.0");
  record_add(answer, "error", store.error.s);
  log_event("later", "id", id, "error", store.error.s, (char *)0);
}

/* Returns true if a message was queued, and so the log and the scheduler are to hear of it after the caller. */
static bool add(text *answer, const char *id, const struct call_fds *fds, bool is_scheduler, bool may_repeat)
{
  if (!id_check(id) || (id_is_report(id) && !is_scheduler)) {
    answer_refused(answer, id, "not an id, or a report's");
    return false;
  }
  if (fds->count != 1) {
    answer_refused(answer, id, "not one descriptor");
    return false;
  }
  switch (queue_store_add(&store, fds->fd[0], id, is_scheduler)) {
  case QUEUE_STORE_QUEUED:
    record_add(answer, "answer", "queued");
    record_add(answer, "id", id);
    return true;
  case QUEUE_STORE_THERE:
    if (!may_repeat) {
      answer_refused(answer, id, "the id is in use");
      return false;
    }
    record_add(answer, "answer", "there");
    record_add(answer, "id", id);
    return false;
  case QUEUE_STORE_LATER: answer_later(answer, id); return false;
  case QUEUE_STORE_REFUSED: answer_refused(answer, id, store.error.s); return false;
  }
  return false;
}

static void handle_add(int socket, const text *request, const struct call_fds *fds, const struct peer *peer)
{
  static text answer = TEXT_ZERO;
  const char *id = record_get(request, "id");

  text_clear(&answer);
  bool is_scheduler = !peer->uid || peer->uid == scheduler;
  bool is_queued = add(&answer, id, fds, is_scheduler, is_scheduler || peer->uid == reporter);
  bool is_answered = call_send(socket, &answer, 0, 0);
  if (!is_queued) return;
  queue_notice_send(id);
  log_queued(id);
  if (!is_answered) log_event("unanswered", "id", id, (char *)0); /* the caller is gone; the message is queued */
}

/* It comes back with the message, on another connection: no worker waits for a slow client meanwhile. */
static void handle_file(int socket)
{
  text answer = TEXT_ZERO;
  int file = queue_store_file(&store);

  if (file == -1) {
    record_add(&answer, "answer", "later");
    record_add(&answer, "error", "unable to make a file in queue/new");
  } else
    record_add(&answer, "answer", "file");
  if (!call_send(socket, &answer, &file, file != -1)) log_event("unanswered", "what", "file", (char *)0);
  if (file != -1) close(file);
  text_free(&answer);
}

static void session(int in, int out, const struct peer *peer)
{
  static text request = TEXT_ZERO;
  struct call_fds fds;
  (void)out;

  if (call_receive(in, &request, &fds, REQUEST_SECONDS) != CALL_DONE) return;
  if (record_is(&request, "what", "add"))
    handle_add(in, &request, &fds, peer);
  else if (record_is(&request, "what", "file"))
    handle_file(in);
  else
    log_event("refused", "what", record_get(&request, "what"), (char *)0);
  call_close_fds(&fds);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-in", "mail-submit", "mail-lmtp", "mail-inject", "mail-send", "mail-tlsrpt", 0 };
  static const char *const writes[] = { "queue/new", 0 };
  static const struct sandbox sandbox = { .writes = writes };
  static const struct serve service = {
    .workers = WORKERS, .memory_bytes = MEMORY_BYTES, .callers = callers, .sandbox = &sandbox, .session = session
  };

  PROG = "queue-add";
  if (argc > 1) die_usage(USAGE);
  home_enter();
  umask(0117);
  scheduler = user_uid("mail-send");
  reporter = user_uid("mail-tlsrpt");
  queue_store_open(&store);
  return serve(&service, argv);
}
