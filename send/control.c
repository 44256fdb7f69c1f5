#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/id.h"
#include "lib/log.h"
#include "lib/user.h"
#include "send/control.h"
#include "send/scan.h"
#include "send/sums.h"
#include "send/wish.h"

enum {
  CALLERS_MAX = 100,  /* root aside: queue-add keeps one connection for each of its workers */
  SLOTS_AT_ONCE = 64, /* of the hash, for a wish about all */
  NAMED_MAX = 500     /* messages that an answer names, so that it stays a packet */
};

struct send_caller {
  enum send_source source; /* SEND_SOURCE_CALLER */
  int socket;              /* -1: it is gone */
  uid_t uid;
  bool has_wish;           /* about all messages: where the walk is, what was done until now */
  struct send_sums *sums;  /* asked for; 0: not */
  enum send_wish wish;
  text because;            /* what the senders of bounced messages are told */
  size_t slot;
  uint64_t done;
  unsigned int named;
  text names;              /* missing=, running=, noted=, held=, unchanged=, failed= */
  struct send_caller *next;
};

static uid_t queue_uid;

void send_control_init(struct send_schedule *s)
{
  enum send_source *source = malloc(sizeof *source);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

  queue_uid = user_uid("mail-queue");
  if (!source) die_nomem();
  *source = SEND_SOURCE_LISTENING;
  if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, 0, &event) == -1)
    die_unable("watch fd 0, which must be the listening socket run/send-schedule");
}

static unsigned int count_callers(const struct send_schedule *s)
{
  unsigned int count = 0;

  for (const struct send_caller *c = s->callers; c; c = c->next) count++;
  return count;
}

static bool read_uid(int socket, uid_t *uid)
{
  struct ucred caller;
  socklen_t length = sizeof caller;

  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &caller, &length) == -1) return false;
  *uid = caller.uid;
  return !caller.uid || caller.uid == queue_uid;
}

void send_control_accept(struct send_schedule *s)
{
  int socket = accept4(0, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  uid_t uid;

  if (socket == -1) return;
  if (!read_uid(socket, &uid) || (uid && count_callers(s) >= CALLERS_MAX)) {
    log_event("refused", "reason", "caller", (char *)0);
    close(socket);
    return;
  }
  struct send_caller *c = calloc(1, sizeof *c);
  if (!c) die_nomem();
  *c = (struct send_caller){ .source = SEND_SOURCE_CALLER, .socket = socket, .uid = uid, .names = TEXT_ZERO, .because = TEXT_ZERO, .next = s->callers };
  s->callers = c;
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
  if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, socket, &event) == -1) die_unable("watch a caller");
}

static void hang_up(struct send_caller *c)
{
  if (c->socket != -1) close(c->socket);
  c->socket = -1;
}

void send_control_bury(struct send_schedule *s)
{
  for (struct send_caller **at = &s->callers, *c; (c = *at);)
    if (c->socket == -1) {
      *at = c->next;
      text_free(&c->names);
      send_sums_free(c->sums);
      text_free(&c->because);
      free(c);
    } else
      at = &c->next;
}

static void note_new(struct send_schedule *s, const text *notice)
{
  const char *id = record_get(notice, "id");

  if (record_is(notice, "missed", "yes")) send_scan_start_new(s);
  if (!id_check(id) || send_waiting_find(&s->waiting, id)) return;
  send_list_add(&s->ready, send_waiting_add(&s->waiting, id));
}

static void add_name(struct send_caller *c, const char *what, const char *id)
{
  if (c->named++ < NAMED_MAX) record_add(&c->names, what, id);
}

static void do_one(struct send_schedule *s, struct send_caller *c, struct send_entry *e)
{
  char id[ID_MAX + 1];

  snprintf(id, sizeof id, "%s", e->id); /* the entry may be gone afterwards */
  switch (send_wish_do(s, e, c->wish, c->because.s)) {
  case SEND_WISH_DONE: c->done++; break;
  case SEND_WISH_RUNNING:
    c->done++;
    add_name(c, "running", id);
    break;
  case SEND_WISH_NOTED:
    c->done++;
    add_name(c, "noted", id);
    break;
  case SEND_WISH_HELD: add_name(c, "held", id); break;
  case SEND_WISH_FAILED: add_name(c, "failed", id); break;
  case SEND_WISH_NOTHING:
    if (!c->has_wish) add_name(c, "unchanged", id);
    break;
  }
}

static void answer(struct send_caller *c)
{
  text packet = TEXT_ZERO;

  record_add(&packet, "answer", "done");
  record_add_number(&packet, "count", c->done);
  text_add_text(&packet, &c->names);
  if (!call_send(c->socket, &packet, 0, 0)) hang_up(c);
  text_free(&packet);
  text_clear(&c->names);
  c->has_wish = false;
  c->done = c->slot = c->named = 0;
}

static void do_named(struct send_schedule *s, struct send_caller *c, const text *request)
{
  size_t at = 0;

  for (const char *id; (id = record_next(request, "id", &at));) {
    struct send_entry *e = send_waiting_find(&s->waiting, id);
    if (e)
      do_one(s, c, e);
    else
      add_name(c, "missing", id);
  }
  answer(c);
}

static void answer_status(const struct send_schedule *s, struct send_caller *c)
{
  text packet = TEXT_ZERO;

  record_add(&packet, "answer", "done");
  record_add_number(&packet, "count", s->waiting.count);
  record_add_number(&packet, "open", s->attempts);
  record_add_number(&packet, "ready", s->ready.count);
  record_add_number(&packet, "later", s->waiting.heap_count);
  record_add(&packet, "scanning", send_scan_is_reading() ? "yes" : "no");
  if (!call_send(c->socket, &packet, 0, 0)) hang_up(c);
  text_free(&packet);
}

static void refuse(struct send_caller *c, const char *error)
{
  text packet = TEXT_ZERO;

  record_add(&packet, "answer", "no");
  record_add(&packet, "error", error);
  if (!call_send(c->socket, &packet, 0, 0)) hang_up(c);
  text_free(&packet);
}

static void start_sums(struct send_caller *c)
{
  if (send_scan_has_counted())
    c->sums = send_sums_start(); /* send_control_go_on */
  else
    refuse(c, "the queue is still being read");
}

static void do_wish(struct send_schedule *s, struct send_caller *c, const text *request)
{
  const char *what = record_get(request, "what");

  if (c->uid)
    refuse(c, "only root may");
  else if (!strcmp(what, "status"))
    answer_status(s, c);
  else if (!strcmp(what, "sums"))
    start_sums(c);
  else if (!send_wish_parse(what, &c->wish))
    refuse(c, "unknown request");
  else {
    log_event("asked", "what", what, "for", record_is(request, "all", "yes") ? "all" : "some", (char *)0);
    text_copy(&c->because, record_get(request, "because"));
    text_string(&c->because);
    if (c->wish == SEND_RETRY) send_lanes_wake(&s->lanes);
    if (record_is(request, "all", "yes"))
      c->has_wish = true; /* send_control_go_on */
    else
      do_named(s, c, request);
  }
}

void send_control_work(struct send_schedule *s, struct send_caller *c)
{
  static text request = TEXT_ZERO;

  if (c->socket == -1) return;
  switch (call_receive(c->socket, &request, 0, 0)) {
  case CALL_BROKEN:
    if (errno == EAGAIN) return;
    /* fall through */
  case CALL_CLOSED: hang_up(c); return;
  case CALL_DONE: break;
  }
  if (record_is(&request, "what", "new"))
    note_new(s, &request);
  else if (c->has_wish || c->sums)
    refuse(c, "one request after another");
  else
    do_wish(s, c, &request);
}

bool send_control_is_busy(const struct send_schedule *s)
{
  for (const struct send_caller *c = s->callers; c; c = c->next)
    if ((c->has_wish || c->sums) && c->socket != -1) return true;
  return false;
}

static void walk(struct send_schedule *s, struct send_caller *c)
{
  for (unsigned int i = 0; i < SLOTS_AT_ONCE && c->slot < s->waiting.slot_count; i++, c->slot++)
    for (struct send_entry *e = s->waiting.slots[c->slot], *chain; e; e = chain) {
      chain = e->chain;
      do_one(s, c, e);
    }
  if (c->slot >= s->waiting.slot_count) answer(c);
}

static void end_sums(struct send_caller *c)
{
  send_sums_free(c->sums);
  c->sums = 0;
}

void send_control_go_on(struct send_schedule *s)
{
  if (send_scan_is_reading()) return; /* all means those, too, that are not read yet */
  for (struct send_caller *c = s->callers; c; c = c->next) {
    if (c->has_wish && c->socket != -1) walk(s, c);
    if (c->sums && c->socket != -1 && send_sums_work(s, c->sums, c->socket)) end_sums(c);
  }
}
