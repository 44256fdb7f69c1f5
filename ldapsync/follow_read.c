#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldapsync/changes.h"
#include "ldapsync/follow_step.h"
#include "lib/die.h"

enum { SEVERAL = 5000 }; /* a file that was written anew, with more entries that are other ones, is for a full pass */

static void add_change(struct step *s, const struct change *c)
{
  if (s->count == s->room) {
    s->room = s->room ? s->room * 2 : 16;
    s->all = realloc(s->all, s->room * sizeof *s->all);
    if (!s->all) die_nomem();
  }
  s->all[s->count++] = *c;
}

static void take_entry(struct step *s, const struct ldif_entry *e)
{
  struct follow_known *known = follow_known(s->follow, e->dn.s);
  enum profile_kind kind = PROFILE_NOBODY;
  struct account *fresh = e->is_deleted ? 0 : accounts_make(&s->follow->profile, e, SOURCES_WATCHED, true, &kind);
  bool was_group = known->one && known->is_group, is_group = fresh && kind == PROFILE_GROUP;

  if (fresh && known->one && was_group == is_group && text_equal(&fresh->facts, accounts_raw(known->one))) {
    accounts_free_one(fresh);
    return;
  }
  if (fresh) fresh->is_new = true;
  if (fresh || known->one)
    add_change(s, &(struct change){ .known = known, .old = known->one, .fresh = fresh, .was_group = was_group, .is_group = is_group });
}

static bool read_end(struct step *s, enum ldif_result result, struct changes *changes, struct ldif_entry *e)
{
  if (result == LDIF_BROKEN) s->follow->why = "what has come is broken";
  changes_free(changes);
  ldif_entry_free(e);
  return !s->follow->why;
}

bool step_read(struct step *s, const text *bytes)
{
  struct changes changes;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  enum ldif_result result;

  changes_begin_tail(&changes, bytes->s, bytes->len);
  while ((result = changes_next(&changes, &e)) == LDIF_ENTRY) take_entry(s, &e);
  s->follow->sources->watched.whole += changes.whole;
  return read_end(s, result, &changes, &e);
}

/* Whoever is known and was not seen is gone. */
static void add_gone(struct step *s, unsigned int round)
{
  const struct map *known = &s->follow->known;

  for (size_t i = 0; i < known->room; i++) {
    struct follow_known *one = known->slots[i].value;
    if (one && one->one && one->seen != round) add_change(s, &(struct change){ .known = one, .old = one->one, .was_group = one->is_group });
  }
}

bool step_read_whole(struct step *s, const text *bytes)
{
  struct changes changes;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  enum ldif_result result;
  unsigned int round = ++s->follow->rounds;

  changes_begin(&changes, bytes->s, bytes->len);
  while ((result = changes_next(&changes, &e)) == LDIF_ENTRY) {
    struct follow_known *known = follow_known(s->follow, e.dn.s);
    if (known->seen == round) s->follow->why = "a DN of two entries";
    known->seen = round;
    take_entry(s, &e);
  }
  add_gone(s, round);
  s->follow->sources->watched.whole = changes.whole;
  if (s->count > SEVERAL) s->follow->why = "the directory was written anew";
  return read_end(s, result, &changes, &e);
}

/* From a place on to the end; false: it is shorter than that. */
static bool read_from(int fd, size_t from, size_t size, text *bytes)
{
  if (size < from) return false;
  text_ready(bytes, size - from);
  while (bytes->len < size - from) {
    ssize_t more = pread(fd, bytes->s + bytes->len, size - from - bytes->len, (off_t)(from + bytes->len));
    if (more == -1) die_unable("read " SOURCES_WATCHED);
    if (!more) return false;
    bytes->len += (size_t)more;
  }
  return true;
}

/* Written anew, it is read anew, and what is in it compared with what is known. What was read is held open, so another file has another number. */
bool follow_read(struct follow *f, text *bytes, bool *is_whole)
{
  struct accounts_place *place = &f->sources->watched;
  struct stat status;
  int fd = open(SOURCES_WATCHED, O_RDONLY | O_CLOEXEC);

  if (fd == -1 && errno != ENOENT) die_unable("open " SOURCES_WATCHED);
  *is_whole = false;
  if (fd == -1) return place->fd == -1; /* there is none, as before */
  if (fstat(fd, &status) == -1) die_unable("look at " SOURCES_WATCHED);
  *is_whole = status.st_ino != place->inode || status.st_dev != place->device;
  bool good = place->fd != -1 && read_from(fd, *is_whole ? 0 : place->whole, (size_t)status.st_size, bytes);
  if (good && *is_whole) {
    close(place->fd);
    *place = (struct accounts_place){ .fd = fd, .device = status.st_dev, .inode = status.st_ino };
  } else
    close(fd);
  return good;
}
