/* APPEND: the message goes from the wire to the disk, piece by piece. */

#include <errno.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/folder_add.h"
#include "imap/quota.h"
#include "imap/rights.h"

static bool open_target(struct imap_state *s, text *name, struct imap_folder *folder)
{
  text entry = TEXT_ZERO;

  if (s->start->append_bytes && s->wire.input.literal_size > s->start->append_bytes) {
    imap_no(s, "[TOOBIG] the message is larger than this server takes");
    return false;
  }
  if (!imap_take_name(s, s->command.mailbox, name) || !imap_may(s, name, RIGHT_INSERT)) return false;
  imap_entry_format(name, &entry);
  enum imap_folder_result result = imap_folder_open_to_add(folder, text_string(&entry));
  text_free(&entry);
  if (result == IMAP_FOLDER_ABSENT) imap_no(s, "[TRYCREATE] there is no such mailbox");
  if (result == IMAP_FOLDER_BROKEN) imap_no_errno(s, "open the mailbox");
  if (result != IMAP_FOLDER_DONE) return false;
  if (imap_quota_fits(s, s->wire.input.literal_size)) return true;
  imap_folder_close(folder);
  return false;
}

/* All of the literal is read whatever happens to it: the client could not be followed otherwise. False if it broke off. */
static bool stream(struct imap_state *s, struct imap_addition *a, int *error)
{
  uint64_t left = s->wire.input.literal_size;
  const char *bytes;

  if (s->wire.input.literal_waits) imap_wire_add(&s->wire, "+ OK\r\n");
  while (left) {
    size_t count = imap_wire_take(&s->wire, left, &bytes);
    if (!count) return false;
    if (!*error && !imap_addition_write(a, bytes, count)) *error = errno;
    left -= count;
  }
  return imap_wire_command(&s->wire) == IMAP_INPUT_DONE;
}

static void reply_appended(struct imap_state *s, const text *name, const struct imap_addition *a)
{
  text words = TEXT_ZERO, uid = TEXT_ZERO;

  text_add_format(&words, "[APPENDUID %lu %lu] appended", (unsigned long)a->folder->uids.head.validity, (unsigned long)a->first_uid);
  imap_ok(s, text_string(&words));
  text_add_number(&uid, a->first_uid);
  imap_log(s, "append", name->s, text_string(&uid), 0, 0);
  text_free(&words);
  text_free(&uid);
}

static void append(struct imap_state *s, const text *name, struct imap_addition *a, imap_marks marks)
{
  int error = imap_addition_begin(a) ? 0 : errno;

  if (!stream(s, a, &error)) {
    imap_bad(s, "the message broke off");
    return;
  }
  if (s->wire.input.command.len) {
    imap_bad(s, "one message, and nothing behind it, is what APPEND takes");
    return;
  }
  errno = error;
  const int64_t *date = s->command.has_date ? &s->command.date_seconds : 0;
  if (!error && imap_addition_end(a, marks, date) && imap_addition_finish(a)) {
    imap_quota_change(s, &(struct maildirsize){ (int64_t)a->bytes, 1 }, false);
    reply_appended(s, name, a);
  } else imap_no_errno(s, "write the message");
}

void imap_cmd_append(struct imap_state *s)
{
  struct imap_folder folder;
  struct imap_addition addition;
  imap_marks marks;
  text name = TEXT_ZERO;

  if (!open_target(s, &name, &folder)) {
    imap_input_refuse(&s->wire.input);
    text_free(&name);
    return;
  }
  imap_addition_start(&addition, &folder);
  unsigned int rights = imap_rights_of(s, &name);
  if (imap_marks_of(s, &folder, &s->command.flags, rights & RIGHT_WRITE, &marks)) append(s, &name, &addition, marks & imap_rights_marks(rights));
  else imap_input_refuse(&s->wire.input);
  imap_addition_stop(&addition);
  imap_folder_close(&folder);
  text_free(&name);
}
