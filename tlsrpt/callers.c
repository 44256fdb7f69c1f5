/* Who calls tls-report: smtp-send, which tells of a session and waits for nothing; root, who asks. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/user.h"
#include "tlsrpt/ask.h"
#include "tlsrpt/json.h"
#include "tlsrpt/service.h"

enum {
  ACCEPTS_AT_ONCE = 200,
  PACKETS_AT_ONCE = 64, /* of one caller */
  SILENT_MS = 30000
};

static uid_t teller;

void tlsrpt_callers_init(struct tlsrpt *t)
{
  int flags = fcntl(0, F_GETFL), is_listening = 0;
  socklen_t length = sizeof is_listening;

  t->caller_count = 0;
  if (getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == -1 || !is_listening)
    die_permanent("fd 0 is not the listening socket run/tls-report: s6 starts the service; to ask it: " TLSRPT_ASK_USAGE);
  if (flags == -1 || fcntl(0, F_SETFL, flags | O_NONBLOCK) == -1) die_unable("use fd 0, which must be the listening socket run/tls-report");
  teller = user_uid("mail-remote");
}

static void hang_up(struct tlsrpt *t, unsigned int i)
{
  close(t->callers[i].socket);
  t->callers[i] = t->callers[--t->caller_count];
}

/* The one that has been silent for longest; root is waiting for an answer. */
static void make_room(struct tlsrpt *t)
{
  unsigned int oldest = 0;

  for (unsigned int i = 1; i < t->caller_count; i++)
    if (!t->callers[i].is_root && (t->callers[oldest].is_root || t->callers[i].until_ms < t->callers[oldest].until_ms)) oldest = i;
  hang_up(t, oldest);
}

static void count(struct tlsrpt *t, const text *packet)
{
  static struct tlsrpt_session session = TLSRPT_SESSION_ZERO;
  const char *error = 0;

  if (!t->is_wanted) return;
  tlsrpt_store_end(&t->store, t->now, t->delay, false); /* what comes behind midnight belongs to the new day */
  if (tlsrpt_session_parse(&session, packet, &error))
    tlsrpt_store_count(&t->store, &session, t->now);
  else
    log_event("refused", "reason", "not a session", "field", error, (char *)0);
}

/* The words go along as a file: there may be more of them than a packet holds. */
static bool answer(int socket, const char *what, uint64_t number, const text *words)
{
  text packet = TEXT_ZERO;
  int file = words ? memfd_create("answer", MFD_CLOEXEC) : -1;
  bool good = !words || (file != -1 && (!words->len || write(file, words->s, words->len) == (ssize_t)words->len));

  record_add(&packet, "answer", good ? what : "no");
  record_add_number(&packet, "count", number);
  if (!good) record_add(&packet, "error", "no memory for the answer");
  good = call_send(socket, &packet, &file, file != -1);
  if (file != -1) close(file);
  text_free(&packet);
  return good;
}

static bool show(struct tlsrpt *t, int socket, const char *domain)
{
  struct tlsrpt_report r = TLSRPT_REPORT_ZERO;
  text words = TEXT_ZERO, folded = TEXT_ZERO;
  bool good = true;

  if (!*domain)
    tlsrpt_store_show(&t->store, &words);
  else if (domain_fold(domain, strlen(domain), &folded) && tlsrpt_store_find(&t->store, text_string(&folded), t->now, &r)) {
    tlsrpt_json(&t->store, &r, &words);
    text_add(&words, "\n");
  } else
    good = false;
  good = answer(socket, good ? "done" : "unknown", 0, &words);
  tlsrpt_report_free(&r);
  text_free(&folded);
  text_free(&words);
  return good;
}

/* day: YYYY-MM-DD, that day's; today's end now, and what comes is counted in a report of its own. Without: all that wait. */
static bool hurry(struct tlsrpt *t, int socket, const text *request)
{
  uint64_t day = 0, from = 0, to = INT64_MAX;

  if (record_number(request, "begin", INT64_MAX / 2, &day)) {
    from = day;
    to = day + 86400;
    if (t->now >= from && t->now < to) tlsrpt_store_end(&t->store, t->now, 0, true);
  }
  uint64_t found = tlsrpt_store_hurry(&t->store, from, to, t->now);
  return answer(socket, "done", found, 0);
}

/* False: it is to be closed. */
static bool take(struct tlsrpt *t, struct tlsrpt_caller *c, const text *packet)
{
  if (record_is(packet, "what", "session")) {
    count(t, packet);
    return true;
  }
  if (c->is_root && record_is(packet, "what", "show")) return show(t, c->socket, record_get(packet, "domain"));
  if (c->is_root && record_is(packet, "what", "send")) return hurry(t, c->socket, packet);
  log_event("refused", "what", record_get(packet, "what"), (char *)0);
  return false;
}

static bool work(struct tlsrpt *t, struct tlsrpt_caller *c)
{
  static text packet = TEXT_ZERO;

  c->until_ms = t->now_ms + SILENT_MS;
  for (int i = 0; i < PACKETS_AT_ONCE; i++) {
    enum call_result result = call_receive(c->socket, &packet, 0, 0);
    if (result == CALL_BROKEN && errno == EAGAIN) return true;
    if (result != CALL_DONE || !take(t, c, &packet)) return false;
  }
  return true;
}

static bool may_call(int socket, bool *is_root)
{
  struct ucred caller;
  socklen_t length = sizeof caller;

  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &caller, &length) == -1) return false;
  *is_root = !caller.uid;
  return *is_root || caller.uid == teller;
}

/* Most have said it all already, and are gone. */
void tlsrpt_callers_accept(struct tlsrpt *t)
{
  for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
    int socket = accept4(0, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct tlsrpt_caller c = { .socket = socket };
    if (socket == -1) return;
    if (!may_call(socket, &c.is_root)) {
      log_event("refused", "reason", "caller", (char *)0);
      close(socket);
    } else if (!work(t, &c))
      close(socket);
    else {
      if (t->caller_count == TLSRPT_CALLERS_MAX) make_room(t);
      t->callers[t->caller_count++] = c;
    }
  }
}

size_t tlsrpt_callers_wait(const struct tlsrpt *t, struct pollfd *polls, int64_t *wake_ms)
{
  for (unsigned int i = 0; i < t->caller_count; i++) {
    polls[i] = (struct pollfd){ .fd = t->callers[i].socket, .events = POLLIN };
    if (t->callers[i].until_ms < *wake_ms) *wake_ms = t->callers[i].until_ms;
  }
  return t->caller_count;
}

/* From the last to the first: who hangs up is replaced by one that was looked at. */
void tlsrpt_callers_work(struct tlsrpt *t, const struct pollfd *polls)
{
  for (unsigned int i = t->caller_count; i--;)
    if ((polls[i].revents && !work(t, &t->callers[i])) || t->now_ms >= t->callers[i].until_ms) hang_up(t, i);
}
