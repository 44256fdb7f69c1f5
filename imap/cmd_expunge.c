/* EXPUNGE and UID EXPUNGE (RFC 4315) */

#include <unistd.h>

#include "imap/commands.h"
#include "imap/quota.h"
#include "imap/rights.h"

#define TRIES 8

static bool concerns(const struct imap_state *s, const struct imap_message *m)
{
  return !m->is_gone && m->marks & IMAP_DELETED &&
    (s->command.verb != IMAP_EXPUNGE || !s->command.by_uid || imap_sequence_has(&s->command.sequence, m->uid));
}

/* One pass; says how many files had another name than expected. */
static bool remove_all(struct imap_state *s, struct imap_sequence *removed, struct maildirsize *sum, size_t *missed)
{
  *missed = 0;
  for (size_t i = 0; i < s->folder.count; i++) {
    if (!concerns(s, &s->folder.messages[i])) continue;
    struct maildirsize one = { 0 };
    imap_quota_measure(s, &s->folder, i, &one);
    switch (imap_folder_remove(&s->folder, i)) {
    case IMAP_FOLDER_BROKEN: return false;
    case IMAP_FOLDER_ABSENT: ++*missed; break;
    case IMAP_FOLDER_DONE:
      imap_sequence_add(removed, s->folder.messages[i].uid);
      sum->bytes += one.bytes, sum->messages += one.messages;
    }
  }
  return true;
}

static bool expunge(struct imap_state *s, struct imap_sequence *removed, struct maildirsize *sum)
{
  size_t missed = 1;
  bool fine = true;

  for (unsigned int tries = 0; fine && missed && tries < TRIES; tries++)
    fine = imap_folder_sync(&s->folder) == IMAP_FOLDER_DONE && remove_all(s, removed, sum, &missed);
  return fine && (!removed->count || (!fsync(s->folder.cur) && !fsync(s->folder.new)));
}

bool imap_expunge_deleted(struct imap_state *s)
{
  struct imap_sequence removed = IMAP_SEQUENCE_ZERO;
  struct maildirsize sum = { 0 };
  text uids = TEXT_ZERO;

  if (!imap_folder_lock(&s->folder)) return false;
  bool fine = expunge(s, &removed, &sum);
  imap_quota_change(s, &sum, true);
  imap_folder_unlock(&s->folder);
  imap_sequence_format(&removed, &uids);
  if (removed.count) imap_log(s, "expunge", s->name.s, text_string(&uids), 0, 0);
  text_free(&uids);
  imap_sequence_free(&removed);
  return fine;
}

void imap_cmd_expunge(struct imap_state *s)
{
  if (!imap_is_changeable(s) || !imap_may_here(s, RIGHT_EXPUNGE) || (s->command.by_uid && !imap_sequence_ready(s))) return;
  if (imap_expunge_deleted(s)) imap_ok(s, "expunged");
  else imap_no_errno(s, "expunge the mailbox");
}
