/* What has changed in the folder, told to the client: so that the numbers of messages that it knows hold at any time. */

#include <errno.h>
#include <string.h>

#include "imap/rights.h"
#include "imap/state.h"
#include "lib/log.h"

static void announce_expunges(struct imap_state *s)
{
  size_t told = 0, exists = s->exists;

  for (size_t i = 0; i < exists; i++) {
    if (!s->folder.messages[i].is_gone) continue;
    imap_wire_add(&s->wire, "* ");
    imap_wire_add_number(&s->wire, i + 1 - told++);
    imap_wire_add(&s->wire, " EXPUNGE\r\n");
  }
  s->exists -= told;
  imap_folder_forget(&s->folder);
}

void imap_announce_new(struct imap_state *s)
{
  size_t recent = 0;

  for (size_t i = 0; i < s->folder.count; i++) {
    struct imap_message *m = &s->folder.messages[i];
    if (i >= s->exists) m->told = m->marks;
    recent += (m->marks & IMAP_RECENT) != 0;
  }
  s->exists = s->folder.count;
  imap_wire_add(&s->wire, "* ");
  imap_wire_add_number(&s->wire, s->exists);
  imap_wire_add(&s->wire, " EXISTS\r\n* ");
  imap_wire_add_number(&s->wire, recent);
  imap_wire_add(&s->wire, " RECENT\r\n");
}

static bool stay_in_step(struct imap_state *s)
{
  if (imap_folder_sync(&s->folder) == IMAP_FOLDER_DONE) return true;
  if (errno == ESTALE || errno == ENOENT) {
    imap_unselect(s);
    s->ends = true;
    imap_wire_add(&s->wire, "* BYE the mailbox was removed or made anew by somebody else: log in again\r\n");
  } else log_event("trouble", "login", s->start->login, "folder", s->name.s, "what", "read the folder", "reason", strerror(errno), (char *)0);
  return false;
}

void imap_announce(struct imap_state *s, bool with_expunges)
{
  if (!s->is_selected || s->ends || !(s->rights & RIGHT_READ) || !stay_in_step(s)) return;
  if (imap_named_keywords(s) & ~s->keywords_told) imap_tell_flag_names(s);
  if (s->folder.changes == s->seen_changes) return;
  bool has_gone = false;
  for (size_t i = 0; i < s->folder.count && !has_gone; i++) has_gone = s->folder.messages[i].is_gone;
  if (has_gone && with_expunges) announce_expunges(s);
  for (size_t i = 0; i < s->exists; i++)
    if (!s->folder.messages[i].is_gone && s->folder.messages[i].marks != s->folder.messages[i].told) imap_tell_flags(s, i, s->command.by_uid);
  if (s->folder.count > s->exists) imap_announce_new(s);
  if (!has_gone || with_expunges) s->seen_changes = s->folder.changes;
}
