#include <string.h>

#include "ldapsync/range.h"
#include "lib/text.h"

static bool scan(const char **at, uint64_t *number)
{
  if (!ascii_is_digit(**at)) return false;
  for (*number = 0; ascii_is_digit(**at); ++*at)
    if ((*number = *number * 10 + (uint64_t)(**at - '0')) > UINT32_MAX) return false;
  return true;
}

static bool ends(char c) { return !c || c == ';'; }

/* "0-1499" or "1500-*", up to the end or the next option. */
static bool parse_numbers(const char *at, struct range *r)
{
  if (!scan(&at, &r->first) || *at++ != '-') return false;
  r->is_end = *at == '*';
  if (r->is_end) return ends(at[1]);
  return scan(&at, &r->last) && ends(*at) && r->last >= r->first;
}

bool range_parse(const char *description, struct range *r)
{
  static const char option[] = ";range=";
  const size_t length = strlen(option);

  *r = (struct range){ .name_length = strcspn(description, ";") };
  for (const char *at = description; r->name_length && (at = strchr(at, ';')); at++)
    if (strlen(at) > length && bytes_are_nocase(at, option, length)) return parse_numbers(at + length, r);
  return false;
}
