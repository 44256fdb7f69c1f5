#include "imap/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "imap/file.h"

#define FILE_PREFIX "postroom-seen-"

static const char *user;

void imap_seen_of(const char *key) { user = key; }
bool imap_seen_is_own(void) { return user; }

static const char *file_name(void)
{
  static text name = TEXT_ZERO;

  text_copy(&name, FILE_PREFIX);
  text_add(&name, user);
  return text_string(&name);
}

/* --- sets --- */

static void add_range(struct imap_sequence *s, uint32_t first, uint32_t last)
{
  imap_sequence_add(s, first);
  if (s->ranges[s->count - 1].last < last) s->ranges[s->count - 1].last = last;
}

static void add_all(struct imap_sequence *s, const struct imap_sequence *more)
{
  for (size_t i = 0; i < more->count; i++) add_range(s, more->ranges[i].first, more->ranges[i].last);
  imap_sequence_resolve(s, UINT32_MAX);
}

/* What is in s and not in less; both are sorted. */
static void remove_all(struct imap_sequence *s, const struct imap_sequence *less)
{
  struct imap_sequence kept = IMAP_SEQUENCE_ZERO;
  size_t at = 0;

  for (size_t i = 0; i < s->count; i++) {
    uint64_t first = s->ranges[i].first, last = s->ranges[i].last;
    while (at < less->count && less->ranges[at].last < first) at++;
    for (size_t cut = at; first <= last && cut < less->count && less->ranges[cut].first <= last; cut++) {
      if (less->ranges[cut].first > first) add_range(&kept, (uint32_t)first, less->ranges[cut].first - 1);
      first = (uint64_t)less->ranges[cut].last + 1;
    }
    if (first <= last) add_range(&kept, (uint32_t)first, (uint32_t)last);
  }
  imap_sequence_free(s);
  *s = kept;
}

/* --- the file --- */

static void parse(struct imap_sequence *uids, const text *bytes, uint32_t validity)
{
  size_t digits = 0;
  uint64_t number;

  while (digits < bytes->len && ascii_is_digit(bytes->s[digits])) digits++;
  if (!number_scan_bytes(bytes->s, digits, UINT32_MAX, &number) || number != validity || digits == bytes->len || bytes->s[digits] != ' ') return;
  const char *end = bytes->s + bytes->len, *behind = imap_sequence_parse(uids, bytes->s + digits + 1, end);
  if (behind && end - behind == 1 && *behind == '\n') imap_sequence_resolve(uids, UINT32_MAX);
  else imap_sequence_free(uids);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
  return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool imap_seen_read(struct imap_seen *s, int folder, uint32_t validity, bool *is_new)
{
  struct stat status = { 0 };
  text bytes = TEXT_ZERO;

  *is_new = false;
  if (fstatat(folder, file_name(), &status, AT_SYMLINK_NOFOLLOW) && errno != ENOENT) return false;
  if (is_same(&s->status, &status)) return true;
  if (!imap_file_read(folder, file_name(), &bytes)) return false;
  imap_sequence_free(&s->uids);
  parse(&s->uids, &bytes, validity);
  text_free(&bytes);
  s->status = status;
  *is_new = true;
  return true;
}

bool imap_seen_write(struct imap_seen *s, int folder, uint32_t validity, const struct imap_sequence *uids, bool is_added)
{
  text bytes = TEXT_ZERO;
  bool is_new;

  if (!imap_seen_read(s, folder, validity, &is_new)) return false;
  if (is_added) add_all(&s->uids, uids);
  else remove_all(&s->uids, uids);
  memset(&s->status, 0, sizeof s->status); /* what was read is not what is there */
  text_add_number(&bytes, validity);
  text_add_char(&bytes, ' ');
  imap_sequence_format(&s->uids, &bytes);
  text_add_char(&bytes, '\n');
  bool fine = imap_file_replace(folder, file_name(), &bytes);
  text_free(&bytes);
  return fine;
}

void imap_seen_free(struct imap_seen *s)
{
  imap_sequence_free(&s->uids);
  imap_sequence_free(&s->changed);
}
