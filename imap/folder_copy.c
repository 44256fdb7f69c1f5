#include "imap/folder_copy.h"

#include <errno.h>
#include <unistd.h>

/* The same flags by the letters of the other folder. A keyword that has no room there is lost, the message is not. */
static bool translate(const struct imap_folder *from, struct imap_folder *to, imap_marks marks, imap_marks *translated)
{
  *translated = marks & (IMAP_SYSTEM_MARKS | IMAP_PASSED);
  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++) {
    const text *name = &from->keywords.names[i];
    if (!(marks & IMAP_KEYWORD(i)) || !name->len) continue;
    imap_marks mark = imap_folder_keyword(to, name->s, name->len);
    if (!mark && errno != ENOBUFS) return false;
    *translated |= mark;
  }
  return true;
}

/* The file is opened first: then its name, and so its marks, are those of now and not what this session last heard of. */
static bool link_one(struct imap_addition *a, struct imap_folder *from, size_t place, imap_marks allowed)
{
  imap_marks marks;
  int fd = imap_folder_open_message(from, place);

  if (fd == -1) return false;
  close(fd);
  return translate(from, a->folder, from->messages[place].marks & allowed, &marks) && imap_addition_link(a, from, place, marks);
}

static bool link_all(struct imap_addition *a, struct imap_folder *from, const size_t *places, size_t count, imap_marks allowed)
{
  for (size_t i = 0; i < count; i++)
    if (!link_one(a, from, places[i], allowed)) return false;
  return true;
}

enum imap_folder_result imap_folder_copy(struct imap_folder *from, const size_t *places, size_t count, struct imap_folder *to,
                                         imap_marks allowed, uint32_t *first)
{
  struct imap_addition addition;

  imap_addition_start(&addition, to);
  bool fine = link_all(&addition, from, places, count, allowed) && imap_addition_finish(&addition);
  int error = errno;
  imap_addition_stop(&addition);
  *first = addition.first_uid;
  errno = error;
  if (fine) return IMAP_FOLDER_DONE;
  return error == ENOENT ? IMAP_FOLDER_ABSENT : IMAP_FOLDER_BROKEN;
}
