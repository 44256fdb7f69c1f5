/* lookup: what is read of a large file is what its map says, for every key; a file that ends too early is broken, not absent. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ldapsync/cdb_write.h"
#include "lib/lookup.h"
#include "lib/record.h"
#include "tests/check.h"

enum { RECORDS = 20000, LONG_KEY = 700, LONG_VALUE = 5000 };

static void make_key(text *key, unsigned int i)
{
  text_clear(key);
  text_add_format(key, "user%u@d%u.example", i, i % 7);
  while (i % 1000 == 999 && key->len < LONG_KEY) text_add_char(key, 'x');
  text_string(key);
}

static void make_file(void)
{
  struct cdb_write *w = cdb_write_open("t.cdb");
  text key = TEXT_ZERO, value = TEXT_ZERO, record = TEXT_ZERO;

  if (!w) exit(111);
  for (unsigned int i = 0; i < RECORDS; i++) {
    make_key(&key, i);
    text_clear(&value);
    for (size_t size = i % 500 == 7 ? LONG_VALUE : i % 50; value.len < size;) text_add_format(&value, "%u ", i);
    text_clear(&record);
    if (i % 11) record_add(&record, "value", text_string(&value)); /* else an empty one */
    cdb_write_add(w, "address", key.s, &record);
  }
  if (!cdb_write_close(w, 0600, (gid_t)-1)) exit(111);
  text_free(&key);
  text_free(&value);
  text_free(&record);
}

static bool is_same(struct lookup *map, struct lookup *read, const char *kind, unsigned int i, enum lookup_result expected)
{
  text key = TEXT_ZERO, name = TEXT_ZERO, one = TEXT_ZERO, other = TEXT_ZERO;

  make_key(&key, i);
  text_add_format(&name, "%s:%s", kind, key.s);
  bool same = lookup_find(map, name.s, name.len, &one) == expected && lookup_find(read, name.s, name.len, &other) == expected &&
              (expected != LOOKUP_FOUND || (one.len == other.len && (!one.len || !memcmp(one.s, other.s, one.len))));
  text_free(&key);
  text_free(&name);
  text_free(&one);
  text_free(&other);
  return same;
}

static void check_all(struct lookup *map, struct lookup *read)
{
  unsigned int present = 0, absent = 0, other = 0;

  for (unsigned int i = 0; i < RECORDS; i++) {
    present += is_same(map, read, "address", i, LOOKUP_FOUND);
    absent += is_same(map, read, "address", RECORDS + i, LOOKUP_ABSENT);
    other += is_same(map, read, "mailbox", i, LOOKUP_ABSENT);
  }
  check(present == RECORDS, "all records are read as they are mapped, long keys and long values too");
  check(absent == RECORDS && other == RECORDS, "what is not there is not found");
}

static void check_cut(void)
{
  struct lookup *read = lookup_open_to_read("t.cdb");
  text value = TEXT_ZERO, key = TEXT_ZERO, name = TEXT_ZERO;

  if (!read || truncate("t.cdb", 4096) == -1) exit(111);
  make_key(&key, 1);
  text_add_format(&name, "address:%s", key.s);
  check(lookup_find(read, name.s, name.len, &value) == LOOKUP_BROKEN, "a file that became shorter is broken");
  lookup_close(read);
  text_free(&value);
  text_free(&key);
  text_free(&name);
}

static void check_too_large(void)
{
  struct cdb_write *w = cdb_write_open("large.cdb");
  const text value = { .s = "", .len = UINT_MAX - 1000 }; /* never looked at */

  if (!w) exit(111);
  cdb_write_add(w, "address", "a", &value);
  check(!cdb_write_close(w, 0600, (gid_t)-1) && errno == EFBIG, "a file that would be larger than CDB can be is not made");
  if (unlink("large.cdb") == -1) exit(111);
}

int main(void)
{
  char folder[] = "/tmp/lib_lookup.XXXXXX";

  if (!mkdtemp(folder) || chdir(folder) == -1) return 111;
  make_file();
  struct lookup *map = lookup_open("t.cdb"), *read = lookup_open_to_read("t.cdb");
  if (!map || !read) return 111;
  check_all(map, read);
  check(lookup_is_at(read, "t.cdb"), "it is the file at its path");
  lookup_close(map);
  lookup_close(read);
  check_cut();
  check_too_large();
  if (unlink("t.cdb") == -1 || chdir("/") == -1 || rmdir(folder) == -1) return 111;
  return check_done();
}
