/* Rights and who has them: lib/rights, imap/acl; where the answer of another IMAP process ends: imap/follow. (N-33) */

#include "imap/acl.h"
#include "imap/follow.h"
#include "lib/rights.h"
#include "tests/check.h"

static text out = TEXT_ZERO;

static void test_rights(void)
{
  static const struct {
    const char *word, *letters; /* 0: it is none */
  } cases[] = {
    { "ro", "lrs" }, { "rw", "lrswikt" }, { "full", "lrswipkxtea" }, { "wr", "rw" }, { "lrs", "lrs" }, { "aaal", "la" },
    { "lc", "lk" }, { "ld", "lxte" }, { "", 0 }, { "RO", 0 }, { "lz", 0 }, { "l r", 0 }, { "custom", 0 },
  };
  unsigned int rights;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool is = rights_parse(cases[i].word, &rights);
    text_clear(&out);
    if (is) rights_format(rights, &out);
    check(is == (cases[i].letters != 0) && (!is || !strcmp(text_string(&out), cases[i].letters)), cases[i].word);
  }
  check(!rights_scan("l\0r", 3, &rights), "N-33 a NUL is no letter");
}

static bool is_bob(void *context, const char *who)
{
  (void)context;
  return !strcmp(who, "user=bob") || !strcmp(who, "anyone");
}

/* The rights of bob by the bytes of a file. */
static const char *bob(const char *bytes, size_t length)
{
  struct imap_acl acl = IMAP_ACL_ZERO;
  unsigned int denied;

  imap_acl_parse(&acl, bytes, length);
  unsigned int rights = imap_acl_rights(&acl, is_bob, 0, &denied);
  imap_acl_free(&acl);
  text_clear(&out);
  rights_format(rights, &out);
  return text_string(&out);
}

static void test_files(void)
{
  static const struct {
    const char *file, *rights;
  } cases[] = {
    { "", "" }, { "user=bob lrs\n", "lrs" }, { "user=bob lrs", "lrs" }, { "anyone l\nuser=bob r\n", "lr" },
    { "user=bob lr\nuser=bob s\n", "lrs" }, { "user=bob lrs\n-user=bob s\n", "lr" }, { "-anyone r\nuser=bob lr\n", "l" },
    { "user=ann lrs\n", "" }, { "group=bob lrs\n", "" }, { "user=bobby lrs\n", "" }, { "userbob lrs\n", "" }, { "user=bob\n", "" },
    { "user=boblrs\n", "" }, { " user=bob lrs\n", "" }, { "user=bob  lrs\n", "" }, { "# user=bob lrs\n", "" }, { "\"user=bob\" lrs\n", "lrs" },
    { "\"user=bob lrs\n", "" }, { "\"user=b\\", "" }, { "\"user=bob\"lrs\n", "" }, { "user=bob lZZrs\n", "lrs" }, { "user=bob l :lookup r\n", "l" },
    { "user=bob :lookup\n", "" }, { "owner lrswipkxtea\n", "" }, { "user= lrs\nuser=bob l\n", "l" }, { "\n\n\nuser=bob l\n", "l" },
    { "user=bob lrs\r\n", "lrs" }, { "--user=bob lrs\n", "" }, { "user=b\001b lrs\n", "" },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_is(bob(cases[i].file, strlen(cases[i].file)), cases[i].rights, cases[i].file[0] ? "N-33 a file gives bob what it says" : "N-33 no file, no rights");
  check_is(bob("user=b\0ob lrs\nuser=bob l\n", 25), "l", "N-33 a NUL spoils its line alone");
}

static void test_long_file(void)
{
  struct imap_acl acl = IMAP_ACL_ZERO, again = IMAP_ACL_ZERO;
  text file = TEXT_ZERO, written = TEXT_ZERO;

  for (int i = 0; i < 3000; i++) text_add_format(&file, "user=u%d l\n", i);
  imap_acl_parse(&acl, file.s, file.len);
  check(acl.count == IMAP_ACL_ENTRIES_MAX, "N-33 as many entries as there may be");
  check(!imap_acl_set(&acl, "user=one more", false, RIGHT_READ), "... and no more");
  check(imap_acl_set(&acl, "user=u7", false, 0) && imap_acl_set(&acl, "user=a \"b\\ c", true, RIGHT_READ), "... but in place of one that goes");
  imap_acl_format(&acl, &written);
  imap_acl_parse(&again, written.s, written.len);
  text_clear(&file);
  imap_acl_format(&again, &file);
  check(text_equal(&file, &written) && !imap_acl_find(&again, "user=u7", false) && imap_acl_find(&again, "user=a \"b\\ c", true), "N-33 what is written is read as it was");
  imap_acl_free(&acl);
  imap_acl_free(&again);
  text_free(&file);
  text_free(&written);
}

static void test_identifiers(void)
{
  static const struct {
    const char *identifier, *who;
  } cases[] = {
    { "bob@Example.test", "user=bob@example.test" }, { "group:Sales", "group=sales" }, { "$sales", "group=sales" }, { "anyone", "anyone" },
    { "-bob", "user=bob" }, { "", 0 }, { "group:", 0 }, { "-", 0 }, { "a\nb", 0 },
  };
  bool is_negative;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool is = imap_acl_identifier_parse(cases[i].identifier, &out, &is_negative);
    check(is == (cases[i].who != 0) && (!is || (text_is(&out, cases[i].who) && is_negative == (cases[i].identifier[0] == '-'))), "N-34 an identifier");
  }
}

/* All of an answer in pieces of that size: what is passed on, then what ended it. */
static const char *follow(const char *answer, size_t piece)
{
  struct imap_follow f = IMAP_FOLLOW_ZERO;
  enum imap_follow_result result = IMAP_FOLLOW_MORE;
  size_t length = strlen(answer);

  text_clear(&out);
  for (size_t at = 0, used; at < length && result == IMAP_FOLLOW_MORE; at += used) {
    struct bytes pass;
    result = imap_follow_add(&f, answer + at, length - at < piece ? length - at : piece, &used, &pass);
    text_add_bytes(&out, pass.s, pass.len);
  }
  text_add_format(&out, "[%d %.*s]", result, (int)f.line.len, f.line.len ? f.line.s : "");
  imap_follow_free(&f);
  return text_string(&out);
}

static void test_follow(void)
{
  static const struct {
    const char *answer, *seen;
  } cases[] = {
    { "r OK done\r\n", "[2 OK done]" },
    { "* 1 EXISTS\r\nr NO [NOPERM] x\r\nrest", "* 1 EXISTS\r\n[2 NO [NOPERM] x]" },
    { "* 1 FETCH (BODY[] {9}\r\nr OK no\r\n FLAGS ())\r\nr OK yes\r\n", "* 1 FETCH (BODY[] {9}\r\nr OK no\r\n FLAGS ())\r\n[2 OK yes]" },
    { "* X {0}\r\n\r\nr OK\r\n", "* X {0}\r\n\r\n[2 OK]" },
    { "* {}\r\n* {x}\r\n* 3}\r\nr OK\r\n", "* {}\r\n* {x}\r\n* 3}\r\n[2 OK]" },
    { "+ OK\r\nr OK\r\n", "[1 + OK]" },
    { "rOK\r\n", "[-1 rOK]" },
    { "x OK\r\n", "[-1 ]" },
    { "* cut", "* cut[0 ]" },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t piece = 1; piece < 64; piece = piece * 2 + 1) check_is(follow(cases[i].answer, piece), cases[i].seen, "N-32 where an answer ends, in pieces of any size");
}

int main(void)
{
  test_rights();
  test_files();
  test_long_file();
  test_identifiers();
  test_follow();
  return check_done();
}
