/* deliver: the name of a file, the head and the lines of a message, the place of a mailbox. */

#include "deliver/message.h"
#include "deliver/name.h"
#include "deliver/place.h"
#include "tests/check.h"

static const char id[] = "1jdk4ul5s7v0a1b2"; /* 1jdk4ul5s7v is 1809389146 s in microseconds */

static void test_name(void)
{
  text name = TEXT_ZERO, other = TEXT_ZERO, report = TEXT_ZERO;

  deliver_name_make(&name, id, "ann@example.test", "mx/one:two.example");
  check_is(text_string(&name), "1809389146.Q1jdk4ul5s7v0a1b2R02b3172fb5c648e3.mx_one_two.example", "time and id, recipient's hash, host made harmless");
  deliver_name_make(&other, id, "bob@example.test", "mx");
  check(!deliver_name_is(&name, text_string(&other)), "another recipient is another file");
  deliver_name_make(&other, id, "ann@example.test", "another.host");
  check(deliver_name_is(&name, text_string(&other)), "another host's name is the same delivery");
  text_add(&other, ",S=120,W=130:2,RS");
  check(deliver_name_is(&name, text_string(&other)), "with size and flags too");
  check(!deliver_name_is(&name, "1809389146.Q1jdk4ul5s7v0a1b2R02b3172fb5c648e4.mx"), "one digit of the hash apart: not the same");
  deliver_name_make(&report, "1jdk4ul5s7v0a1b2b0001", "ann@example.test", "mx");
  check(!deliver_name_is(&name, text_string(&report)), "a report about the message is not the message");
  text_free(&name), text_free(&other), text_free(&report);
}

static void test_head(void)
{
  text head = TEXT_ZERO;

  check(deliver_message_head(&head, "bob@b.example", "ann@a.example", "") == 2, "two lines");
  check_is(text_string(&head), "Return-Path: <bob@b.example>\nDelivered-To: ann@a.example\n", "head");
  deliver_message_head(&head, "bob@b.example", "ann@a.example", "ann@a.example");
  check_is(text_string(&head), "Return-Path: <bob@b.example>\nDelivered-To: ann@a.example\n", "asked for by its own address");
  check(deliver_message_head(&head, "bob@b.example", "ann@a.example", "ann+x@a.example") == 3, "three lines");
  check_is(text_string(&head), "Return-Path: <bob@b.example>\nDelivered-To: ann@a.example\nX-Original-To: ann+x@a.example\n", "asked for by another one");
  deliver_message_head(&head, "", "a\r\nX: y", "");
  check_is(text_string(&head), "Return-Path: <>\nDelivered-To: a??X: y\n", "null sender; an address cannot make a line");
  text_free(&head);
}

static const struct {
  const char *message;
  bool loops;
  const char *what;
} loop_cases[] = {
  { "Subject: x\r\nDelivered-To: Ann@A.example\r\n\r\n", true, "own Delivered-To, case does not count" },
  { "delivered-TO:\tann@a.example \t\r\n\r\n", true, "white space around it" },
  { "Delivered-To: ann@a.example", true, "in a header that ends with the message" },
  { "Delivered-To: joann@a.example\r\n\r\n", false, "another address that ends alike" },
  { "Delivered-To: ann@a.example.org\r\n\r\n", false, "another that begins alike" },
  { "X-Delivered-To: ann@a.example\r\n\r\n", false, "another field" },
  { "Subject: x\r\n\r\nDelivered-To: ann@a.example\r\n", false, "in the body" },
  { "Subject: x\n\nDelivered-To: ann@a.example\n", false, "in the body, LF alone" },
  { "\r\nDelivered-To: ann@a.example\r\n", false, "behind an empty header" },
  { "Delivered-To", false, "cut off" },
  { "", false, "nothing" },
};

static const struct {
  const char *message, *kept, *what;
} path_cases[] = {
  { "Return-Path: <x>\r\nTo: y\r\n\r\nz\r\n", "To: y\r\n\r\nz\r\n", "RFC 5321 4.4: Return-Path is removed" },
  { "To: y\r\nreturn-path :\r\n <x>\r\nReturn-Path: <y>\r\nCc: z\r\nReturn-Path: z\r\n\r\nz", "To: y\r\nCc: z\r\n\r\nz", "... each one, with its folds" },
  { "To: y\r\n\r\nReturn-Path: <x>\r\n", "To: y\r\n\r\nReturn-Path: <x>\r\n", "... not in the text" },
  { "X-Return-Path: x\r\nReturn-Paths: y\r\n\r\n", "X-Return-Path: x\r\nReturn-Paths: y\r\n\r\n", "... nor another field" },
  { "Return-Path: <x>", "", "a header of nothing else" },
  { "text", "text", "no header" },
};

static void test_paths(void)
{
  for (size_t i = 0; i < sizeof path_cases / sizeof *path_cases; i++) {
    text kept = TEXT_ZERO;
    struct bytes part;
    for (size_t at = 0; deliver_message_next(path_cases[i].message, strlen(path_cases[i].message), &at, &part);)
      text_add_bytes(&kept, part.s, part.len);
    check_is(text_string(&kept), path_cases[i].kept, path_cases[i].what);
    text_free(&kept);
  }
}

static void test_lines(void)
{
  static const char message[] = "a\r\n\r\nb\rc\r\r\nd\n\r";
  size_t length = sizeof message - 1, wrong = 0;
  text whole = TEXT_ZERO, parts = TEXT_ZERO;

  check(deliver_message_lines(&whole, message, length) == length - 1, "a CR at the end waits for what follows");
  check_is(text_string(&whole), "a\n\nb\rc\r\nd\n", "CRLF becomes LF, every other CR stays");
  for (size_t cut = 0; cut <= length; cut++) {
    text_clear(&parts);
    size_t taken = deliver_message_lines(&parts, message, cut);
    deliver_message_lines(&parts, message + taken, length - taken);
    wrong += parts.len != whole.len || memcmp(parts.s, whole.s, whole.len);
  }
  check(!wrong, "cut anywhere, the same lines");
  text_free(&whole), text_free(&parts);
}

static const struct {
  const char *uid, *path;
  bool good;
} places[] = {
  { "1000", "xn--bcher-kva.example/j%C3%B6rg", true }, /* as tables-build writes other bytes */
  { "1000", "example.test/bob~2", true },
  { "1000", "example.test/ann", true },
  { "70000", "example.test/ann+x_y.z-1=a@b", true },
  { "70000", "b\xc3\xbc" "cher.test/j\xc3\xb6", true },
  { "999", "example.test/ann", false },
  { "0", "example.test/ann", false },
  { "4294967295", "example.test/ann", false },
  { "-1", "example.test/ann", false },
  { "", "example.test/ann", false },
  { "1000", "example.test", false },
  { "1000", "/ann", false },
  { "1000", "example.test/", false },
  { "1000", "example.test/a/b", false },
  { "1000", "../ann", false },
  { "1000", "example.test/..", false },
  { "1000", "example.test/.ssh", false },
  { "1000", ".hidden/ann", false },
  { "1000", "example.test/a b", false },
  { "1000", "example.test/a\nb", false },
  { "1000", "example.test/a:b", false },
  { "1000", "/home/ann/Maildir", false },
};

static const struct {
  const char *path, *gid;
  bool good;
} homes[] = {
  { "/home/ann/Maildir", "1000", true },
  { "/srv/homes/students/ann/Maildir", "100", true },
  { "/home/ann/Maildir", "0", false },
  { "/home/ann/Maildir", "4294967295", false },
  { "/home/ann/Maildir", "", false },
  { "/home/ann/Maildir/", "1000", false },
  { "/home//Maildir", "1000", false },
  { "/home/../etc", "1000", false },
  { "/home/./ann", "1000", false },
  { "/home/.ssh/ann", "1000", false },
  { "/home/a b", "1000", false },
  { "//home", "1000", false },
  { "/", "1000", false },
};

static void test_homes(void)
{
  text record = TEXT_ZERO, what = TEXT_ZERO;
  struct place place = PLACE_ZERO;
  const char *error;

  for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
    text_clear(&record);
    record_add(&record, "uid", "1000");
    record_add(&record, "path", homes[i].path);
    record_add(&record, "gid", homes[i].gid);
    text_copy(&what, homes[i].good ? "P-29 taken: " : "P-29 refused: ");
    text_add(&what, homes[i].path);
    text_add(&what, " gid ");
    text_add(&what, homes[i].gid);
    check(deliver_place_parse(&place, &record, 1000, &error) == homes[i].good, text_string(&what));
  }
  text_free(&record), text_free(&what), place_free(&place);
}

static void test_places(void)
{
  text record = TEXT_ZERO, what = TEXT_ZERO;
  struct place place = PLACE_ZERO;
  const char *error;

  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    text_clear(&record);
    record_add(&record, "uid", places[i].uid);
    record_add(&record, "path", places[i].path);
    text_copy(&what, places[i].good ? "taken: uid " : "refused: uid ");
    text_add(&what, places[i].uid);
    text_add(&what, " path ");
    for (const char *c = places[i].path; *c; c++) text_add_char(&what, *c == '\n' ? '?' : *c);
    check(deliver_place_parse(&place, &record, 1000, &error) == places[i].good, text_string(&what));
  }
  text_free(&record), text_free(&what), place_free(&place);
}

int main(void)
{
  test_name();
  test_head();
  for (size_t i = 0; i < sizeof loop_cases / sizeof *loop_cases; i++)
    check(deliver_message_loops(loop_cases[i].message, strlen(loop_cases[i].message), "ann@a.example") == loop_cases[i].loops, loop_cases[i].what);
  test_paths();
  test_lines();
  test_places();
  test_homes();
  return check_done();
}
