#include "imap/quota.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void report(const struct imap_state *s, bool is_full)
{
  if (s->start->report_full) s->start->report_full(is_full);
}

void imap_quota_begin(struct imap_state *s)
{
  struct maildirsize used;

  if (!s->start->quota_bytes || !s->start->is_noted_full) return;
  if (maildirsize_check(s->start->quota_bytes, 0, &used) != MAILDIRSIZE_BROKEN && maildirsize_has_room(s->start->quota_bytes, &used))
    report(s, false);
}

/* What cannot be counted is not refused. */
bool imap_quota_fits(struct imap_state *s, uint64_t more)
{
  struct maildirsize used;

  if (!s->start->quota_bytes || maildirsize_check(s->start->quota_bytes, more, &used) != MAILDIRSIZE_EXCEEDS) return true;
  imap_no(s, "[OVERQUOTA] the mailbox is full: delete something first");
  if (maildirsize_is_full(s->start->quota_bytes, &used)) report(s, true);
  return false;
}

void imap_quota_change(struct imap_state *s, const struct maildirsize *sum, bool is_gone)
{
  struct maildirsize now, before;

  if (!s->start->quota_bytes || !sum->messages) return;
  maildirsize_add(is_gone ? -sum->bytes : sum->bytes, is_gone ? -sum->messages : sum->messages);
  if (!is_gone || maildirsize_check(s->start->quota_bytes, 0, &now) == MAILDIRSIZE_BROKEN) return;
  before = (struct maildirsize){ .bytes = now.bytes + sum->bytes };
  if (maildirsize_is_full(s->start->quota_bytes, &before) && maildirsize_has_room(s->start->quota_bytes, &now)) report(s, false);
}

void imap_quota_measure(const struct imap_state *s, const struct imap_folder *f, size_t place, struct maildirsize *sum)
{
  const struct imap_message *m = &f->messages[place];
  struct imap_filename parsed;
  struct stat status;

  if (!s->start->quota_bytes || m->is_gone) return;
  if (!imap_filename_parse(&parsed, m->name, strlen(m->name)) || parsed.size == IMAP_SIZE_UNKNOWN)
    parsed.size = fstatat(m->is_new ? f->new : f->cur, m->name, &status, AT_SYMLINK_NOFOLLOW) ? 0 : (uint64_t)status.st_size;
  sum->bytes += (int64_t)parsed.size;
  sum->messages++;
}
