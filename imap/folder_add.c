#include "imap/folder_add.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "imap/file.h"
#include "lib/die.h"
#include "lib/log.h"

#define PIECE 16384

/* SECONDS.MxPxQx.HOST: time, process and a count, with random bits for clocks that are set back. */
static void make_base(text *base)
{
  static unsigned int count;
  struct timespec now;
  struct utsname host;
  uint32_t random;

  clock_gettime(CLOCK_REALTIME, &now);
  random_buf((char *)&random, sizeof random);
  text_clear(base);
  text_add_format(base, "%lld.M%ldP%ldQ%uR%08x.", (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(), ++count, random);
  if (uname(&host)) strncpy(host.nodename, "localhost", sizeof host.nodename);
  for (const char *at = host.nodename; *at; at++)
    if (ascii_is_digit(*at) || ascii_is_alpha(*at) || *at == '-' || *at == '.') text_add_char(base, *at);
  text_string(base);
}

static struct imap_added *add_name(struct imap_addition *a)
{
  if (a->count == a->room) {
    a->room = a->room ? a->room * 2 : 16;
    a->list = reallocarray(a->list, a->room, sizeof *a->list);
    if (!a->list) die_nomem();
  }
  struct imap_added *added = &a->list[a->count++];
  *added = (struct imap_added){ .name = TEXT_ZERO };
  make_base(&added->name);
  return added;
}

/* What is called base in tmp/ gets its name: BASE,S=BYTES,W=BYTES:2,FLAGS; without flags, as in new/: without ":2,". */
static bool give_name(struct imap_addition *a, struct imap_added *added, uint64_t bytes, uint64_t wire, imap_marks marks)
{
  added->is_seen = marks & IMAP_SEEN;
  marks = imap_folder_own_marks(marks, false);
  text name = TEXT_ZERO;
  int tmp = a->folder->tmp;

  text_copy_bytes(&name, added->name.s, added->name.len);
  if (bytes != IMAP_SIZE_UNKNOWN) text_add_format(&name, ",S=%llu", (unsigned long long)bytes);
  if (wire != IMAP_SIZE_UNKNOWN) text_add_format(&name, ",W=%llu", (unsigned long long)wire);
  added->is_new = !marks;
  if (marks) {
    text base = name;
    name = (text)TEXT_ZERO;
    imap_filename_format(&name, base.s, base.len, marks);
    text_free(&base);
  }
  if (renameat(tmp, added->name.s, tmp, text_string(&name))) {
    text_free(&name);
    return false;
  }
  text_free(&added->name);
  added->name = name;
  return true;
}

void imap_addition_start(struct imap_addition *a, struct imap_folder *folder)
{
  *a = (struct imap_addition){ .folder = folder, .fd = -1 };
}

/* --- from bytes --- */

bool imap_addition_begin(struct imap_addition *a)
{
  struct imap_added *added = add_name(a);

  a->bytes = a->wire = 0;
  a->holds_cr = a->after_cr = false;
  a->fd = openat(a->folder->tmp, added->name.s, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  return a->fd != -1;
}

/* One byte on its way to the file: a CR waits for what follows it. Counts what it will be on the wire. */
static void take(struct imap_addition *a, text *piece, char byte)
{
  if (a->holds_cr && byte != '\n') {
    text_add_char(piece, '\r');
    a->after_cr = true;
    a->wire++;
  }
  a->holds_cr = byte == '\r';
  if (a->holds_cr) return;
  text_add_char(piece, byte);
  a->wire += byte == '\n' && !a->after_cr ? 2 : 1;
  a->after_cr = false;
}

bool imap_addition_write(struct imap_addition *a, const char *bytes, size_t length)
{
  static text piece = TEXT_ZERO;

  for (size_t at = 0; at < length;) {
    size_t end = length - at > PIECE ? at + PIECE : length;
    text_clear(&piece);
    text_ready(&piece, 2 * PIECE);
    while (at < end) take(a, &piece, bytes[at++]);
    if (!imap_file_write(a->fd, piece.s, piece.len)) return false;
    a->bytes += piece.len;
  }
  return true;
}

bool imap_addition_end(struct imap_addition *a, imap_marks marks, const int64_t *date_seconds)
{
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };

  if (a->holds_cr && !imap_file_write(a->fd, "\r", 1)) return false;
  a->bytes += a->holds_cr;
  a->wire += a->holds_cr;
  if (date_seconds) times[1] = (struct timespec){ .tv_sec = *date_seconds };
  bool fine = !futimens(a->fd, times) && !fsync(a->fd);
  fine = !close(a->fd) && fine;
  a->fd = -1;
  return fine && give_name(a, &a->list[a->count - 1], a->bytes, a->wire, marks);
}

/* --- from another folder --- */

bool imap_addition_link(struct imap_addition *a, struct imap_folder *from, size_t place, imap_marks marks)
{
  struct imap_filename sizes;
  struct imap_added *added = add_name(a);
  const struct imap_message *m = &from->messages[place];

  imap_filename_parse(&sizes, m->name, strlen(m->name));
  return !linkat(m->is_new ? from->new : from->cur, m->name, a->folder->tmp, added->name.s, 0) &&
    give_name(a, added, sizes.size, sizes.wire, marks);
}

/* --- into the folder --- */

static bool write_uids(struct imap_addition *a)
{
  struct imap_uids *uids = &a->folder->uids;
  struct imap_uidline line;
  text lines = TEXT_ZERO;
  enum imap_uids_result loaded = imap_uids_load(uids, a->folder->fd);

  if (loaded == IMAP_UIDS_BROKEN) return false;
  while (imap_uids_next(uids, &line)) {} /* raises the next uid */
  if (loaded == IMAP_UIDS_ABSENT && !imap_folder_start_uids(a->folder)) return false;
  if (a->count >= UINT32_MAX - uids->head.next) {
    errno = EOVERFLOW;
    return false;
  }
  a->first_uid = uids->head.next;
  for (size_t i = 0; i < a->count; i++) {
    const text *name = &a->list[i].name;
    line = (struct imap_uidline){ .uid = uids->head.next++, .base = name->s, .base_length = imap_filename_base(name->s, name->len) };
    imap_uidline_format(&line, &lines);
  }
  bool fine = loaded == IMAP_UIDS_ABSENT ? imap_uids_create(uids, a->folder->fd, &lines) : imap_uids_append(uids, &lines);
  text_free(&lines);
  return fine;
}

static int place_of(const struct imap_addition *a, const struct imap_added *added)
{
  return added->is_new ? a->folder->new : a->folder->cur;
}

static bool show(struct imap_addition *a)
{
  bool new = false, cur = false;

  for (size_t i = 0; i < a->count; i++) {
    struct imap_added *added = &a->list[i];
    if (renameat(a->folder->tmp, text_string(&added->name), place_of(a, added), added->name.s)) return false;
    added->is_shown = true;
    new |= added->is_new;
    cur |= !added->is_new;
  }
  return (!new || !fsync(a->folder->new)) && (!cur || !fsync(a->folder->cur));
}

/* The messages are there: what he has seen of them is no reason to take them back. */
static void note_seen(struct imap_addition *a)
{
  struct imap_sequence seen = IMAP_SEQUENCE_ZERO;

  for (size_t i = 0; i < a->count; i++)
    if (a->list[i].is_seen) imap_sequence_add(&seen, a->first_uid + (uint32_t)i);
  if (seen.count && imap_seen_is_own() && !imap_seen_write(&a->folder->seen, a->folder->fd, a->folder->uids.head.validity, &seen, true))
    log_event("trouble", "what", "keep what was seen", "reason", strerror(errno), (char *)0);
  imap_sequence_free(&seen);
}

bool imap_addition_finish(struct imap_addition *a)
{
  if (!imap_folder_lock(a->folder)) return false;
  bool fine = write_uids(a) && show(a);
  int error = errno;
  if (fine) note_seen(a);
  else imap_addition_stop(a);
  imap_folder_unlock(a->folder);
  if (fine) {
    for (size_t i = 0; i < a->count; i++) text_free(&a->list[i].name);
    a->count = 0;
  }
  errno = error;
  return fine;
}

void imap_addition_stop(struct imap_addition *a)
{
  if (a->fd != -1) close(a->fd);
  a->fd = -1;
  for (size_t i = 0; i < a->count; i++) {
    struct imap_added *added = &a->list[i];
    unlinkat(added->is_shown ? place_of(a, added) : a->folder->tmp, text_string(&added->name), 0);
    text_free(&added->name);
  }
  free(a->list);
  a->list = 0;
  a->count = a->room = 0;
}
