#include "queue/followed.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"

struct known {
  uint64_t birth_seconds;
  char id[];
};

static int compare(const void *a, const void *b) { return strcmp(((const struct known *)a)->id, ((const struct known *)b)->id); }

static struct known *known_make(const char *id, uint64_t birth_seconds)
{
  struct known *k = malloc(sizeof *k + strlen(id) + 1);

  if (!k) die_nomem();
  k->birth_seconds = birth_seconds;
  memcpy(k->id, id, strlen(id) + 1);
  return k;
}

static bool is_old(const struct queue_followed *f, uint64_t birth_seconds, uint64_t now_seconds)
{
  return (now_seconds > birth_seconds ? now_seconds - birth_seconds : 0) >= f->select.older_seconds;
}

bool queue_followed_has(struct queue_followed *f, const struct queue_look *l, uint64_t now_seconds)
{
  const struct envelope *e = &l->file.envelope;
  struct queue_select of_any_age = f->select;

  if (!f->select.is_given) return true;
  struct known *k = known_make(e->id.s, e->birth_seconds);
  of_any_age.older_seconds = 0;
  bool is = tfind(k, &f->known, compare);
  if (!is && queue_select_matches(&of_any_age, l, now_seconds)) {
    if (!tsearch(k, &f->known, compare)) die_nomem();
    f->count++;
    return is_old(f, e->birth_seconds, now_seconds);
  }
  free(k);
  return is && is_old(f, e->birth_seconds, now_seconds);
}

bool queue_followed_leave(struct queue_followed *f, const char *id, uint64_t now_seconds)
{
  if (!f->select.is_given) return true;
  struct known *wanted = known_make(id, 0), **found = tfind(wanted, &f->known, compare);
  bool was = found && is_old(f, (*found)->birth_seconds, now_seconds);

  if (found) {
    struct known *k = *found;
    tdelete(wanted, &f->known, compare);
    free(k);
    f->count--;
  }
  free(wanted);
  return was;
}
