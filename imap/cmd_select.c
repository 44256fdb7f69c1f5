/* SELECT EXAMINE CLOSE UNSELECT */

#include <errno.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/rights.h"

static void tell_number(struct imap_state *s, const char *code, uint64_t number, const char *words)
{
  imap_wire_add(&s->wire, "* OK [");
  imap_wire_add(&s->wire, code);
  imap_wire_add(&s->wire, " ");
  imap_wire_add_number(&s->wire, number);
  imap_wire_add(&s->wire, "] ");
  imap_wire_add(&s->wire, words);
  imap_wire_add(&s->wire, "\r\n");
}

static void tell_folder(struct imap_state *s)
{
  const struct imap_folder *f = &s->folder;
  size_t unseen = 0;

  imap_tell_flag_names(s);
  imap_announce_new(s);
  while (unseen < f->count && f->messages[unseen].marks & IMAP_SEEN) unseen++;
  if (unseen < f->count) tell_number(s, "UNSEEN", unseen + 1, "the first that was not seen");
  tell_number(s, "UIDVALIDITY", f->uids.head.validity, "uids stay");
  tell_number(s, "UIDNEXT", f->uids.head.next, "the next uid");
}

void imap_cmd_select(struct imap_state *s)
{
  text entry = TEXT_ZERO;
  bool is_writable = s->command.verb == IMAP_SELECT;

  imap_unselect(s);
  if (!imap_take_name(s, s->command.mailbox, &s->name) || !imap_may(s, &s->name, RIGHT_READ)) return;
  s->rights = imap_rights_of(s, &s->name);
  if (!(s->rights & (RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_MARK_DELETED | RIGHT_EXPUNGE))) is_writable = false;
  imap_entry_format(&s->name, &entry);
  switch (imap_folder_open(&s->folder, text_string(&entry), is_writable)) {
  case IMAP_FOLDER_ABSENT: imap_no(s, "[NONEXISTENT] there is no such mailbox"); break;
  case IMAP_FOLDER_BROKEN: imap_no_errno(s, "open the mailbox"); break;
  case IMAP_FOLDER_DONE:
    s->is_selected = true;
    tell_folder(s);
    imap_ok(s, is_writable ? "[READ-WRITE] selected" : "[READ-ONLY] selected");
  }
  text_free(&entry);
}

void imap_cmd_close(struct imap_state *s)
{
  bool fine = !s->folder.is_writable || !(s->rights & RIGHT_EXPUNGE) || imap_expunge_deleted(s);

  if (fine) imap_ok(s, "closed");
  else imap_no_errno(s, "expunge the mailbox; it is closed");
  imap_unselect(s);
}

void imap_cmd_unselect(struct imap_state *s)
{
  imap_unselect(s);
  imap_ok(s, "closed, nothing was expunged");
}
