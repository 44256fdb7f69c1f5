/* mailadm import: a line of a map or of a users file to a record, or a sentence; without I/O (W-10, W-11, W-12). */

#include "admin/import_parse.h"
#include "tests/check.h"

static const struct {
  enum import_kind kind;
  const char *bytes, *is; /* each entry's record, "; " behind each string, or "! " and the sentence; "| " between entries */
} cases[] = {
  { IMPORT_USERS, "test@test.local:{PLAIN}illegall:mail:mail::/var/mail/vhosts/test.local/test::\n", "address=test@test.local; clear=illegall; " },
  { IMPORT_USERS, "# x\n\na@b.test:{plain}p\r\n", "address=a@b.test; clear=p; " },
  { IMPORT_USERS, "a@b.test:{SSHA}abc:1:2:g:h:s:userdb_quota_rule=*:storage=10M", "address=a@b.test; password={SSHA}abc; quota=10485760; " },
  { IMPORT_USERS, "a@b.test:abcdefghijklm", "address=a@b.test; password={CRYPT}abcdefghijklm; " },
  { IMPORT_USERS, "a@b.test:{PLAI", "! its password is of a scheme that cannot be checked here" },
  { IMPORT_USERS, "a@b.test:::::::userdb_quota_rule=*:storage=x", "! its quota is not a number, or one with K, M or G" },
  { IMPORT_USERS, "a@b.test:{NT}00\n", "! its password is of a scheme that cannot be checked here" },
  { IMPORT_USERS, ":x\n", "! not an address like user@example.org" },
  { IMPORT_VIRTUAL, "A@B.test c@d.test, e\n\n# x\n\tf@g.test\nh@b.test i", "address=a@b.test; to=c@d.test; to=e; to=f@g.test; | address=h@b.test; to=i; " },
  { IMPORT_VIRTUAL, "@b.test c@d.test", "catchall=b.test; to=c@d.test; " },
  { IMPORT_VIRTUAL, "b.test DOMAIN", "domain=b.test; " },
  { IMPORT_VIRTUAL, "name x", "! has no domain: write NAME@DOMAIN" },
  { IMPORT_VIRTUAL, "a@b.test ,,", "! it leads nowhere" },
  { IMPORT_ALIASES, "Name : \\root, \"|/bin/x y\"", "! leads to a command: no address of ours starts one" },
  { IMPORT_ALIASES, "name: \\root,a@b.test", "name=name; to=root; to=a@b.test; " },
  { IMPORT_ALIASES, "name", "! not NAME: DESTINATION, ..." },
  { IMPORT_ALIASES, ": x", "! not a name in front of the colon" },
  { IMPORT_DOMAINS, "b.test", "domain=b.test; " },
  { IMPORT_DOMAINS, "b", "! not a domain" },
  { IMPORT_MAILBOXES, "a@b.test b.test/a/", "address=a@b.test; " },
  { IMPORT_MAILBOXES, "@b.test x", "! a mailbox for every name of a domain: write catchall: ADDRESS in control/domains/NAME" },
  { IMPORT_PASSWD, "kim:x:1002:1002:Kim:/home/kim:/bin/sh", "name=kim; uid=1002; shell=/bin/sh; " },
  { IMPORT_PASSWD, "kim:x:-1::::", "! not a line of passwd(5)" },
};

int main(void)
{
  text line = TEXT_ZERO, record = TEXT_ZERO, error = TEXT_ZERO, is = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text bytes = { .s = (char *)cases[i].bytes, .len = strlen(cases[i].bytes) };
    size_t at = 0, lines = 0, number = 0, walk, length;
    text_clear(&is);
    while (import_next(&bytes, cases[i].kind, &at, &lines, &number, &line)) {
      if (is.len) text_add(&is, "| ");
      if (!import_parse(cases[i].kind, &line, &record, &error)) text_add_format(&is, "! %s", error.s);
      walk = 0;
      if (!error.len)
        for (const char *one; (one = record_walk(&record, &walk, &length));) text_add_format(&is, "%s; ", one);
    }
    check_is(text_string(&is), cases[i].is, cases[i].bytes);
  }
  text_free(&line);
  text_free(&record);
  text_free(&error);
  text_free(&is);
  return check_done();
}
