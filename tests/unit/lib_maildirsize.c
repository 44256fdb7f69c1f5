/* maildirsize: what other programs write into that file, and what is not to be relied on (N-30, N-92, S-34). */

#include <string.h>

#include "lib/conf.h"
#include "lib/maildirsize.h"
#include "lib/text.h"
#include "tests/check.h"

static const struct {
  const char *bytes;
  bool good;
  long long size, messages;
  size_t lines;
  const char *what;
} files[] = {
  { "1000S\n0 0\n", true, 0, 0, 1, "an empty mailbox" },
  { "1000S\n900 3\n-100 -1\n20 1\n", true, 820, 3, 3, "what came and went" },
  { "1000S,50C\n900 3\n", true, 900, 3, 1, "Courier: with a number of messages" },
  { "50C,1000S\n900 3\n", true, 900, 3, 1, "... in front" },
  { "1000S\n         900           3\n", true, 900, 3, 1, "Courier: fields filled with spaces" },
  { "1000S\n900 3 \n", true, 900, 3, 1, "a space at the end" },
  { "999S\n900 3\n", false, 0, 0, 0, "another quota" },
  { "10000S\n900 3\n", false, 0, 0, 0, "... of which ours is the beginning" },
  { "50C\n900 3\n", false, 0, 0, 0, "a quota of messages alone" },
  { "\n900 3\n", false, 0, 0, 0, "no quota" },
  { "1000S\n", false, 0, 0, 0, "no sum" },
  { "1000S\n900 3\n10 1", false, 0, 0, 0, "a line without its end" },
  { "1000S\n900 3\n\n", false, 0, 0, 0, "an empty line" },
  { "1000S\n900\n", false, 0, 0, 0, "one number" },
  { "1000S\n900 x\n", false, 0, 0, 0, "a word" },
  { "1000S\n9-00 1\n", false, 0, 0, 0, "a minus inside" },
  { "1000S\n900 3\n-901 -3\n", false, 0, 0, 0, "less than nothing" },
  { "1000S\n900 3\n1 -4\n", false, 0, 0, 0, "fewer than no messages" },
  { "1000S\n4611686018427387903 1\n4611686018427387903 1\n4611686018427387903 1\n", false, 0, 0, 0, "more than a number holds" },
  { "1000S\n99999999999999999999 1\n", false, 0, 0, 0, "a number that is none" },
  { "", false, 0, 0, 0, "nothing" },
};

static void test_files(void)
{
  struct maildirsize used;
  size_t lines;

  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    bool good = maildirsize_parse(files[i].bytes, strlen(files[i].bytes), 1000, &used, &lines);
    check(good == files[i].good && (!good || (used.bytes == files[i].size && used.messages == files[i].messages && lines == files[i].lines)),
          files[i].what);
  }
}

static const struct {
  uint64_t quota;
  long long used;
  bool full, room;
  const char *what;
} fillings[] = {
  { 1000, 0, true, true, "a tiny quota, empty: refusing something makes it full, deleting anything gives room" },
  { 1000, 900, true, false, "a tiny quota, nine tenths" },
  { 1000, 2000, true, false, "over the quota" },
  { 100 << 20, 80 << 20, false, true, "100 MiB, 20 left: a larger message was refused, the mailbox is not full" },
  { 100 << 20, 95 << 20, true, true, "5 left: full if a message is refused; room if something is deleted" },
  { 100 << 20, (100 << 20) - 1000, true, false, "a thousand bytes left" },
};

static void test_fillings(void)
{
  for (size_t i = 0; i < sizeof fillings / sizeof *fillings; i++) {
    struct maildirsize used = { .bytes = fillings[i].used };
    check(maildirsize_is_full(fillings[i].quota, &used) == fillings[i].full && maildirsize_has_room(fillings[i].quota, &used) == fillings[i].room,
          fillings[i].what);
  }
}

static const struct {
  const char *value;
  bool good;
  uint64_t size;
} sizes[] = {
  { "0", true, 0 }, { "1000", true, 1000 }, { "5K", true, 5120 }, { "500M", true, 524288000 }, { "2g", true, 2147483648 },
  { "M", false, 0 }, { "5X", false, 0 }, { "5MM", false, 0 }, { "-5M", false, 0 }, { "5.5G", false, 0 }, { "99999999999G", false, 0 }, { "", false, 0 },
};

static void test_sizes(void)
{
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    uint64_t size = 0;
    bool good = conf_size_parse(sizes[i].value, strlen(sizes[i].value), &size);
    check(good == sizes[i].good && (!good || size == sizes[i].size), *sizes[i].value ? sizes[i].value : "(empty)");
  }
}

int main(void)
{
  test_files();
  test_fillings();
  test_sizes();
  return check_done();
}
