/* STORE */

#include <errno.h>

#include "imap/commands.h"
#include "imap/rights.h"

struct change {
  imap_marks set, clear;
  bool some_gone;
};

/* What is not allowed is passed over, if something else is (RFC 4314 4): the rights that all of it would need. */
static unsigned int marks_need(const struct imap_flags *flags)
{
  return (flags->system & IMAP_SEEN ? RIGHT_SEEN : 0) | (flags->system & IMAP_DELETED ? RIGHT_MARK_DELETED : 0) |
    (flags->keyword_count || flags->system & ~(unsigned int)(IMAP_SEEN | IMAP_DELETED) || !flags->system ? RIGHT_WRITE : 0);
}

static bool change_of(struct imap_state *s, struct change *change)
{
  enum imap_store_mode mode = s->command.store_mode;
  imap_marks marks;

  imap_marks allowed = imap_rights_marks(s->rights);

  if (!imap_marks_of(s, &s->folder, &s->command.flags, mode != IMAP_STORE_REMOVE && s->rights & RIGHT_WRITE, &marks)) return false;
  *change = (struct change){ 0 };
  if (mode != IMAP_STORE_REMOVE) change->set = marks;
  if (mode == IMAP_STORE_REMOVE) change->clear = marks;
  if (mode == IMAP_STORE_SET) change->clear = (IMAP_SYSTEM_MARKS | IMAP_KEYWORD_MARKS) & ~marks;
  change->set &= allowed;
  change->clear &= allowed;
  if (allowed && (marks & allowed || (!marks && !s->command.flags.keyword_count))) return true;
  return imap_may_here(s, marks_need(&s->command.flags));
}

/* What a silent change does is known to the client; what others did meanwhile is not. */
static void tell(struct imap_state *s, size_t place, const struct change *change)
{
  struct imap_message *m = &s->folder.messages[place];

  if (!s->command.is_silent) imap_tell_flags(s, place, s->command.by_uid);
  else m->told = (m->told & ~change->clear) | change->set;
}

static bool store(struct imap_state *s, struct change *change)
{
  struct imap_walk at = { 0 };

  if (imap_folder_sync(&s->folder) != IMAP_FOLDER_DONE) return false;
  if (!s->command.is_silent && change->set & IMAP_KEYWORD_MARKS & ~s->keywords_told) imap_tell_flag_names(s);
  for (size_t place; imap_walk_next(s, &at, &place);)
    switch (imap_folder_change_marks(&s->folder, place, change->set, change->clear)) {
    case IMAP_FOLDER_BROKEN: return false;
    case IMAP_FOLDER_ABSENT: change->some_gone = true; break;
    case IMAP_FOLDER_DONE: tell(s, place, change);
    }
  return true;
}

static void log_change(struct imap_state *s)
{
  static const char *const events[] = { [IMAP_STORE_SET] = "flags-set", [IMAP_STORE_ADD] = "flags-add", [IMAP_STORE_REMOVE] = "flags-remove" };
  text uids = TEXT_ZERO, flags = TEXT_ZERO;

  imap_uids_of_command(s, &uids);
  imap_flags_format(&s->command.flags, &flags);
  imap_log(s, events[s->command.store_mode], s->name.s, text_string(&uids), "flags", text_string(&flags));
  text_free(&uids);
  text_free(&flags);
}

void imap_cmd_store(struct imap_state *s)
{
  struct change change;

  if (!imap_is_changeable(s) || !imap_sequence_ready(s) || !change_of(s, &change)) return;
  if (!imap_folder_lock(&s->folder)) {
    imap_no_errno(s, "lock the mailbox");
    return;
  }
  bool fine = store(s, &change) && imap_folder_keep_seen(&s->folder);
  int error = errno;
  imap_folder_unlock(&s->folder);
  errno = error;
  log_change(s);
  if (!fine) imap_no_errno(s, "change flags");
  else if (change.some_gone) imap_no(s, "[EXPUNGEISSUED] some of these messages are no longer there");
  else imap_ok(s, "done");
}
