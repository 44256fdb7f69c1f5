/* \Seen where it is one user's own: from a file beside the messages instead of from their names. */

#include <errno.h>
#include <string.h>

#include "imap/folder.h"

imap_marks imap_folder_own_marks(imap_marks marks, bool is_seen)
{
  if (!imap_seen_is_own()) return marks;
  return (marks & ~(imap_marks)IMAP_SEEN) | (is_seen ? IMAP_SEEN : 0);
}

imap_marks imap_folder_file_marks(const struct imap_message *m, imap_marks marks)
{
  struct imap_filename parsed = { .marks = 0 };

  if (!imap_seen_is_own()) return marks;
  imap_filename_parse(&parsed, m->name, strlen(m->name));
  return (marks & ~(imap_marks)IMAP_SEEN) | (parsed.marks & IMAP_SEEN);
}

bool imap_folder_read_seen(struct imap_folder *f)
{
  bool is_new;

  if (!imap_seen_is_own()) return true;
  if (!imap_seen_read(&f->seen, f->fd, f->uids.head.validity, &is_new)) return false;
  for (size_t i = 0; is_new && i < f->count; i++) {
    struct imap_message *m = &f->messages[i];
    imap_marks marks = imap_folder_own_marks(m->marks, imap_sequence_has(&f->seen.uids, m->uid));
    f->changes += marks != m->marks;
    m->marks = marks;
  }
  return true;
}

bool imap_folder_keep_seen(struct imap_folder *f)
{
  if (!f->seen.changed.count) return true;
  bool fine = imap_folder_lock(f);
  if (fine) {
    imap_sequence_resolve(&f->seen.changed, UINT32_MAX);
    fine = imap_seen_write(&f->seen, f->fd, f->uids.head.validity, &f->seen.changed, f->seen.is_added);
    int error = errno;
    imap_folder_unlock(f);
    errno = error;
  }
  imap_sequence_free(&f->seen.changed);
  return fine;
}
