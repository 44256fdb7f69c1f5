/* APPEND: the message goes from the wire to the disk, piece by piece. */

#include <errno.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/folder_add.h"
#include "imap/quota.h"
#include "imap/rights.h"

/* The message that comes, behind others of so many bytes. */
static bool size_fits(struct imap_state *s, uint64_t before)
{
  if (!s->start->append_bytes || s->wire.input.literal_size <= s->start->append_bytes) return imap_quota_fits(s, before + s->wire.input.literal_size);
  imap_no(s, "[TOOBIG] the message is larger than this server takes");
  return false;
}

static bool open_target(struct imap_state *s, text *name, struct imap_folder *folder)
{
  text entry = TEXT_ZERO;

  if (!imap_take_name(s, s->command.mailbox, name) || !imap_may(s, name, RIGHT_INSERT)) return false;
  imap_entry_format(name, &entry);
  enum imap_folder_result result = imap_folder_open_to_add(folder, text_string(&entry));
  text_free(&entry);
  if (result == IMAP_FOLDER_ABSENT) imap_no(s, "[TRYCREATE] there is no such mailbox");
  if (result == IMAP_FOLDER_BROKEN) imap_no_errno(s, "open the mailbox");
  if (result != IMAP_FOLDER_DONE) return false;
  if (size_fits(s, 0)) return true;
  imap_folder_close(folder);
  return false;
}

/* All of the literal is read whatever happens to it: the client could not be followed otherwise. DONE, STREAM if another one follows;
   LOST if it broke off. */
static enum imap_input_result stream(struct imap_state *s, struct imap_addition *a, int *error)
{
  uint64_t left = s->wire.input.literal_size;
  const char *bytes;

  if (s->wire.input.literal_waits) imap_wire_add(&s->wire, "+ OK\r\n");
  while (left) {
    size_t count = imap_wire_take(&s->wire, left, &bytes);
    if (!count) return IMAP_INPUT_LOST;
    if (!*error && !imap_addition_write(a, bytes, count)) *error = errno;
    left -= count;
  }
  enum imap_input_result next = imap_wire_command(&s->wire);
  return next == IMAP_INPUT_DONE || next == IMAP_INPUT_STREAM ? next : IMAP_INPUT_LOST;
}

static void reply_appended(struct imap_state *s, const text *name, const struct imap_addition *a, size_t count)
{
  text words = TEXT_ZERO, uids = TEXT_ZERO;

  text_add_number(&uids, a->first_uid);
  if (count > 1) text_add_format(&uids, ":%lu", (unsigned long)a->first_uid + count - 1);
  text_add_format(&words, "[APPENDUID %lu %s] appended", (unsigned long)a->folder->uids.head.validity, text_string(&uids));
  imap_ok(s, text_string(&words));
  imap_log(s, "append", name->s, uids.s, 0, 0);
  text_free(&words);
  text_free(&uids);
}

/* What stands before another message (RFC 3502): its flags and date; and may it come? */
static bool take_next(struct imap_state *s, const struct maildirsize *sum)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%s APPEND INBOX", s->command.tag);
  text_add_text(&line, &s->wire.input.command);
  bool is_good = imap_command_parse(&s->command, line.s, line.len);
  text_free(&line);
  if (!is_good) imap_bad(s, s->command.error.len ? text_string(&s->command.error) : "this is no message of an APPEND");
  return is_good && size_fits(s, (uint64_t)sum->bytes);
}

/* One message after another, none in its place yet. False: the reply is given. */
static bool append_all(struct imap_state *s, struct imap_addition *a, unsigned int rights, struct maildirsize *sum)
{
  enum imap_input_result next = IMAP_INPUT_STREAM;
  imap_marks marks;
  int error = 0;

  while (next == IMAP_INPUT_STREAM) {
    if ((sum->messages && !take_next(s, sum)) || !imap_marks_of(s, a->folder, &s->command.flags, rights & RIGHT_WRITE, &marks)) {
      imap_input_refuse(&s->wire.input);
      return false;
    }
    if (!error && !imap_addition_begin(a)) error = errno;
    next = stream(s, a, &error);
    const int64_t *date = s->command.has_date ? &s->command.date_seconds : 0;
    if (next != IMAP_INPUT_LOST && !error && !imap_addition_end(a, marks & imap_rights_marks(rights), date)) error = errno;
    sum->bytes += (int64_t)a->bytes;
    sum->messages++;
  }
  errno = error;
  if (next == IMAP_INPUT_LOST) imap_bad(s, "the message broke off");
  else if (s->wire.input.command.len) imap_bad(s, "one message, and nothing behind it, is what APPEND takes");
  else if (error) imap_no_errno(s, "write the message");
  else return true;
  return false;
}

void imap_cmd_append(struct imap_state *s)
{
  struct imap_folder folder;
  struct imap_addition addition;
  struct maildirsize sum = { 0 };
  text name = TEXT_ZERO;

  if (!open_target(s, &name, &folder)) {
    imap_input_refuse(&s->wire.input);
    text_free(&name);
    return;
  }
  imap_addition_start(&addition, &folder);
  if (append_all(s, &addition, imap_rights_of(s, &name), &sum)) {
    if (imap_addition_finish(&addition)) {
      imap_quota_change(s, &sum, false);
      reply_appended(s, &name, &addition, (size_t)sum.messages);
    } else imap_no_errno(s, "write the message");
  }
  imap_addition_stop(&addition);
  imap_folder_close(&folder);
  text_free(&name);
}
