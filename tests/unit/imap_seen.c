/* What one user has seen of a folder: imap/seen. (N-94) */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "imap/file.h"
#include "imap/seen.h"
#include "tests/check.h"

static int folder;
static text out = TEXT_ZERO;

static void write_file(const char *bytes)
{
  text file = TEXT_ZERO;

  text_add(&file, bytes);
  if (!imap_file_replace(folder, "postroom-seen-key-ann", &file)) abort();
  text_free(&file);
}

static const char *known(const struct imap_seen *s)
{
  text_clear(&out);
  imap_sequence_format(&s->uids, &out);
  return text_string(&out);
}

static void change(struct imap_seen *s, const char *set, bool is_added)
{
  struct imap_sequence uids = IMAP_SEQUENCE_ZERO;

  imap_sequence_parse(&uids, set, set + strlen(set));
  imap_sequence_resolve(&uids, UINT32_MAX);
  check(imap_seen_write(s, folder, 7, &uids, is_added), "N-94 it is written");
  imap_sequence_free(&uids);
}

static void test_changes(void)
{
  static const struct {
    const char *set;
    bool is_added;
    const char *then;
  } cases[] = {
    { "5", true, "5" }, { "3", true, "3,5" }, { "4", true, "3:5" }, { "10:20", true, "3:5,10:20" }, { "12", false, "3:5,10:11,13:20" },
    { "1:10", false, "11,13:20" }, { "11,20", false, "13:19" }, { "15:17,19", false, "13:14,18" }, { "100", false, "13:14,18" },
    { "1:4294967295", true, "1:4294967295" }, { "4294967295", false, "1:4294967294" }, { "1", false, "2:4294967294" }, { "1:4294967295", false, "" },
  };
  struct imap_seen s = { .is_added = false }, other = { .is_added = false };
  bool is_new;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    change(&s, cases[i].set, cases[i].is_added);
    check_is(known(&s), cases[i].then, cases[i].set);
    check(imap_seen_read(&other, folder, 7, &is_new) && is_new, "... another session finds a new file");
    check_is(known(&other), cases[i].then, "... and the same in it");
    check(imap_seen_read(&other, folder, 7, &is_new) && !is_new, "... once");
  }
  imap_seen_free(&s);
  imap_seen_free(&other);
}

static void test_files(void)
{
  static const struct {
    const char *bytes, *uids;
  } cases[] = {
    { "7 1:3,9\n", "1:3,9" }, { "8 1:3\n", "" }, { "7 1:3", "" }, { "7 \n", "" }, { "", "" }, { "7", "" }, { "x 1\n", "" }, { "7 1:3x\n", "" }, { "7 9,1\n", "1,9" },
    { "7 0\n", "" }, { "99999999999 1\n", "" }, { "7 *\n", "4294967295" }, { "7 1:3\n7 9\n", "" },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct imap_seen s = { .is_added = false };
    bool is_new;
    write_file(cases[i].bytes);
    check(imap_seen_read(&s, folder, 7, &is_new), "N-94 a file that somebody has written");
    check_is(known(&s), cases[i].uids, "... gives what it says, or nothing");
    imap_seen_free(&s);
  }
}

int main(void)
{
  char path[] = "/tmp/imap_seen.XXXXXX";

  if (!mkdtemp(path) || (folder = open(path, O_RDONLY | O_DIRECTORY)) == -1) return 111;
  check(!imap_seen_is_own(), "N-94 at first \\Seen is common");
  imap_seen_of("key-ann");
  check(imap_seen_is_own(), "N-94 then it is a user's own");
  test_changes();
  test_files();
  unlinkat(folder, "postroom-seen-key-ann", 0);
  rmdir(path);
  return check_done();
}
