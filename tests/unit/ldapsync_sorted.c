/* ldapsync/sorted: a few that go and come in a sorted array, against one that is made anew. */

#include "ldapsync/sorted.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

enum { MANY = 40, ROUNDS = 2000 };

struct one {
  int key, mark; /* the mark is not compared: it tells which of two equal ones it is */
};

static int compare(const void *a, const void *b)
{
  const struct one *x = a, *y = b;
  return (x->key > y->key) - (x->key < y->key);
}

static unsigned int chance(unsigned int most)
{
  static unsigned int state = 12345;
  state = state * 1103515245 + 12345;
  return state / 65536 % most;
}

static struct one *fill(struct sorted *s, size_t count)
{
  struct one *all = malloc((count + 1) * sizeof *all);

  for (size_t i = 0; i < count; i++) all[i] = (struct one){ (int)chance(30), 0 };
  qsort(all, count, sizeof *all, compare);
  *s = (struct sorted){ .all = all, .count = count, .room = count, .size = sizeof *all, .compare = compare };
  return all;
}

/* Some of those that are there; the rest into expected. */
static size_t choose(const struct sorted *s, struct one *gone, struct one *expected, size_t *kept)
{
  size_t count = 0;

  for (size_t i = 0; i < s->count; i++)
    if (chance(3))
      expected[(*kept)++] = ((struct one *)s->all)[i];
    else
      gone[count++] = ((struct one *)s->all)[i];
  return count;
}

static bool is_right(const struct sorted *s, const struct one *expected, size_t count)
{
  const struct one *all = s->all;

  if (s->count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (all[i].key != expected[i].key || (i && all[i - 1].key > all[i].key)) return false;
  return true;
}

static bool run_once(void)
{
  struct one gone[MANY], fresh[MANY], expected[2 * MANY];
  struct sorted s;
  size_t kept = 0;

  fill(&s, chance(MANY));
  size_t gone_count = choose(&s, gone, expected, &kept), fresh_count = chance(MANY);
  for (size_t i = 0; i < fresh_count; i++) expected[kept++] = fresh[i] = (struct one){ (int)chance(30), 1 };
  qsort(expected, kept, sizeof *expected, compare);
  bool good = sorted_exchange(&s, gone, gone_count, fresh, fresh_count) && is_right(&s, expected, kept);
  free(s.all);
  return good;
}

int main(void)
{
  struct sorted s;
  struct one *all = fill(&s, 0), absent = { 5, 0 }, come = { 5, 1 }, again = { 5, 2 };
  bool good = true;

  check(!sorted_exchange(&s, &absent, 1, 0, 0) && !s.count, "one that is not there cannot go");
  check(sorted_exchange(&s, 0, 0, &come, 1) && s.count == 1, "into an empty one");
  check(sorted_exchange(&s, &absent, 1, &again, 1) && s.count == 1 && ((struct one *)s.all)->mark == 2, "an equal one takes its place");
  check(sorted_find(&s, &(struct one){ 6, 0 }) == 1 && sorted_find(&s, &(struct one){ 5, 0 }) == 0, "where it is, or would be");
  free(s.all);
  (void)all;
  for (unsigned int i = 0; good && i < ROUNDS; i++) good = run_once();
  check(good, "any that go and any that come: as if it were made anew");
  return check_done();
}
