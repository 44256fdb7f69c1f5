/* CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/folder_copy.h"
#include "imap/mailbox.h"
#include "imap/quota.h"
#include "imap/rights.h"
#include "imap/share.h"
#include "lib/die.h"
#include "lib/log.h"

/* What may be made: no wildcards, which LIST could not tell apart, and no control characters (check 45). What is there
   already can be used, whatever it is called. */
static bool may_be_made(struct imap_state *s, const char *given, text *name)
{
  if (!imap_take_name(s, given, name)) return false;
  if (strpbrk(name->s, "%*"))
    imap_no(s, "[CANNOT] a new mailbox has no % and no * in its name");
  else if (imap_entry_has_control(name))
    imap_no(s, "[CANNOT] a new mailbox has no control characters in its name");
  else
    return true;
  return false;
}

void imap_cmd_create(struct imap_state *s)
{
  text name = TEXT_ZERO;

  if (!may_be_made(s, s->command.mailbox, &name) || !imap_may_create(s, &name)) {
    text_free(&name);
    return;
  }
  switch (imap_name_is_inbox(&name) ? IMAP_MAILBOX_THERE : imap_mailbox_create(&name)) {
  case IMAP_MAILBOX_THERE: imap_no(s, "[ALREADYEXISTS] there is such a mailbox already"); break;
  case IMAP_MAILBOX_DONE:
    if (!imap_rights_inherit(s, &name)) log_event("trouble", "login", s->start->login, "folder", name.s, "what", "give a new mailbox its rights", "reason", strerror(errno), (char *)0);
    imap_log(s, "create", name.s, 0, 0, 0);
    imap_ok(s, "created");
    break;
  default: imap_no_errno(s, "create the mailbox");
  }
  text_free(&name);
}

static void measure_folder(const struct imap_state *s, const text *name, struct maildirsize *sum)
{
  text entry = TEXT_ZERO;

  if (!s->start->quota_bytes) return;
  imap_entry_format(name, &entry);
  maildirsize_of_folder(text_string(&entry), sum);
  text_free(&entry);
}

void imap_cmd_delete(struct imap_state *s)
{
  text name = TEXT_ZERO;

  if (!imap_take_name(s, s->command.mailbox, &name)) return;
  bool may = imap_may(s, &name, RIGHT_DELETE);
  if (may && imap_name_is_inbox(&name)) imap_no(s, s->start->share ? "[CANNOT] a public mailbox is the operator's; its folders can be deleted" : "[CANNOT] INBOX stays");
  if (!may || imap_name_is_inbox(&name)) {
    text_free(&name);
    return;
  }
  if (s->is_selected && text_is(&s->name, name.s)) imap_unselect(s);
  struct maildirsize sum = { 0 };
  measure_folder(s, &name, &sum);
  switch (imap_mailbox_delete(&name)) {
  case IMAP_MAILBOX_ABSENT: imap_no(s, "[NONEXISTENT] there is no such mailbox"); break;
  case IMAP_MAILBOX_DONE:
    imap_quota_change(s, &sum, true);
    imap_log(s, "delete", name.s, 0, 0, 0);
    imap_ok(s, "deleted");
    break;
  default: imap_no_errno(s, "delete the mailbox");
  }
  text_free(&name);
}

/* --- RENAME --- */

static bool move_all(struct imap_folder *from, struct imap_folder *to)
{
  size_t count = from->count;
  uint32_t first;
  size_t *places = reallocarray(0, count + 1, sizeof *places);

  if (!places) die_nomem();
  for (size_t i = 0; i < count; i++) places[i] = i;
  bool fine = !count || imap_folder_copy(from, places, count, to, ~(imap_marks)0, &first) == IMAP_FOLDER_DONE;
  for (size_t i = 0; fine && i < count; i++) {
    enum imap_folder_result result = imap_folder_remove(from, i);
    if (result == IMAP_FOLDER_ABSENT && imap_folder_sync(from) == IMAP_FOLDER_DONE) result = imap_folder_remove(from, i);
    fine = result == IMAP_FOLDER_DONE;
  }
  free(places);
  return fine;
}

/* RFC 3501 6.3.5: the messages go to the new folder, INBOX stays and is empty; what is below it stays too. */
static enum imap_mailbox_result rename_inbox(const text *to)
{
  enum imap_mailbox_result result = imap_mailbox_create(to);
  struct imap_folder from, target;
  text entry = TEXT_ZERO;

  if (result != IMAP_MAILBOX_DONE) return result;
  result = IMAP_MAILBOX_BROKEN;
  imap_entry_format(to, &entry);
  if (imap_folder_open(&from, ".", true) == IMAP_FOLDER_DONE) {
    if (imap_folder_open_to_add(&target, text_string(&entry)) == IMAP_FOLDER_DONE) {
      if (move_all(&from, &target)) result = IMAP_MAILBOX_DONE;
      imap_folder_close(&target);
    }
    imap_folder_close(&from);
  }
  text_free(&entry);
  return result;
}

static void log_rename(struct imap_state *s, const text *from, const text *to)
{
  text shown = TEXT_ZERO;

  imap_shown_name(s, to, &shown);
  imap_log(s, "rename", from->s, 0, "to", shown.s);
  text_free(&shown);
}

static void rename_checked(struct imap_state *s, const text *from, const text *to)
{
  switch (imap_name_is_inbox(from) ? rename_inbox(to) : imap_mailbox_rename(from, to)) {
  case IMAP_MAILBOX_ABSENT: imap_no(s, "[NONEXISTENT] there is no such mailbox"); break;
  case IMAP_MAILBOX_THERE: imap_no(s, "[ALREADYEXISTS] there is a mailbox with the new name already"); break;
  case IMAP_MAILBOX_BROKEN: imap_no_errno(s, "rename the mailbox"); break;
  case IMAP_MAILBOX_DONE:
    if (s->is_selected && !imap_name_is_inbox(from) && text_is(&s->name, from->s)) {
      text_copy(&s->name, to->s);
      text_string(&s->name);
    }
    log_rename(s, from, to);
    imap_ok(s, "renamed");
  }
}

void imap_cmd_rename(struct imap_state *s)
{
  text from = TEXT_ZERO, to = TEXT_ZERO;

  if (imap_take_name(s, s->command.mailbox, &from) && imap_may(s, &from, RIGHT_DELETE) && may_be_made(s, s->command.renamed, &to) && imap_may_create(s, &to)) {
    if (s->start->share && imap_share_is_hidden(s->start->share, s->command.renamed)) imap_no(s, "[ALREADYEXISTS] there is a public mailbox with the new name");
    else if (s->start->share && imap_name_is_inbox(&from)) imap_no(s, "[CANNOT] a public mailbox is the operator's, its folders can be renamed");
    else rename_checked(s, &from, &to);
  }
  text_free(&from);
  text_free(&to);
}

/* --- subscriptions --- */

void imap_cmd_subscribe(struct imap_state *s)
{
  text name = TEXT_ZERO;

  if (!imap_take_name(s, s->command.mailbox, &name)) return;
  if (imap_mailbox_subscribe(&name, s->command.verb == IMAP_SUBSCRIBE)) imap_ok(s, "done");
  else imap_no_errno(s, "write the subscriptions");
  text_free(&name);
}
