/* COPY and MOVE between two mailboxes of which one at least is public: the messages pass through this session, which may read the one
   and add to the other. What was copied is on the disk before an original goes. */

#include <errno.h>
#include <string.h>

#include "imap/commands.h"
#include "imap/date.h"
#include "imap/message.h"
#include "imap/quote.h"
#include "imap/relay_target.h"
#include "lib/octets.h"

enum { LINE_MAX_BYTES = 64 * 1024, SET_MAX_BYTES = IMAP_COMMAND_MAX / 2 };

struct copy {
  struct imap_relay_target target;
  struct imap_sequence uids; /* of the originals */
  text flags, date, line;
  bool is_inside, is_refused; /* while a public mailbox sends: inside a message; the reply is given, the rest is passed over */
};

/* --- from a folder of one's own --- */

static bool read_one(struct imap_state *s, struct imap_loaded *l, struct copy *c, size_t place)
{
  imap_loaded_start(l, &s->folder, place);
  if (!imap_loaded_stat(l) || !imap_loaded_read(l)) {
    if (errno == ENOENT) imap_no(s, "[EXPUNGEISSUED] some of these messages are no longer there, nothing was copied");
    else imap_no_errno(s, "read a message");
    return false;
  }
  text_copy(&c->flags, "(");
  imap_marks_format(s, s->folder.messages[place].marks & ~(imap_marks)IMAP_RECENT, &c->flags);
  text_add_char(&c->flags, ')');
  text_clear(&c->date);
  imap_date_time_format(l->date_seconds, &c->date);
  return true;
}

static bool send_one(struct imap_state *s, struct imap_loaded *l, struct copy *c)
{
  struct octets octets = octets_of(l->bytes, l->length);
  struct bytes piece;

  if (!imap_relay_target_begin(s, &c->target, &c->flags, &c->date, octets.size)) return false;
  while (octets_next(&octets, &piece))
    if (!imap_relay_target_write(s, &c->target, piece.s, piece.len)) return false;
  return imap_relay_target_end(s, &c->target);
}

static bool copy_own(struct imap_state *s, struct copy *c)
{
  struct imap_loaded loaded = { .mime = MIME_ZERO };
  struct imap_walk at = { 0 };
  bool fine = true;

  for (size_t place; fine && imap_walk_next(s, &at, &place);) {
    fine = read_one(s, &loaded, c, place) && send_one(s, &loaded, c);
    imap_sequence_add(&c->uids, s->folder.messages[place].uid);
  }
  imap_loaded_free(&loaded);
  return fine;
}

/* --- from a public one --- */

/* What stands between two words of "* 3 FETCH (UID 7 FLAGS (\Seen) INTERNALDATE "..." BODY[] {310}". */
static bool cut(const char *line, const char *before, const char *behind, text *out)
{
  const char *from = strstr(line, before), *to = from ? strstr(from + strlen(before), behind) : 0;

  text_clear(out);
  if (!to) return false;
  text_add_bytes(out, from + strlen(before), (size_t)(to - from) - strlen(before));
  text_string(out);
  return true;
}

static void drop_recent(text *flags)
{
  char *at = strstr(text_string(flags), "\\Recent");

  if (!at) return;
  size_t length = strlen("\\Recent"), before = (size_t)(at - flags->s);
  if (before > 1) at--, before--, length++; /* the space */
  else if (at[length] == ' ') length++;
  memmove(at, at + length, flags->len - before - length);
  flags->len -= length;
}

static bool begin_message(struct imap_state *s, struct copy *c)
{
  text number = TEXT_ZERO;
  uint64_t uid = 0, size = 0;
  const char *line = text_string(&c->line);

  bool fine = cut(line, "(UID ", " ", &number) && number_scan(number.s, UINT32_MAX, &uid) && cut(line, " BODY[] {", "}", &number) &&
    number_scan(number.s, INT64_MAX, &size) && cut(line, " FLAGS ", " INTERNALDATE ", &c->flags) && cut(line, " INTERNALDATE ", " BODY[] ", &c->date);
  text_free(&number);
  if (!fine) {
    imap_no(s, "[UNAVAILABLE] the other mailbox cannot be understood");
    return false;
  }
  drop_recent(&c->flags);
  imap_sequence_add(&c->uids, (uint32_t)uid);
  return imap_relay_target_begin(s, &c->target, &c->flags, &c->date, size);
}

/* A whole line, but for literals: a message begins or ends, or it is news for the client. */
static void take_line(struct imap_state *s, struct copy *c)
{
  if (c->is_inside) {
    c->is_inside = false;
    if (!c->is_refused) c->is_refused = !imap_relay_target_end(s, &c->target);
  } else if (strstr(text_string(&c->line), " BODY[] {")) {
    c->is_inside = true;
    if (!c->is_refused) c->is_refused = !begin_message(s, c);
  } else
    imap_wire_add_bytes(&s->wire, c->line.s, c->line.len);
  text_clear(&c->line);
}

static void take_piece(struct imap_state *s, struct copy *c, const struct bytes *piece, bool is_literal)
{
  if (is_literal) {
    if (!c->is_refused) c->is_refused = !imap_relay_target_write(s, &c->target, piece->s, piece->len);
    return;
  }
  text_add_bytes(&c->line, piece->s, piece->len);
  if (piece->len && piece->s[piece->len - 1] == '\n') take_line(s, c);
}

static bool receive(struct imap_state *s, struct imap_relay *r, struct copy *c)
{
  enum imap_follow_result result = IMAP_FOLLOW_MORE;

  while (result == IMAP_FOLLOW_MORE && c->line.len < LINE_MAX_BYTES && !s->ends && (r->at < r->length || imap_relay_fill(s, r))) {
    bool is_literal = r->follow.literal;
    struct bytes piece;
    size_t used;
    result = imap_follow_add(&r->follow, r->bytes + r->at, r->length - r->at, &used, &piece);
    r->at += used;
    take_piece(s, c, &piece, is_literal);
  }
  if (result == IMAP_FOLLOW_DONE && c->is_refused) return false;
  if (result == IMAP_FOLLOW_DONE) {
    text_copy_bytes(&s->reply, r->follow.line.s, r->follow.line.len);
    return imap_reply_is_ok(s);
  }
  if (!s->ends) imap_relay_lost(s, r);
  return false;
}

/* The set as the client wrote it: "TAG UID COPY 1:* Public/x", "TAG COPY 3 x". */
static void add_set(const struct imap_state *s, text *out)
{
  const text *command = &s->wire.input.command;
  const char *at = command->s + strlen(s->command.tag) + 1, *end = command->s + command->len;

  for (int words = s->command.by_uid ? 2 : 1; words && at < end; at++) words -= *at == ' ';
  while (at < end && *at != ' ') text_add_char(out, *at++);
}

static bool copy_public(struct imap_state *s, struct copy *c)
{
  text command = TEXT_ZERO;

  text_add(&command, s->command.by_uid ? IMAP_FOLLOW_TAG " UID FETCH " : IMAP_FOLLOW_TAG " FETCH ");
  add_set(s, &command);
  text_add(&command, " (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n");
  bool fine = imap_relay_send(s, s->relay, command.s, command.len);
  text_free(&command);
  if (fine) return receive(s, s->relay, c);
  imap_relay_lost(s, s->relay);
  return false;
}

/* --- the originals --- */

static bool say(struct imap_state *s, const text *command, text *sink)
{
  bool fine = imap_relay_send(s, s->relay, command->s, command->len) && imap_relay_answer(s, s->relay, sink) == IMAP_FOLLOW_DONE;

  if (fine) text_copy_bytes(&s->reply, s->relay->follow.line.s, s->relay->follow.line.len);
  else imap_relay_lost(s, s->relay);
  return fine && imap_reply_is_ok(s);
}

/* Before anything is copied: may the originals be removed? */
static bool may_remove(struct imap_state *s)
{
  text command = TEXT_ZERO, told = TEXT_ZERO;

  if (!s->relay) return imap_is_changeable(s);
  text_add(&command, IMAP_FOLLOW_TAG " MYRIGHTS ");
  imap_quote_add_astring(&command, s->relay->folder.s);
  text_add(&command, "\r\n");
  bool fine = say(s, &command, &told);
  if (fine) {
    const char *words = strstr(text_string(&told), "MYRIGHTS "), *rights = words ? strchr(words, '\r') : 0;
    while (rights && rights > words && rights[-1] != ' ') rights--;
    size_t length = rights ? strcspn(rights, "\r") : 0;
    fine = rights && memchr(rights, 't', length) && memchr(rights, 'e', length);
    if (!fine) imap_no(s, "[NOPERM] you have no right to remove messages here");
  }
  if (fine && s->relay->is_read_only) {
    imap_no(s, "[READ-ONLY] the mailbox was opened by EXAMINE");
    fine = false;
  }
  text_free(&command);
  text_free(&told);
  return fine;
}

/* Of a set so much as fits into a command. */
static size_t piece_of_set(const char *set, size_t length)
{
  if (length <= SET_MAX_BYTES) return length;
  for (length = SET_MAX_BYTES; set[length] != ','; length--) {}
  return length;
}

/* They have copies: it is nobody's loss. */
static bool is_expunged_by_others(struct imap_state *s) { return !s->ends && !strncmp(text_string(&s->reply), "NO [EXPUNGEISSUED]", 18); }

static bool remove_originals(struct imap_state *s, const text *uids)
{
  text command = TEXT_ZERO;

  if (!s->relay) {
    if (imap_remove_set(s)) return true;
    imap_no_errno(s, "remove what was copied to the other mailbox");
    return false;
  }
  bool fine = true;
  for (size_t at = 0, length; fine && at < uids->len; at += length + 1) {
    length = piece_of_set(uids->s + at, uids->len - at);
    text_clear(&command);
    text_add_format(&command, IMAP_FOLLOW_TAG " UID STORE %.*s +FLAGS.SILENT (\\Deleted)\r\n", (int)length, uids->s + at);
    fine = say(s, &command, 0) || is_expunged_by_others(s);
    text_clear(&command);
    text_add_format(&command, IMAP_FOLLOW_TAG " UID EXPUNGE %.*s\r\n", (int)length, uids->s + at);
    fine = fine && say(s, &command, 0);
  }
  text_free(&command);
  return fine;
}

/* --- both --- */

static void finish(struct imap_state *s, struct copy *c, bool is_move)
{
  struct imap_sequence copies = IMAP_SEQUENCE_ZERO;
  text uids = TEXT_ZERO, words = TEXT_ZERO;

  for (size_t i = 0; i < c->target.count; i++) imap_sequence_add(&copies, c->target.first + (uint32_t)i);
  imap_sequence_format(&c->uids, &uids);
  text_add_format(&words, "[COPYUID %lu %s ", (unsigned long)c->target.validity, text_string(&uids));
  imap_sequence_format(&copies, &words);
  text_add(&words, "] copied");
  if (is_move) {
    imap_wire_add(&s->wire, "* OK ");
    imap_wire_add_bytes(&s->wire, words.s, words.len);
    imap_wire_add(&s->wire, ", now they go here\r\n");
    if (remove_originals(s, &uids)) imap_ok(s, "moved");
  } else
    imap_ok(s, text_string(&words));
  imap_log(s, is_move ? "move" : "copy", s->relay ? s->relay->folder.s : s->name.s, uids.s, "to", c->target.name.s);
  imap_sequence_free(&copies);
  text_free(&uids);
  text_free(&words);
}

void imap_relay_copy(struct imap_state *s, bool to_public)
{
  struct copy c = { .uids = IMAP_SEQUENCE_ZERO, .flags = TEXT_ZERO, .date = TEXT_ZERO, .line = TEXT_ZERO };
  bool is_move = s->command.verb == IMAP_MOVE;

  if ((!s->relay && !imap_sequence_ready(s)) || (is_move && !may_remove(s))) return;
  if (imap_relay_target_open(s, &c.target, to_public) && (s->relay ? copy_public(s, &c) : copy_own(s, &c))) {
    if (!c.target.count) imap_ok(s, "there is no such message, nothing was done");
    else if (imap_relay_target_finish(s, &c.target)) finish(s, &c, is_move);
  }
  imap_relay_target_close(&c.target);
  imap_sequence_free(&c.uids);
  text_free(&c.flags);
  text_free(&c.date);
  text_free(&c.line);
}
