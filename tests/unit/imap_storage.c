/* What lies in a Maildir: file names, uidlist, keywords, folder names, subscriptions. */

#include "imap/bases.h"
#include "imap/entry.h"
#include "imap/filename.h"
#include "imap/keywords.h"
#include "imap/subscriptions.h"
#include "imap/uidlist.h"
#include "tests/check.h"

static text out = TEXT_ZERO;

static void test_filenames(void)
{
  static const struct {
    const char *name;
    size_t base;
    uint64_t size, wire;
    imap_marks marks;
    const char *formatted; /* with \Seen, whatever it had */
  } cases[] = {
    { "1.a.h", 5, IMAP_SIZE_UNKNOWN, IMAP_SIZE_UNKNOWN, 0, "1.a.h:2,S" },
    { "1.a.h,S=12,W=13:2,", 15, 12, 13, 0, "1.a.h,S=12,W=13:2,S" },
    { "1.a.h,W=13,S=12:2,FST", 15, 12, 13, IMAP_FLAGGED | IMAP_SEEN | IMAP_DELETED, "1.a.h,W=13,S=12:2,S" },
    { "1.a.h,S=x,W=:2,DPRz", 12, IMAP_SIZE_UNKNOWN, IMAP_SIZE_UNKNOWN, IMAP_DRAFT | IMAP_PASSED | IMAP_ANSWERED | IMAP_KEYWORD(25), "1.a.h,S=x,W=:2,S" },
    { "1.a.h,S=99999999999999999999", 28, IMAP_SIZE_UNKNOWN, IMAP_SIZE_UNKNOWN, 0, "1.a.h,S=99999999999999999999:2,S" },
    { "1.a.h:2,XSa", 5, IMAP_SIZE_UNKNOWN, IMAP_SIZE_UNKNOWN, IMAP_SEEN | IMAP_KEYWORD(0), "1.a.h:2,SX" },
    { "1.a:1,x", 7, IMAP_SIZE_UNKNOWN, IMAP_SIZE_UNKNOWN, 0, "1.a:1,x:2,S" },
  };
  struct imap_filename f;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t length = strlen(cases[i].name);
    check(imap_filename_parse(&f, cases[i].name, length) && f.base == cases[i].base && f.size == cases[i].size &&
            f.wire == cases[i].wire && f.marks == cases[i].marks, cases[i].name);
    imap_filename_format(&out, cases[i].name, length, IMAP_SEEN);
    check_is(text_string(&out), cases[i].formatted, "... with \\Seen alone; letters that mean nothing here stay");
  }
  check(!imap_filename_parse(&f, ".x", 2) && !imap_filename_parse(&f, "", 0) && !imap_filename_parse(&f, "a\nb", 3) &&
          !imap_filename_parse(&f, ":2,S", 4), "no message: a dot in front, nothing, a newline, no base");
}

static void test_uidlist(void)
{
  static const char list[] = "3 V77 N5 G0123456789abcdef0123456789abcdef Xfuture\n1 W9 P4 :a,S=1:2,S\n3 :b\n2 :sinks\nnonsense\n0 :zero\n4294967295 :top\n"
                             "9 F :c\n9 :twice\n10 :torn";
  struct imap_uidlist u;
  struct imap_uidline line;
  size_t at;

  check(imap_uidlist_parse(&u, list, sizeof list - 1, &at) && u.validity == 77 && u.next == 5, "version 3: validity and next uid");
  check_is(u.guid, "0123456789abcdef0123456789abcdef", "... and guid");
  check(imap_uidlist_next(&u, list, sizeof list - 1, &at, &line) && line.uid == 1 && line.base_length == 5 && line.facts_length == 5, "a line, its base without flags");
  text_clear(&out);
  imap_uidline_format(&line, &out);
  check_is(text_string(&out), "1 W9 P4 :a,S=1\n", "... is written with what it says besides");
  check(imap_uidlist_next(&u, list, sizeof list - 1, &at, &line) && line.uid == 3 && !line.facts_length, "a line without more");
  check(imap_uidlist_next(&u, list, sizeof list - 1, &at, &line) && line.uid == 9 && u.next == 10, "sinking, impossible and foreign lines are passed over; next rises");
  check(!imap_uidlist_next(&u, list, sizeof list - 1, &at, &line) && u.next == 10, "so are a uid that is there, and a torn line at the end");
  text_clear(&out);
  imap_uidlist_format(&u, &out);
  check_is(text_string(&out), "3 V77 N10 G0123456789abcdef0123456789abcdef\n", "the first line is written");
  check(imap_uidlist_parse(&u, "1 5 6\n1 x\n", 10, &at) && u.validity == 5 && u.next == 6 && imap_uidlist_next(&u, "1 5 6\n1 x\n", 10, &at, &line) &&
          line.base_length == 1, "version 1");
  check(!imap_uidlist_parse(&u, "", 0, &at) && !imap_uidlist_parse(&u, "3 V1\n", 5, &at) && !imap_uidlist_parse(&u, "3 V0 N1\n", 8, &at) &&
          !imap_uidlist_parse(&u, "2 V1 N1\n", 8, &at) && !imap_uidlist_parse(&u, "3 V1 N1", 7, &at), "no uidlist");
}

static void test_keywords(void)
{
  struct imap_keywords k = { 0 };

  imap_keywords_parse(&k, "0 work\n2 Junk\n26 far\nx y\n3 \n4 a b\n5 WORK\n", 41);
  check(imap_keywords_find(&k, "WORK", 4) == IMAP_KEYWORD(0) && imap_keywords_find(&k, "junk", 4) == IMAP_KEYWORD(2), "keywords compare in any case");
  check(!imap_keywords_find(&k, "far", 3) && !imap_keywords_find(&k, "", 0), "what is no line is passed over");
  check(imap_keywords_add(&k, "new", 3) == IMAP_KEYWORD(1), "a new one gets the first free letter");
  text_clear(&out);
  imap_keywords_format(&k, &out);
  check_is(text_string(&out), "0 work\n1 new\n2 Junk\n", "and they are written");
  for (int i = 0; i < 23; i++) imap_keywords_add(&k, &"abcdefghijklmnopqrstuvwxyz"[i], 1);
  check(!imap_keywords_add(&k, "more", 4), "26, and no more");
  check(imap_keyword_check("$Forwarded", 10) && !imap_keyword_check("a b", 3) && !imap_keyword_check("a\n", 2) && !imap_keyword_check("\\x", 2), "what may be one");
  imap_keywords_free(&k);
}

static void test_entries(void)
{
  static const struct {
    const char *name, *entry;
  } cases[] = { { "INBOX", "." }, { "inbox", "." }, { "Inbox/x", ".INBOX.x" }, { "a", ".a" }, { "a/b/c", ".a.b.c" }, { "a/", ".a" }, { "a.b", ".a\\2eb" },
    { "a\\2e", ".a\\5c2e" }, { "a\\5c2e", ".a\\5c5c2e" }, { "a\\b", ".a\\b" }, { "Entw&APw-rfe", ".Entw&APw-rfe" }, { "inboxes", ".inboxes" },
    { "", 0 }, { "/", 0 }, { "/a", 0 }, { "a//b", 0 }, { "..", 0 }, { "a/../b", 0 }, { "a/.", 0 }, { "a\tb", 0 }, { "a\x80", 0 }, { "a&", 0 }, { "&AGE-", 0 } };
  text name = TEXT_ZERO, again = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *problem = imap_entry_name(cases[i].name, &name);
    if (!check(!problem == !!cases[i].entry, cases[i].name) || problem) continue;
    imap_entry_format(&name, &out);
    check_is(text_string(&out), cases[i].entry, "... is this on the disk");
    if (!imap_name_is_inbox(&name)) check(imap_entry_parse(out.s, &again) && text_is(&again, text_string(&name)), "... and back");
  }
  check(!imap_entry_parse(".", &name) && !imap_entry_parse("..", &name) && !imap_entry_parse("..a", &name) && !imap_entry_parse("cur", &name) &&
          !imap_entry_parse(".a.", &name) && !imap_entry_parse(".INBOX", &name), "entries that are no folder's");
}

static void test_subscriptions(void)
{
  struct imap_names names = IMAP_NAMES_ZERO;

  imap_subscriptions_parse(&names, "V\t2\n\nb\tc\nINBOX\n\na\nb\tc\n..\n", 25);
  check(names.count == 3 && imap_names_have(&names, "b/c") && imap_names_have_below(&names, "b") && !imap_names_have_below(&names, "a"), "version 2");
  text_clear(&out);
  imap_subscriptions_format(&names, &out);
  check_is(text_string(&out), "V\t2\n\nINBOX\na\nb\tc\n", "... is written, each name once");
  imap_names_free(&names);
  imap_subscriptions_parse(&names, "b.c\nINBOX", 9);
  check(names.count == 2 && imap_names_have(&names, "b/c"), "version 1");
  imap_names_free(&names);
}

static void test_bases(void)
{
  struct imap_bases bases = { 0 };
  char name[16];
  size_t place, found = 0;

  imap_bases_clear(&bases, 1000);
  for (size_t i = 0; i < 1000; i++) imap_bases_add(&bases, name, (size_t)snprintf(name, sizeof name, "n%zu", i), i);
  for (size_t i = 0; i < 1000; i++) {
    struct imap_bases_walk walk = imap_bases_find(&bases, name, (size_t)snprintf(name, sizeof name, "n%zu", i));
    while (imap_bases_next(&bases, &walk, &place)) found += place == i;
  }
  check(found == 1000, "each of a thousand bases is found");
  imap_bases_free(&bases);
}

int main(void)
{
  test_filenames();
  test_uidlist();
  test_keywords();
  test_entries();
  test_subscriptions();
  test_bases();
  return check_done();
}
