/* lib/policy_submitter: who submitted a queued message, and whether he still may (the kill switch, issue 4). */

#include "lib/policy_submitter.h"
#include "tests/check.h"
#include "tests/policy_tables.h"

const char *PROG = "lib_policy_submitter";

static const struct { const char *kind, *key, *words; } rows[] = {
  { "table", "generation", "id=1" },
  { "login", "ann@a.test", "mailbox=ka" }, { "login", "mute@a.test", "mailbox=km" }, { "login", "lost@a.test", "mailbox=kl" },
  { "login", "hub", "backend=hub" },
  { "mailbox", "ka", "name=ann@a.test submit=yes" }, { "mailbox", "km", "name=mute@a.test submit=no" },
  { "mailbox", "kb", "name=old@a.test" },
};

static const struct {
  const char *rule, *facts, *key;
  enum policy_right right;
  const char *reason;
} cases[] = {
  { "who has a mailbox may", "role=submission login=ann@a.test owner=ka", "mailbox ka", POLICY_RIGHT, "" },
  { "... unless its submit bit is off", "role=submission login=mute@a.test owner=km", "mailbox km", POLICY_NO_RIGHT, "sending is disabled" },
  { "... or it is gone", "role=submission login=x@a.test owner=kx", "mailbox kx", POLICY_NO_RIGHT, "the account is gone" },
  { "... a table without the bit is of one who may", "login=old@a.test owner=kb", "mailbox kb", POLICY_RIGHT, "" },
  { "who was renamed is who he was", "role=submission login=ann.old@a.test owner=ka", "mailbox ka", POLICY_RIGHT, "" },
  { "a backend that logged in", "role=submission login=HUB backend=hub", "backend HUB", POLICY_RIGHT, "" },
  { "... whose login is gone", "role=submission login=hub2 backend=hub2", "backend hub2", POLICY_NO_RIGHT, "the backend's login is gone" },
  { "... whose name is somebody's now", "role=submission login=ann@a.test backend=hub", "backend ann@a.test", POLICY_NO_RIGHT, "the backend's login is gone" },
  { "a backend by its certificate or address has no login", "role=submission backend=gone", "", POLICY_RIGHT, "" },
  { "an envelope of an older version: by the login", "role=submission login=Mute@A.test", "login Mute@A.test", POLICY_NO_RIGHT, "sending is disabled" },
  { "... whose mailbox is gone", "role=submission login=lost@a.test", "login lost@a.test", POLICY_NO_RIGHT, "the account is gone" },
  { "a local program without a mailbox has no right that could end", "role=inject login=www-data uid=33", "login www-data", POLICY_RIGHT, "" },
  { "... one with a mailbox has", "role=inject login=mute uid=1001 owner=km", "mailbox km", POLICY_NO_RIGHT, "sending is disabled" },
  { "mail from elsewhere is nobody's", "role=mx helo=x", "", POLICY_RIGHT, "" },
  { "a report goes its way", "role=report report=sender login=mute@a.test owner=km", "", POLICY_RIGHT, "" },
};

static void test_case(struct tables *tables, size_t i)
{
  text facts = TEXT_ZERO, key = TEXT_ZERO;
  const char *reason = "";

  text_add(&facts, cases[i].facts);
  for (size_t at = 0; at < facts.len; at++)
    if (facts.s[at] == ' ') facts.s[at] = 0;
  text_add_char(&facts, 0);
  check_is(policy_submitter(&facts, &key), cases[i].key, cases[i].rule);
  enum policy_right right = policy_submitter_may(tables, key.s, &reason);
  check(right == cases[i].right, "... his right");
  if (right == POLICY_NO_RIGHT) check_is(reason, cases[i].reason, "... the reason");
  text_free(&facts);
  text_free(&key);
}

int main(void)
{
  static struct tables tables = TABLES_ZERO;
  char folder[] = "/tmp/lib_policy_submitter.XXXXXX";

  if (!mkdtemp(folder) || chdir(folder) == -1) return 111;
  struct cdb_write *w = policy_tables_begin();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) policy_tables_put(w, rows[i].kind, rows[i].key, rows[i].words);
  policy_tables_end(w, &tables);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_case(&tables, i);
  tables_close(&tables);
  if (unlink("tables/1/policy.cdb") == -1 || unlink("tables/current") == -1 || rmdir("tables/1") == -1 || rmdir("tables") == -1 ||
      chdir("/") == -1 || rmdir(folder) == -1)
    return 111;
  return check_done();
}
