/* DELE, RSET, and QUIT, at which alone something changes (RFC 1939 6): what was deleted is removed, what was read is \Seen to IMAP. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "imap/quota.h"
#include "lib/log.h"
#include "pop3/state.h"

#define TRIES 8 /* as often may somebody else rename a message under us */

void pop3_cmd_dele(struct pop3_state *s)
{
  size_t place;

  if (!pop3_place(s, &place)) return;
  s->done[place] |= POP3_DELETED;
  pop3_ok(s, "it goes at QUIT");
}

void pop3_cmd_rset(struct pop3_state *s)
{
  for (size_t i = 0; i < s->count; i++) s->done[i] &= (unsigned char)~POP3_DELETED;
  pop3_ok(s, "nothing is deleted");
}

struct removal {
  struct imap_sequence uids;
  struct maildirsize sum;
  size_t missed; /* they had another name than we know */
};

/* One pass. What is gone already is gone. */
static bool remove_once(struct pop3_state *s, struct removal *r)
{
  struct imap_folder *f = &s->box.folder;

  r->missed = 0;
  if (imap_folder_sync(f) != IMAP_FOLDER_DONE) return false;
  for (size_t i = 0; i < s->count; i++) {
    if (!(s->done[i] & POP3_DELETED) || f->messages[i].is_gone) continue;
    struct maildirsize one = { 0 };
    imap_quota_measure(&s->box, f, i, &one);
    switch (imap_folder_remove(f, i)) {
    case IMAP_FOLDER_BROKEN: return false;
    case IMAP_FOLDER_ABSENT: r->missed++; break;
    case IMAP_FOLDER_DONE:
      imap_sequence_add(&r->uids, f->messages[i].uid);
      r->sum.bytes += one.bytes, r->sum.messages += one.messages;
    }
  }
  return true;
}

static bool remove_all(struct pop3_state *s, struct removal *r)
{
  bool fine = remove_once(s, r);

  for (unsigned int tries = 1; fine && r->missed && tries < TRIES; tries++) fine = remove_once(s, r);
  if (fine && r->missed) {
    errno = EBUSY;
    fine = false;
  }
  return fine && (!r->uids.count || (!fsync(s->box.folder.cur) && !fsync(s->box.folder.new)));
}

/* If that fails, it is unread to IMAP; what the client asked for is done. */
static void see_all(struct pop3_state *s)
{
  for (size_t i = 0; i < s->count; i++) {
    const struct imap_message *m = &s->box.folder.messages[i];
    if (s->done[i] != POP3_READ || m->is_gone || m->marks & IMAP_SEEN) continue;
    if (imap_folder_change_marks(&s->box.folder, i, IMAP_SEEN, 0) != IMAP_FOLDER_BROKEN) continue;
    log_event("trouble", "login", s->box.start->login, "folder", "INBOX", "what", "mark as read", "reason", strerror(errno), (char *)0);
    return;
  }
}

static bool has_work(const struct pop3_state *s)
{
  for (size_t i = 0; i < s->count; i++)
    if (s->done[i]) return true;
  return false;
}

static bool update(struct pop3_state *s, struct removal *r)
{
  text uids = TEXT_ZERO;

  if (!imap_folder_lock(&s->box.folder)) return false;
  bool fine = remove_all(s, r);
  int error = errno;
  imap_quota_change(&s->box, &r->sum, true);
  if (fine) see_all(s);
  imap_folder_unlock(&s->box.folder);
  imap_sequence_format(&r->uids, &uids);
  if (r->uids.count) imap_log(&s->box, "expunge", "INBOX", text_string(&uids), "by", "pop3");
  text_free(&uids);
  errno = error;
  return fine;
}

void pop3_cmd_quit(struct pop3_state *s)
{
  struct removal r = { .uids = IMAP_SEQUENCE_ZERO };

  s->ends = true;
  if (!has_work(s) || update(s, &r)) pop3_ok(s, "until next time");
  else pop3_no_errno(s, "remove all that was deleted");
  imap_sequence_free(&r.uids);
}
