/* Which uid a file has: the uidlist says it, or gets a new line. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/random.h>

#include "imap/folder.h"
#include "imap/mailbox.h"

#define DEAD_LINES_MAX 64 /* and a quarter of the living: more are worth writing the file anew */

/* The seconds that a Maildir's names begin with. */
static uint64_t arrival(const struct imap_stray *s)
{
  size_t digits = 0;
  uint64_t seconds = 0;

  while (ascii_is_digit(s->name[digits])) digits++;
  number_scan_bytes(s->name, digits, UINT64_MAX, &seconds);
  return seconds;
}

/* Those with a uid first, in their order, then the others as they came. */
static int by_uid(const void *a, const void *b)
{
  const struct imap_stray *x = a, *y = b;

  if (x->uid != y->uid) return x->uid - 1 < y->uid - 1 ? -1 : 1; /* 0 comes last */
  uint64_t first = arrival(x), second = arrival(y);
  return first != second ? (first < second ? -1 : 1) : strcmp(x->name, y->name);
}

static struct imap_stray *find_stray(const struct imap_folder *f, const struct imap_bases *bases, const char *base, size_t length)
{
  size_t place;

  for (struct imap_bases_walk w = imap_bases_find(bases, base, length); imap_bases_next(bases, &w, &place);) {
    struct imap_stray *s = &f->strays[place];
    if (s->base == length && !memcmp(s->name, base, length)) return s;
  }
  return 0;
}

/* The strays by their bases. A file that was moved while we looked was seen twice, in new/, then in cur/: the second counts. */
static void index_strays(struct imap_folder *f, struct imap_bases *bases)
{
  size_t kept = 0;

  imap_bases_clear(bases, f->stray_count);
  for (size_t i = 0; i < f->stray_count; i++) {
    struct imap_stray stray = f->strays[i], *twin = find_stray(f, bases, stray.name, stray.base);
    if (twin) {
      free(twin->name);
      *twin = stray;
      continue;
    }
    f->strays[kept] = stray;
    imap_bases_add(bases, stray.name, stray.base, kept++);
  }
  f->stray_count = kept;
}

/* Another session saw the file vanish and come back: it has a new uid since. */
static void readmit(struct imap_folder *f, struct imap_message *m, uint32_t uid)
{
  m->is_gone = true;
  f->changes++;
  imap_folder_add_stray(f, m->name, strlen(m->name), m->is_new);
  f->strays[f->stray_count - 1].uid = uid;
}

/* Reads the lines; says how many there were. */
static size_t match_lines(struct imap_folder *f)
{
  struct imap_bases bases = { 0 };
  struct imap_uidline line;
  size_t lines = 0;

  index_strays(f, &bases);
  for (; imap_uids_next(&f->uids, &line); lines++) {
    struct imap_stray *s = find_stray(f, &bases, line.base, line.base_length);
    if (s) {
      s->uid = line.uid;
      continue;
    }
    struct imap_message *m = f->count ? imap_folder_find(f, line.base, line.base_length) : 0;
    if (m && m->uid < line.uid) readmit(f, m, line.uid);
  }
  imap_bases_free(&bases);
  return lines;
}

static void add_line(text *lines, uint32_t uid, const char *base, size_t length)
{
  struct imap_uidline line = { .uid = uid, .base = base, .base_length = length };

  imap_uidline_format(&line, lines);
}

/* Gives uids to those that have none, or one from before this session saw the file vanish. */
static bool allot(struct imap_folder *f, text *lines)
{
  uint32_t last = f->count ? f->messages[f->count - 1].uid : 0;

  for (size_t i = 0; i < f->stray_count; i++)
    if (f->strays[i].uid <= last) f->strays[i].uid = 0;
  if (f->stray_count) qsort(f->strays, f->stray_count, sizeof *f->strays, by_uid);
  for (size_t i = 0; i < f->stray_count; i++) {
    struct imap_stray *s = &f->strays[i];
    if (s->uid) continue;
    if (f->uids.head.next == UINT32_MAX) {
      errno = EOVERFLOW;
      return false;
    }
    s->uid = f->uids.head.next++;
    add_line(lines, s->uid, s->name, s->base);
  }
  return true;
}

static void make_guid(char *guid)
{
  static const char digits[] = "0123456789abcdef";
  char bytes[16];

  random_buf(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++) {
    *guid++ = digits[(unsigned char)bytes[i] >> 4];
    *guid++ = digits[bytes[i] & 15];
  }
  *guid = 0;
}

/* There is no uidlist. If it went while this session had the folder open, its uids are all in the list. */
static bool make_list(struct imap_folder *f, const text *new_lines)
{
  text lines = TEXT_ZERO;

  for (size_t i = 0; i < f->count; i++)
    if (!f->messages[i].is_gone) add_line(&lines, f->messages[i].uid, f->messages[i].name, f->messages[i].base);
  text_add_text(&lines, new_lines);
  bool fine = imap_uids_create(&f->uids, f->fd, &lines);
  text_free(&lines);
  return fine;
}

/* The file without the lines of messages that have gone. It was just read from its beginning, and the list is new. */
static bool compact(struct imap_folder *f, const text *new_lines)
{
  struct imap_uids *u = &f->uids;
  struct imap_uidlist head;
  struct imap_uidline line;
  text lines = TEXT_ZERO;

  text_add_text(&u->bytes, new_lines);
  if (!imap_uidlist_parse(&head, u->bytes.s, u->bytes.len, &u->at)) return true;
  while (imap_uidlist_next(&head, u->bytes.s, u->bytes.len, &u->at, &line)) {
    const struct imap_message *m = imap_folder_find(f, line.base, line.base_length);
    if (m && m->uid == line.uid) imap_uidline_format(&line, &lines);
  }
  bool fine = imap_uids_create(u, f->fd, &lines);
  text_free(&lines);
  return fine;
}

bool imap_folder_start_uids(struct imap_folder *f)
{
  struct imap_uidlist *head = &f->uids.head;

  if (!head->validity) {
    if (!imap_mailbox_new_validity(&head->validity)) return false;
    head->next = 1;
  }
  if (!*head->guid) make_guid(head->guid);
  return true;
}

/* The lines that were read are lost to this session: everything has to be read again. */
static enum imap_folder_result begin_anew(struct imap_folder *f)
{
  for (size_t i = 0; i < f->stray_count; i++) f->strays[i].uid = 0;
  f->uids.read_to = SIZE_MAX;
  f->is_stale = true;
  return IMAP_FOLDER_BROKEN;
}

/* Uids for the strays, on the disk before anything else knows of them. */
static bool place(struct imap_folder *f, enum imap_uids_result loaded, text *lines)
{
  bool is_first = !f->count;
  size_t line_count = match_lines(f);

  if (loaded == IMAP_UIDS_ABSENT && !imap_folder_start_uids(f)) return false;
  if (!allot(f, lines)) return false;
  if (loaded == IMAP_UIDS_ABSENT ? !make_list(f, lines) : lines->len && !imap_uids_append(&f->uids, lines)) return false;
  for (size_t i = 0; i < f->stray_count; i++) imap_folder_add_message(f, &f->strays[i]);
  f->stray_count = 0;
  bool is_long = is_first && line_count > f->count + f->count / 4 + DEAD_LINES_MAX;
  return loaded != IMAP_UIDS_LOADED || !is_long || compact(f, lines);
}

enum imap_folder_result imap_folder_place_strays(struct imap_folder *f)
{
  text lines = TEXT_ZERO;

  enum imap_uids_result loaded = imap_uids_load(&f->uids, f->fd);
  if (loaded == IMAP_UIDS_CHANGED) errno = ESTALE;
  if (loaded == IMAP_UIDS_CHANGED || loaded == IMAP_UIDS_BROKEN) return IMAP_FOLDER_BROKEN;
  bool fine = place(f, loaded, &lines);
  int error = errno;
  text_free(&f->uids.bytes);
  text_free(&lines);
  errno = error;
  return fine ? IMAP_FOLDER_DONE : begin_anew(f);
}
