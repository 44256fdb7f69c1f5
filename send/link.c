#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/log.h"
#include "send/attempt.h"
#include "send/hang.h"
#include "send/items.h"
#include "send/limit.h"
#include "send/link.h"
#include "send/packet.h"
#include "send/returns.h"
#include "send/turn.h"

enum {
  RECIPIENTS_MAX = 100,        /* of one packet: what every host has to take (RFC 5321 4.5.3.1.8) */
  RECIPIENT_BYTES_MAX = 48000, /* so that the packet stays a packet */
  AWAY_MS = 500
};

static const char *const services[] = {
  [SEND_DELIVER] = "mailbox-spawn", [SEND_SMTP] = "smtp-send", [SEND_REPORT] = "queue-add", [SEND_SIGN] = "dkim-sign"
};

static void note_away(struct send_schedule *s, enum send_service service)
{
  if (!s->is_away[service]) log_event("away", "service", services[service], "error", strerror(errno), (char *)0);
  s->is_away[service] = true;
  s->away_until_ms[service] = s->now_ms + AWAY_MS;
}

static struct send_link *open_link(struct send_schedule *s, enum send_service service, struct send_lane *lane)
{
  int socket = call_open_now(services[service]);

  if (socket == -1) {
    note_away(s, service);
    return 0;
  }
  struct send_link *l = calloc(1, sizeof *l);
  if (!l) die_nomem();
  *l = (struct send_link){ .source = SEND_SOURCE_LINK, .service = service, .socket = socket, .lane = lane, .report = -1, .opened_ms = s->now_ms, .next = s->links };
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = l };
  if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, socket, &event) == -1) die_unable("watch a connection");
  if (s->links) s->links->previous = l;
  s->links = l;
  if (service == SEND_SMTP) s->links_remote++;
  if (service == SEND_REPORT || service == SEND_SIGN) s->reports++;
  return l;
}

/* If it is among them: one that was taken to be used, or has just been opened, is not. */
static void leave_idle(struct send_schedule *s, struct send_link *l)
{
  for (struct send_link **at = &l->lane->idle; *at; at = &(*at)->next_idle)
    if (*at == l) {
      *at = l->next_idle;
      s->links_idle--;
      return;
    }
}

void send_link_close(struct send_schedule *s, struct send_link *l)
{
  struct send_lane *lane = l->lane;

  if (l->service == SEND_SMTP) {
    s->links_remote--;
    if (!l->attempt) leave_idle(s, l);
  }
  if (l->service == SEND_REPORT || l->service == SEND_SIGN) s->reports--;
  if (l->report != -1) close(l->report);
  if (l->service == SEND_DELIVER && l->mailbox) send_kept_leave(&s->kept, l);
  if (l->previous)
    l->previous->next = l->next;
  else
    s->links = l->next;
  if (l->next) l->next->previous = l->previous;
  close(l->socket);
  free(l->items);
  free(l->mailbox);
  l->socket = -1;
  l->next = s->links_closed; /* an event of this pass may still name it */
  s->links_closed = l;
  if (lane) send_lane_release(&s->lanes, lane, s->now_ms);
}

/* Another lane's connection without work makes room. */
static void make_room(struct send_schedule *s)
{
  struct send_link *l = s->links;

  while (l && (l->service != SEND_SMTP || l->attempt)) l = l->next;
  if (l && s->links_remote >= s->settings.remote_max) send_link_close(s, l);
}

static void begin(struct send_schedule *s, struct send_link *l, struct send_attempt *a)
{
  l->attempt = a;
  l->since_ms = s->now_ms;
  s->is_away[l->service] = false;
  a->entry->is_again = true;
  if (l->lane) send_lane_begin(&s->lanes, l->lane);
  for (size_t i = 0; i < l->count; i++) a->items[l->items[i]].state = SEND_ITEM_RUNS;
  a->waiting -= l->count;
  a->running += l->count;
}

static void add_item(struct send_link *l, size_t item)
{
  if (!l->items) l->items = malloc(RECIPIENTS_MAX * sizeof *l->items);
  if (!l->items) die_nomem();
  l->items[l->count++] = item;
}

static struct send_link *open_deliver(struct send_schedule *s, struct send_lane *lane, const char *mailbox)
{
  struct send_link *l = open_link(s, SEND_DELIVER, lane);

  if (l && !(l->mailbox = strdup(mailbox))) die_nomem();
  return l;
}

/* By the process that is kept for this mailbox, unless it has ended meanwhile; else by a new one. */
static struct send_link *hand_over(struct send_schedule *s, const struct send_item *item, const text *packet, int message)
{
  struct send_link *l;

  while ((l = send_kept_take(&s->kept, item->mailbox))) {
    l->count = 0;
    if (call_send(l->socket, packet, &message, 1)) return l;
    send_link_close(s, l);
  }
  l = open_deliver(s, item->lane, item->mailbox);
  if (!l || call_send(l->socket, packet, &message, 1)) return l;
  note_away(s, SEND_DELIVER);
  send_link_close(s, l);
  return 0;
}

bool send_link_deliver(struct send_schedule *s, struct send_attempt *a, size_t item)
{
  static text packet = TEXT_ZERO;
  const struct send_item *i = &a->items[item];
  const struct envelope_recipient *r = &a->file.envelope.recipients[i->recipient];
  const char *detail = i->detail ? i->detail : record_get(&r->facts, "detail");
  const char *original = record_find(&r->facts, "original");

  if (send_hangs(s, i->mailbox)) {
    send_item_end(a, &a->items[item], SAID_LATER, "4.2.0", "an earlier delivery to this mailbox has not come to its end");
    return false;
  }
  send_packet_start(&packet, "deliver", a, item);
  record_add(&packet, "mailbox", a->items[item].mailbox);
  record_add(&packet, "recipient", a->items[item].address);
  if (*detail) record_add(&packet, "detail", detail);
  if (original || strcmp(r->address, i->address)) record_add(&packet, "original", original ? original : r->address);
  record_add(&packet, "again", a->is_again ? "1" : "0");
  struct send_link *l = hand_over(s, &a->items[item], &packet, a->file.fd);
  if (!l) return false;
  add_item(l, item);
  begin(s, l, a);
  return true;
}

/* The one without work that this lane has, or a new one, which has been told the hop. */
static struct send_link *link_to(struct send_schedule *s, struct send_lane *lane)
{
  struct send_link *l = lane->idle;

  if (l) {
    leave_idle(s, l);
    l->count = 0;
    return l;
  }
  make_room(s);
  l = open_link(s, SEND_SMTP, lane);
  if (l && !call_send(l->socket, &lane->key, 0, 0)) {
    note_away(s, SEND_SMTP);
    send_link_close(s, l);
    return 0;
  }
  return l;
}

/* Of those that go this way with the same sender, from item on, so many as a packet takes. */
static size_t count_items(const struct send_attempt *a, size_t item, const text *packet)
{
  size_t count = 0;

  for (size_t i = item; i < a->count && count < RECIPIENTS_MAX; i++)
    if (a->items[i].state == SEND_ITEM_WAITS && a->items[i].lane == a->items[item].lane && send_packet_has_sender(a, i, packet)) count++;
  return count;
}

static void add_items(struct send_link *l, const struct send_attempt *a, size_t item, size_t most, text *packet)
{
  size_t start = packet->len;

  for (size_t i = item; i < a->count && l->count < most && packet->len - start < RECIPIENT_BYTES_MAX; i++)
    if (a->items[i].state == SEND_ITEM_WAITS && a->items[i].lane == l->lane && send_packet_has_sender(a, i, packet)) {
      record_add(packet, "recipient", a->items[i].address);
      send_packet_add_parameters(packet, &a->file.envelope.recipients[a->items[i].recipient]);
      add_item(l, i);
    }
}

bool send_link_send(struct send_schedule *s, struct send_attempt *a, size_t item)
{
  static text packet = TEXT_ZERO;
  struct send_lane *lane = a->items[item].lane;

  send_packet_start(&packet, "send", a, item);
  send_packet_add_facts(&packet, &a->file.envelope);
  size_t most = send_limit_take(s, lane, count_items(a, item, &packet));
  struct send_link *l = most ? link_to(s, lane) : 0;
  if (l) add_items(l, a, item, most, &packet);
  bool is_sent = l && call_send(l->socket, &packet, &a->file.fd, 1);
  send_limit_give(s, lane, is_sent ? most - l->count : most);
  if (is_sent)
    begin(s, l, a);
  else if (l)
    send_link_close(s, l); /* it ended while it was idle, or is away: the next try makes a new one */
  return is_sent;
}

static struct send_link *send_file(struct send_schedule *s, struct send_attempt *a, enum send_service service, const text *packet, int file)
{
  struct send_link *l = s->now_ms < s->away_until_ms[service] ? 0 : open_link(s, service, 0);

  if (!l) return 0;
  if (!call_send(l->socket, packet, &file, 1)) {
    note_away(s, service);
    send_link_close(s, l);
    return 0;
  }
  begin(s, l, a);
  a->report = l;
  return l;
}

bool send_link_sign(struct send_schedule *s, struct send_attempt *a, const text *request, int report)
{
  struct send_link *l = send_file(s, a, SEND_SIGN, request, report);

  if (l) l->report = report;
  return l;
}

bool send_link_report(struct send_schedule *s, struct send_attempt *a, const char *id, int report)
{
  static text packet = TEXT_ZERO;

  text_clear(&packet);
  record_add(&packet, "what", "add");
  record_add(&packet, "id", id);
  return send_file(s, a, SEND_REPORT, &packet, report);
}

static void end_unanswered(const struct send_schedule *s, struct send_attempt *a, struct send_item *item)
{
  if (s->is_stopping)
    send_item_end(a, item, SAID_LATER, "4.3.2", "no answer yet when send-schedule was stopped");
  else
    send_item_end(a, item, SAID_LATER, "4.3.0", "no answer: the program that was to deliver it ended, see its log");
}

static void end_items(struct send_schedule *s, struct send_link *l, const text *answer)
{
  struct send_attempt *a = l->attempt;
  const char *value;
  bool is_of_hop = true, is_dead = true;
  size_t at = 0;

  for (size_t i = 0; i < l->count; i++) {
    struct send_item *item = &a->items[l->items[i]];
    value = record_next(answer, "recipient", &at);
    end_unanswered(s, a, item);
    if (value) send_result_parse(&item->outcome, value);
    send_item_take(item, answer);
    is_of_hop = is_of_hop && send_result_is_of_hop(&item->outcome);
    is_dead = is_dead && !item->outcome.code;
  }
  if (is_of_hop) {
    send_limit_give(s, l->lane, l->count);
    const struct send_item *first = &a->items[l->items[0]];
    send_lane_end_badly(&s->lanes, l->lane, first->outcome.text.s, is_dead, s->now_ms);
    text_copy(&l->lane->status, first->outcome.status.s);
    text_copy(&l->lane->remote, first->remote.s);
    text_string(&l->lane->status);
    text_string(&l->lane->remote);
  } else
    send_lane_end_well(&s->lanes, l->lane);
}

static bool keep(struct send_schedule *s, struct send_link *l)
{
  if (l->service == SEND_DELIVER) return send_kept_add(&s->kept, l);
  l->next_idle = l->lane->idle;
  l->lane->idle = l;
  s->links_idle++;
  return true;
}

static void keep_or_close(struct send_schedule *s, struct send_link *l, bool is_wanted)
{
  l->since_ms = s->now_ms;
  if (is_wanted && keep(s, l))
    l->attempt = 0;
  else
    send_link_close(s, l);
}

/* By which TLS a host gets mail, and by which login, is found out when it is connected to: on a busy way that is done anew now and then. */
static bool is_old(const struct send_schedule *s, const struct send_link *l)
{
  return l->service == SEND_SMTP && s->now_ms - l->opened_ms >= s->settings.connection_ms;
}

static void end_work(struct send_schedule *s, struct send_link *l, const text *answer)
{
  struct send_attempt *a = l->attempt;

  if (l->service == SEND_REPORT || l->service == SEND_SIGN) {
    int report = l->report;
    l->report = -1;
    a->report = 0;
    send_link_close(s, l);
    if (report != -1)
      send_returns_signed(s, a, report, answer);
    else
      send_returns_answered(s, a, answer);
    return;
  }
  send_hang_note(s, l, false);
  end_items(s, l, answer);
  keep_or_close(s, l, record_is(answer, "keep", "yes") && !s->is_stopping && !is_old(s, l));
  send_attempt_settle(s, a);
  send_turn_again(s, l);
}

void send_link_work(struct send_schedule *s, struct send_link *l)
{
  static text answer = TEXT_ZERO;

  if (l->socket == -1) return;
  switch (call_receive(l->socket, &answer, 0, 0)) {
  case CALL_DONE: break;
  case CALL_BROKEN:
    if (errno == EAGAIN) return;
    /* fall through */
  case CALL_CLOSED: text_clear(&answer); break;
  }
  if (l->attempt)
    end_work(s, l, &answer);
  else
    send_link_close(s, l);
}

void send_link_give_up(struct send_schedule *s, struct send_link *l)
{
  static const text nothing = TEXT_ZERO;

  end_work(s, l, &nothing);
}
