#include "pop3/uidl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/die.h"

enum { NAME_MAX_BYTES = 70 };

static bool is_legal(const char *name, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (name[i] < 0x21 || name[i] > 0x7e) return false;
  return length && length <= NAME_MAX_BYTES;
}

const char *pop3_uidl_find(const char *facts, size_t facts_length, size_t *length)
{
  const char *end = facts + facts_length;

  for (const char *word = facts, *next; word < end; word = next + (next < end)) {
    next = memchr(word, ' ', (size_t)(end - word));
    if (!next) next = end;
    *length = (size_t)(next - word) - 1;
    if (next != word && *word == 'P' && is_legal(word + 1, *length)) return word + 1;
  }
  *length = 0;
  return "";
}

static void keep(struct pop3_uidl *u, size_t count, size_t place, const char *name, size_t length)
{
  if (!u->place && !(u->place = calloc(count, sizeof *u->place))) die_nomem();
  u->place[place] = u->names.len + 1;
  text_add_bytes(&u->names, name, length);
  text_add_char(&u->names, 0);
}

/* Both are in the order of uids. */
static void take_lines(struct pop3_uidl *u, struct imap_uids *uids, const struct imap_folder *f, size_t count)
{
  struct imap_uidline line;
  size_t place = 0, length;

  while (imap_uids_next(uids, &line)) {
    const char *name = pop3_uidl_find(line.facts, line.facts_length, &length);
    if (!length) continue;
    while (place < count && f->messages[place].uid < line.uid) place++;
    if (place < count && f->messages[place].uid == line.uid) keep(u, count, place, name, length);
  }
}

bool pop3_uidl_read(struct pop3_uidl *u, struct imap_folder *f, size_t count)
{
  struct imap_uids uids;

  if (u->is_read) return true;
  if (!imap_folder_lock(f)) return false;
  imap_uids_init(&uids);
  enum imap_uids_result result = imap_uids_load(&uids, f->fd);
  imap_folder_unlock(f);
  if (result == IMAP_UIDS_LOADED && uids.head.validity == f->uids.head.validity) take_lines(u, &uids, f, count);
  imap_uids_free(&uids);
  u->is_read = result != IMAP_UIDS_BROKEN;
  return u->is_read;
}

void pop3_uidl_free(struct pop3_uidl *u)
{
  text_free(&u->names);
  free(u->place);
}

void pop3_uidl_add(const struct pop3_uidl *u, const struct imap_folder *f, size_t place, text *out)
{
  if (u->place && u->place[place]) text_add(out, u->names.s + u->place[place] - 1);
  else text_add_format(out, "%08x%08x", f->messages[place].uid, f->uids.head.validity);
}
