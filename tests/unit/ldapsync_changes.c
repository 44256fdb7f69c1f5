/* ldapsync/changes: which entries of a file count that has grown at its end, whatever was cut off; and what has come since it was read. */
#include "ldapsync/changes.h"
#include "tests/check.h"

#define HEAD "version: 1\n\n"
#define A "dn: a\nx: 1\n\n"
#define B "dn: b\nx: 2\n\n"
#define C "dn: c\nx: 3\n\n"
#define A2 "# id 01\ndn: a\nx: 9\n\n"
#define B_GONE "# id 02\ndn: b\nchangetype: delete\n\n"
#define BEGIN "# changes\n"
#define END "# end of changes\n"

/* "dn=x,dn=x" and "dn-" of who is gone, or the error. */
static void show(struct changes *c, text *out)
{
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  enum ldif_result result;

  text_clear(out);
  while ((result = changes_next(c, &e)) == LDIF_ENTRY) {
    size_t at = 0, length;
    if (out->len) text_add_char(out, ',');
    text_add_format(out, e.is_deleted ? "%s-" : "%s=%s", e.dn.s, ldif_entry_next(&e, "x", &at, &length));
  }
  if (result == LDIF_BROKEN) text_add(out, c->ldif.error.s);
  text_string(out);
  ldif_entry_free(&e);
  changes_free(c);
}

static const struct {
  const char *bytes, *expected, *rule;
} cases[] = {
  { "", "", "nothing" },
  { HEAD A B, "a=1,b=2", "no changes" },
  { HEAD A B C BEGIN A2 B_GONE END, "c=3,a=9", "an entry takes the place of the one before; who is deleted is gone" },
  { HEAD A B BEGIN B_GONE END BEGIN B END, "a=1,b=2", "who was deleted may come back" },
  { HEAD A BEGIN A2 END BEGIN A END, "a=1", "the last word counts" },
  { HEAD A BEGIN B_GONE B END, "a=1,b=2", "in one batch, too" },
  { HEAD A B BEGIN A2 B_GONE END BEGIN A2 B_GONE END, "a=9", "a batch that came twice" },
  { HEAD A B BEGIN A2, "a=1,b=2", "a batch without an end does not count" },
  { HEAD A B BEGIN "dn: ", "a=1,b=2", "... wherever it was cut off" },
  { HEAD A B "# chan", "a=1,b=2", "... even in its first line" },
  { HEAD A B BEGIN A2 "# end of changes", "a=1,b=2", "... or in its last" },
  { HEAD A B BEGIN A2 END BEGIN B_GONE "# end", "b=2,a=9", "the whole ones before it do" },
  { HEAD BEGIN B END, "b=2", "nobody, and then somebody" },
  { HEAD A "dn: q\nx: # end of changes\n\n" BEGIN B END, "a=1,q=# end of changes,b=2", "a value is no mark" },
  { HEAD A "dn: q\nx: 1\n # changes\n\n", "a=1,q=1# changes", "... folded neither" },
  { HEAD "dn: b\nchangetype: delete\n\n" BEGIN A END, "line 4: a change record; only entries are read", "a full pass deletes nobody" },
  { HEAD BEGIN "dn: b\nchangetype: modify\n\n" END, "line 5: a change record; only entries are read", "an attribute is not changed by itself" },
  { HEAD BEGIN "dn: b\nchangetype: delete\nx: 1\n\n" END, "line 6: a line behind changetype: delete", "who is deleted has no values" },
  { HEAD A BEGIN "nonsense\n\n" END, "a=1line 7: not an \"attribute: value\" line", "what is broken is said" },
};

static const struct {
  const char *bytes, *expected, *rule;
} tails[] = {
  { "", "", "nothing has come" },
  { BEGIN A2, "", "... yet" },
  { BEGIN A2 B_GONE END, "a=9,b-", "who has changed, and who is gone" },
  { BEGIN A2 B_GONE END BEGIN B END BEGIN "dn: c\nchangetype: delete\n\n" END, "a=9,b=2,c-", "the last word of several batches" },
  { BEGIN A2 END BEGIN B_GONE, "a=9", "what is cut off comes later" },
};

static void check_cases(void)
{
  text out = TEXT_ZERO;
  struct changes c;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    changes_begin(&c, cases[i].bytes, strlen(cases[i].bytes));
    show(&c, &out);
    check_is(out.s, cases[i].expected, cases[i].rule);
  }
  for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
    changes_begin_tail(&c, tails[i].bytes, strlen(tails[i].bytes));
    show(&c, &out);
    check_is(out.s, tails[i].expected, tails[i].rule);
  }
  const char *by_hand = A "\n# changes\n" B "# end of changes\n\n" A;
  changes_begin_plain(&c, by_hand, strlen(by_hand));
  show(&c, &out);
  check_is(out.s, "a=1,b=2,a=1", "what people write has no changes");
  text_free(&out);
}

/* Whatever was cut off a file, a reader has what was there before the batch or after it; and one who goes on where he was has the same. */
static void check_cuts(void)
{
  static const char file[] = HEAD A B BEGIN A2 B_GONE END BEGIN C END;
  const size_t first = strlen(HEAD A B), second = first + strlen(BEGIN A2 B_GONE END), length = strlen(file);
  text out = TEXT_ZERO;
  struct changes c;
  bool good = true, tail = true;

  for (size_t cut = first; cut <= length; cut++) {
    changes_begin(&c, file, cut);
    size_t whole = c.whole;
    show(&c, &out);
    good &= text_is(&out, cut < second ? "a=1,b=2" : cut < length ? "a=9" : "a=9,c=3");
    good &= whole == (cut < second ? cut < first + strlen(BEGIN) ? cut : first : cut < length ? second : length);
    changes_begin_tail(&c, file + first, cut - first);
    tail &= c.whole == (cut < second ? 0 : cut < length ? second - first : length - first);
    show(&c, &out);
    tail &= text_is(&out, cut < second ? "" : cut < length ? "a=9,b-" : "a=9,b-,c=3");
  }
  check(good, "a file cut off anywhere is what it was before the batch or after it");
  check(tail, "... and so is what has come since");
  text_free(&out);
}

/* What is written is read: the LDIF of each record and its id. */
static void check_batch(void)
{
  static const char folded[] = "dn: cn=a very long name that goes on and on until the line is so long that it\n  is folded,dc=x\nx: 7\n\n";
  text file = TEXT_ZERO, out = TEXT_ZERO;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  struct changes c;
  size_t length;

  text_copy(&file, HEAD A);
  changes_batch_begin(&file);
  changes_add_deletion(&file, "\1\xff", 2, folded, strlen(folded));
  changes_add_entry(&file, "\0", 1, folded, strlen(folded));
  changes_batch_end(&file);
  changes_begin(&c, file.s, file.len);
  check(c.whole == file.len, "a batch is whole");
  check(changes_next(&c, &e) == LDIF_ENTRY && !changes_id(&c, &length), "an entry of the full pass has no id");
  const char *ldif = changes_ldif(&c, &length);
  check(length == strlen(A) && !memcmp(ldif, A, length), "... and is what it is, without the head");
  check(changes_next(&c, &e) == LDIF_ENTRY, "the entry of the change");
  ldif = changes_ldif(&c, &length);
  check(length == strlen(folded) && !memcmp(ldif, folded, length), "... is as it was written");
  const char *id = changes_id(&c, &length);
  check(id && length == 2 && !memcmp(id, "00", 2), "... and has its id");
  changes_free(&c);
  changes_begin_tail(&c, file.s + strlen(HEAD A), file.len - strlen(HEAD A));
  show(&c, &out);
  check_is(out.s, "cn=a very long name that goes on and on until the line is so long that it is folded,dc=x=7", "a deletion before it is passed over");
  text_copy(&file, HEAD);
  changes_batch_begin(&file);
  changes_add_deletion(&file, "\1\xff", 2, folded, strlen(folded));
  changes_batch_end(&file);
  changes_begin_tail(&c, file.s + strlen(HEAD), file.len - strlen(HEAD));
  check(changes_next(&c, &e) == LDIF_ENTRY && e.is_deleted && !e.count, "a deletion has no values");
  id = changes_id(&c, &length);
  check(id && length == 4 && !memcmp(id, "01ff", 4), "... and an id");
  changes_free(&c);
  ldif_entry_free(&e);
  text_free(&file);
  text_free(&out);
}

int main(void)
{
  check_cases();
  check_cuts();
  check_batch();
  return check_done();
}
