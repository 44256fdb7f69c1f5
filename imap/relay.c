#include "imap/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imap/entry.h"
#include "imap/relay_inside.h"
#include "imap/share.h"
#include "lib/call.h"
#include "lib/die.h"
#include "lib/log.h"

enum { ASK_SECONDS = 60, ANSWER_SECONDS = 30 * 60, STUCK_SECONDS = 300 };

static bool is_public(const struct imap_state *s, const char *name)
{
  return s->start->has_public && name && imap_share_is_public(name);
}

/* --- mailbox-spawn --- */

int imap_relay_ask(const text *request, text *answer)
{
  int pair[2];

  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) return -1;
  enum call_result result = call_ask("mailbox-spawn", request, pair + 1, 1, answer, 0, ASK_SECONDS);
  close(pair[1]);
  if (result == CALL_DONE) return pair[0];
  close(pair[0]);
  return -1;
}

void imap_relay_refuse(struct imap_state *s, const text *answer)
{
  if (record_is(answer, "answer", "none")) {
    imap_no(s, "[NONEXISTENT] there is no such mailbox");
    return;
  }
  log_event("trouble", "login", s->start->login, "what", "reach a public mailbox", "reason", record_get(answer, "error"), (char *)0);
  imap_no(s, "[UNAVAILABLE] the public mailboxes cannot be reached, try again later");
}

struct imap_relay *imap_relay_open(struct imap_state *s, const char *folder)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, name = TEXT_ZERO;
  struct imap_relay *r = 0;

  if (imap_entry_name(folder, &name) || !imap_share_mailbox(text_string(&name), &answer)) imap_no(s, "[NONEXISTENT] there is no such mailbox");
  else {
    if (!(r = calloc(1, sizeof *r))) die_nomem();
    text_copy_bytes(&r->mailbox, answer.s, answer.len);
    text_string(&r->mailbox);
    text_copy_bytes(&r->folder, name.s, name.len);
    text_string(&r->folder);
    text_clear(&answer);
    record_add(&request, "what", "public");
    record_add(&request, "name", name.s);
    record_add(&request, "ip", s->start->ip);
    r->fd = imap_relay_ask(&request, &answer);
    if (r->fd == -1 || !record_is(&answer, "answer", "started")) {
      imap_relay_refuse(s, &answer);
      imap_relay_close(r);
      r = 0;
    } else fcntl(r->fd, F_SETFL, fcntl(r->fd, F_GETFL) | O_NONBLOCK);
  }
  text_free(&request);
  text_free(&answer);
  text_free(&name);
  return r;
}

void imap_relay_close(struct imap_relay *r)
{
  if (r->fd != -1) close(r->fd);
  imap_follow_free(&r->follow);
  text_free(&r->mailbox);
  text_free(&r->folder);
  free(r);
}

void imap_relay_end(struct imap_state *s)
{
  if (s->relay) imap_relay_close(s->relay);
  s->relay = 0;
}

/* --- the dialogue --- */

bool imap_relay_send(struct imap_state *s, struct imap_relay *r, const char *bytes, size_t length)
{
  while (length) {
    ssize_t wrote = write(r->fd, bytes, length);
    if (wrote == -1 && errno == EINTR) continue;
    if (wrote == -1 && (errno != EAGAIN || !imap_wire_wait(&s->wire, r->fd, POLLOUT, STUCK_SECONDS))) return false;
    if (wrote <= 0) continue;
    bytes += wrote;
    length -= (size_t)wrote;
  }
  return true;
}

bool imap_relay_fill(struct imap_state *s, struct imap_relay *r)
{
  for (;;) {
    ssize_t got = read(r->fd, r->bytes, sizeof r->bytes);
    if (got > 0) {
      r->at = 0;
      r->length = (size_t)got;
      return true;
    }
    if (!got || (errno != EINTR && errno != EAGAIN)) return false;
    if (errno == EAGAIN && !imap_wire_wait(&s->wire, r->fd, POLLIN, ANSWER_SECONDS)) return false;
  }
}

/* Of what was read: until something ends, or all of it has gone to the client or to the sink. */
static enum imap_follow_result work(struct imap_state *s, struct imap_relay *r, text *sink)
{
  enum imap_follow_result result = IMAP_FOLLOW_MORE;

  while (result == IMAP_FOLLOW_MORE && r->at < r->length) {
    struct bytes pass;
    size_t used;
    result = imap_follow_add(&r->follow, r->bytes + r->at, r->length - r->at, &used, &pass);
    r->at += used;
    if (sink) text_add_bytes(sink, pass.s, pass.len);
    else imap_wire_add_bytes(&s->wire, pass.s, pass.len);
    if (s->wire.end != IMAP_WIRE_OPEN || (sink && sink->len > IMAP_RELAY_SINK_MAX)) return IMAP_FOLLOW_BROKEN;
  }
  return result;
}

enum imap_follow_result imap_relay_answer(struct imap_state *s, struct imap_relay *r, text *sink)
{
  for (;;) {
    enum imap_follow_result result = work(s, r, sink);
    if (result != IMAP_FOLLOW_MORE) return result;
    if (!imap_relay_fill(s, r)) return IMAP_FOLLOW_BROKEN;
  }
}

/* What the client has of the answer may be half a line: then it cannot be followed any more. */
void imap_relay_lost(struct imap_state *s, struct imap_relay *r)
{
  imap_no(s, "[UNAVAILABLE] the public mailbox has gone away, try again later");
  if (r != s->relay && !imap_follow_is_inside(&r->follow)) return;
  if (imap_follow_is_inside(&r->follow)) imap_wire_add(&s->wire, "\r\n");
  imap_wire_add(&s->wire, "* BYE the public mailbox has gone away: log in again\r\n");
  s->ends = true;
}

static void take_reply(struct imap_state *s, struct imap_relay *r, enum imap_follow_result result)
{
  if (result == IMAP_FOLLOW_DONE) text_copy_bytes(&s->reply, r->follow.line.s, r->follow.line.len);
  else imap_relay_lost(s, r);
}

/* The command as it came, under the other tag. Its literals are sent at once: nobody waits for a "+". */
static void format_command(const struct imap_state *s, text *out)
{
  const text *command = &s->wire.input.command;
  const char *at = command->s + strlen(s->command.tag), *end = command->s + command->len;

  text_copy(out, IMAP_FOLLOW_TAG);
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) break;
    const char *brace = newline - 2, *digits = brace; /* "{N}" CR LF, or "{N+}": nothing else has a line's end */
    uint64_t size = 0;
    if (brace[-1] == '+') digits--;
    const char *first = digits;
    while (first > at && ascii_is_digit(first[-1])) first--;
    number_scan_bytes(first, (size_t)(digits - first), UINT32_MAX, &size);
    text_add_bytes(out, at, (size_t)(digits - at));
    text_add(out, "+}\r\n");
    at = newline + 1;
    text_add_bytes(out, at, (size_t)size);
    at += size;
  }
  if (at < end) text_add_bytes(out, at, (size_t)(end - at));
  text_add(out, "\r\n");
}

/* The message of an APPEND, and the end of its line. False: it broke off, on either side. */
static bool stream(struct imap_state *s, struct imap_relay *r)
{
  uint64_t left = s->wire.input.literal_size;
  bool is_heard = true;
  const char *bytes;

  while (left) {
    size_t count = imap_wire_take(&s->wire, left, &bytes);
    if (!count) return false;
    is_heard = is_heard && imap_relay_send(s, r, bytes, count);
    left -= count;
  }
  if (imap_wire_command(&s->wire) != IMAP_INPUT_DONE) return false;
  const text *rest = &s->wire.input.command;
  return is_heard && imap_relay_send(s, r, rest->s, rest->len) && imap_relay_send(s, r, "\r\n", 2);
}

static void append(struct imap_state *s, struct imap_relay *r)
{
  bool waits = s->wire.input.literal_waits;

  if (waits) {
    enum imap_follow_result result = imap_relay_answer(s, r, 0);
    if (result != IMAP_FOLLOW_CONTINUE) {
      take_reply(s, r, result);
      imap_input_refuse(&s->wire.input);
      return;
    }
    imap_wire_add(&s->wire, "+ OK\r\n");
  }
  if (stream(s, r)) take_reply(s, r, imap_relay_answer(s, r, 0));
  else imap_relay_lost(s, r);
}

static void forward(struct imap_state *s, struct imap_relay *r)
{
  text out = TEXT_ZERO;

  format_command(s, &out);
  bool is_sent = imap_relay_send(s, r, out.s, out.len);
  text_free(&out);
  if (s->command.verb == IMAP_APPEND && is_sent) append(s, r);
  else if (is_sent) take_reply(s, r, imap_relay_answer(s, r, 0));
  else imap_relay_lost(s, r);
}

static void idle(struct imap_state *s, struct imap_relay *r)
{
  enum imap_follow_result result = imap_relay_send(s, r, IMAP_FOLLOW_TAG " IDLE\r\n", 8) ? imap_relay_answer(s, r, 0) : IMAP_FOLLOW_BROKEN;
  enum imap_input_result input = IMAP_INPUT_MORE;

  imap_input_expect_line(&s->wire.input);
  if (result == IMAP_FOLLOW_CONTINUE) {
    imap_wire_add(&s->wire, "+ idling\r\n");
    result = IMAP_FOLLOW_MORE;
  }
  while (result == IMAP_FOLLOW_MORE && input == IMAP_INPUT_MORE) {
    result = work(s, r, 0);
    if (result == IMAP_FOLLOW_MORE) input = imap_wire_command_or_news(&s->wire, r->fd, 0);
    if (input == IMAP_INPUT_MORE && result == IMAP_FOLLOW_MORE && !imap_relay_fill(s, r)) result = IMAP_FOLLOW_BROKEN;
  }
  if (input == IMAP_INPUT_LOST) {
    imap_bad(s, "IDLE ends with DONE");
    return;
  }
  bool is_done = input == IMAP_INPUT_DONE && text_is_nocase(&s->wire.input.command, "DONE");
  if (result == IMAP_FOLLOW_MORE) result = imap_relay_send(s, r, is_done ? "DONE\r\n" : "\r\n", is_done ? 6 : 2) ? imap_relay_answer(s, r, 0) : IMAP_FOLLOW_BROKEN;
  take_reply(s, r, result);
}

/* --- which command goes where --- */

bool imap_relay_has(const struct imap_relay *r, const char *folder)
{
  text name = TEXT_ZERO;
  bool has = r && imap_share_mailbox(folder, &name) && text_is(&name, r->mailbox.s);

  text_free(&name);
  return has;
}

/* What that did to the mailbox that is selected. The command is done, whatever becomes of this. */
static void look(struct imap_state *s)
{
  text reply = TEXT_ZERO;

  text_add_text(&reply, &s->reply);
  bool is_heard = imap_relay_send(s, s->relay, IMAP_FOLLOW_TAG " NOOP\r\n", 8) && imap_relay_answer(s, s->relay, 0) == IMAP_FOLLOW_DONE;
  if (!is_heard) imap_relay_lost(s, s->relay);
  text_copy_bytes(&s->reply, reply.s, reply.len);
  text_free(&reply);
}

/* To a process of its own: its rights are those of now. */
static void forward_once(struct imap_state *s, const char *folder)
{
  struct imap_relay *r = imap_relay_open(s, folder);

  if (s->command.verb == IMAP_APPEND && !r) imap_input_refuse(&s->wire.input);
  if (!r) return;
  forward(s, r);
  bool is_gone = s->command.verb == IMAP_DELETE && imap_reply_is_ok(s) && s->relay && text_equal(&s->relay->folder, &r->folder);
  imap_relay_close(r);
  if (is_gone) imap_relay_end(s);
  if (!s->ends && imap_relay_has(s->relay, folder)) look(s);
}

static bool select_folder(struct imap_state *s)
{
  imap_relay_end(s);
  if (!is_public(s, s->command.mailbox)) return false;
  imap_unselect(s);
  struct imap_relay *r = imap_relay_open(s, s->command.mailbox);
  if (!r) return true;
  forward(s, r);
  if (imap_reply_is_ok(s)) {
    s->relay = r;
    r->is_read_only = s->reply.len > 13 && !memcmp(s->reply.s, "OK [READ-ONLY]", 14);
  }
  else imap_relay_close(r);
  return true;
}

static bool close_folder(struct imap_state *s)
{
  if (!s->relay) return false;
  forward(s, s->relay);
  imap_relay_end(s);
  return true;
}

static bool rename_folder(struct imap_state *s)
{
  const char *from = s->command.mailbox, *to = s->command.renamed;
  text name = TEXT_ZERO;

  if (!is_public(s, from) && !is_public(s, to)) return false;
  if (imap_share_mailbox(from, &name) && imap_share_mailbox(to, &name)) forward_once(s, from);
  else imap_no(s, "[CANNOT] a folder stays in its mailbox: copy the messages");
  text_free(&name);
  return true;
}

bool imap_relay_run(struct imap_state *s)
{
  bool names_public = is_public(s, s->command.mailbox);

  switch (s->command.verb) {
  case IMAP_SELECT:
  case IMAP_EXAMINE: return select_folder(s);
  case IMAP_CLOSE:
  case IMAP_UNSELECT: return close_folder(s);
  case IMAP_RENAME: return rename_folder(s);
  case IMAP_COPY:
  case IMAP_MOVE:
    if (!s->relay && !names_public) return false;
    if (imap_relay_has(s->relay, s->command.mailbox)) forward(s, s->relay);
    else imap_relay_copy(s, names_public);
    return true;
  case IMAP_IDLE:
    if (s->relay) idle(s, s->relay);
    return s->relay;
  case IMAP_NOOP:
  case IMAP_CHECK:
  case IMAP_EXPUNGE:
  case IMAP_SEARCH:
  case IMAP_FETCH:
  case IMAP_STORE:
    if (s->relay) forward(s, s->relay);
    return s->relay;
  case IMAP_CREATE:
  case IMAP_DELETE:
  case IMAP_STATUS:
  case IMAP_APPEND:
  case IMAP_MYRIGHTS:
  case IMAP_GETACL:
  case IMAP_LISTRIGHTS:
  case IMAP_SETACL:
  case IMAP_DELETEACL:
    if (names_public) forward_once(s, s->command.mailbox);
    return names_public;
  default: return false;
  }
}
