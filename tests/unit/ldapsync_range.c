/* ldapsync/range: attributes that Active Directory gives out in pieces. */

#include "ldapsync/range.h"
#include "tests/check.h"

int main(void)
{
  static const struct {
    const char *description;
    bool is_range;
    unsigned int name_length, first, last; /* last 0: the end */
  } table[] = {
    { "member;range=0-1499", true, 6, 0, 1499 },
    { "member;Range=1500-*", true, 6, 1500, 0 },
    { "member;binary;range=1500-2999", true, 6, 1500, 2999 },
    { "member;range=0-0;binary", true, 6, 0, 0 },
    { "member;range=0-*;x", true, 6, 0, 0 },
    { "member;range=0-4294967295", true, 6, 0, 4294967295 },
    { "member;range=0-4294967296", false, 0, 0, 0 },
    { "member;range=99999999999999999999-*", false, 0, 0, 0 },
    { "member;range=10-9", false, 0, 0, 0 },
    { "member;range=0-", false, 0, 0, 0 },
    { "member;range=-1", false, 0, 0, 0 },
    { "member;range=*-*", false, 0, 0, 0 },
    { "member;range=0-*1", false, 0, 0, 0 },
    { "member;range=0-5x", false, 0, 0, 0 },
    { "member;range=0", false, 0, 0, 0 },
    { "member;range=", false, 0, 0, 0 },
    { "member;range", false, 0, 0, 0 },
    { "member;xrange=0-1", false, 0, 0, 0 },
    { ";range=0-1", false, 0, 0, 0 },
    { "member", false, 0, 0, 0 },
    { "", false, 0, 0, 0 },
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    struct range r;
    bool is_range = range_parse(table[i].description, &r);
    check(is_range == table[i].is_range, table[i].description);
    if (is_range && table[i].is_range)
      check(r.name_length == table[i].name_length && r.first == table[i].first && (r.is_end || r.last == table[i].last) &&
            r.is_end == (strchr(table[i].description, '*') != 0), "... its name and numbers");
  }
  return check_done();
}
