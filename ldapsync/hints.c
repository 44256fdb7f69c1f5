#include <string.h>

#include "ldapsync/hints.h"
#include "ldapsync/map.h"

const char *hints_main(const struct account *a)
{
  size_t at = 0;

  for (const char *main; (main = record_next(&a->facts, "address", &at));) {
    size_t hint_at = 0;
    for (const char *hint; (hint = record_next(&a->facts, "hint", &hint_at));)
      if (string_is_nocase(main, hint)) return main;
  }
  return 0;
}

/* The hints in lower case, each ended by a NUL, in the accounts' order. */
static void gather(const struct accounts *all, text *folded)
{
  for (size_t i = 0; i < all->count; i++) {
    size_t at = 0;
    for (const char *hint; (hint = record_next(&all->all[i]->facts, "hint", &at));) text_add_bytes(folded, hint, strlen(hint) + 1);
  }
  text_lower(folded);
}

void hints_report(const struct accounts *all)
{
  text folded = TEXT_ZERO;
  struct map owners = MAP_ZERO;
  size_t place = 0;

  gather(all, &folded);
  for (size_t i = 0; i < all->count; i++) {
    struct account *a = all->all[i];
    size_t at = 0;
    while (record_next(&a->facts, "hint", &at)) {
      const char *hint = folded.s + place;
      const struct account *first = map_find(&owners, hint);
      place += strlen(hint) + 1;
      if (!first)
        map_add(&owners, hint, a);
      else if (first != a)
        accounts_report(a, "SMTP:%s, in capitals, says that this is its primary address; so does %s: both get its mail", hint, first->from.s);
    }
  }
  map_free(&owners);
  text_free(&folded);
}
