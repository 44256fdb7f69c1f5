#include "tlsrpt/store_words.h"

/* taken: a job of this process has it. */
const char store_schema[] =
  "CREATE TABLE IF NOT EXISTS period (id INTEGER PRIMARY KEY, begin INTEGER NOT NULL, end INTEGER, lost INTEGER NOT NULL DEFAULT 0);"
  "CREATE TABLE IF NOT EXISTS report (id INTEGER PRIMARY KEY, period INTEGER NOT NULL REFERENCES period, domain TEXT NOT NULL,"
  " name TEXT, due INTEGER, first INTEGER, tries INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0, UNIQUE (period, domain));"
  "CREATE INDEX IF NOT EXISTS report_due ON report (taken, due);"
  "CREATE TABLE IF NOT EXISTS policy (id INTEGER PRIMARY KEY, report INTEGER NOT NULL REFERENCES report ON DELETE CASCADE,"
  " type TEXT NOT NULL, lines BLOB NOT NULL, patterns BLOB NOT NULL, good INTEGER NOT NULL DEFAULT 0, bad INTEGER NOT NULL DEFAULT 0,"
  " UNIQUE (report, type, lines, patterns));"
  "CREATE TABLE IF NOT EXISTS failure (id INTEGER PRIMARY KEY, policy INTEGER NOT NULL REFERENCES policy ON DELETE CASCADE,"
  " result TEXT NOT NULL, source TEXT NOT NULL, host TEXT NOT NULL, helo TEXT NOT NULL, ip TEXT NOT NULL, reason TEXT NOT NULL,"
  " information TEXT NOT NULL, count INTEGER NOT NULL, UNIQUE (policy, result, source, host, helo, ip, reason, information));"
  "CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, report INTEGER NOT NULL REFERENCES report ON DELETE CASCADE,"
  " endpoint BLOB NOT NULL, name TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0, UNIQUE (report, endpoint));";

#define REPORT "report.id, domain, name, begin, coalesce(end, ?2), first, tries FROM report JOIN period ON period.id = period"
#define FAILURE "policy = ?1 AND result = ?2 AND source = ?3 AND host = ?4 AND helo = ?5 AND ip = ?6 AND reason = ?7 AND information = ?8"

const char *const store_words[WORDS + 1] = {
  [WORD_LAST_PERIOD] = "SELECT id, begin, end FROM period ORDER BY id DESC LIMIT 1",
  [WORD_ADD_PERIOD] = "INSERT INTO period (begin) VALUES (?1)",
  [WORD_END_PERIOD] = "UPDATE period SET end = ?2 WHERE id = ?1",
  [WORD_LOSE] = "UPDATE period SET lost = lost + ?2 WHERE id = ?1",
  [WORD_FORGET_PERIODS] = "DELETE FROM period WHERE end IS NOT NULL AND id < (SELECT max(id) FROM period) AND id NOT IN (SELECT period FROM report)",
  [WORD_FIND_REPORT] = "SELECT id FROM report WHERE period = ?1 AND domain = ?2",
  [WORD_ADD_REPORT] = "INSERT INTO report (period, domain) VALUES (?1, ?2)",
  [WORD_COUNT_REPORTS] = "SELECT count(*) FROM report WHERE period = ?1",
  [WORD_FREE_ALL] = "UPDATE report SET taken = 0 WHERE taken",
  [WORD_COUNT_POLICY] = "UPDATE policy SET good = good + ?5, bad = bad + ?6 WHERE report = ?1 AND type = ?2 AND lines = ?3 AND patterns = ?4",
  [WORD_FIND_POLICY] = "SELECT id FROM policy WHERE report = ?1 AND type = ?2 AND lines = ?3 AND patterns = ?4",
  [WORD_POLICIES] = "SELECT count(*) FROM policy WHERE report = ?1",
  [WORD_ADD_POLICY] = "INSERT INTO policy (report, type, lines, patterns, good, bad) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
  [WORD_COUNT_FAILURE] = "UPDATE failure SET count = count + 1 WHERE " FAILURE,
  [WORD_FAILURES] = "SELECT count(*) FROM failure WHERE policy = ?1",
  [WORD_ADD_FAILURE] = "INSERT INTO failure (policy, result, source, host, helo, ip, reason, information, count)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)",
  [WORD_DUE] = "UPDATE report SET due = ?2 + abs(random() % ?3) WHERE period = ?1",
  [WORD_HURRY] = "UPDATE report SET due = ?3 WHERE NOT taken AND period IN"
                 " (SELECT id FROM period WHERE end IS NOT NULL AND begin >= ?1 AND begin < ?2)",
  [WORD_NEXT_DUE] = "SELECT min(due) FROM report WHERE taken = 0 AND due IS NOT NULL",
  [WORD_TAKE] = "SELECT " REPORT " WHERE taken = 0 AND due <= ?1 ORDER BY due LIMIT 1",
  [WORD_TRY] = "UPDATE report SET taken = 1, name = ?2, first = ?3, tries = tries + 1 WHERE id = ?1",
  [WORD_PUT_OFF] = "UPDATE report SET taken = 0, due = ?2 WHERE id = ?1",
  [WORD_FORGET] = "DELETE FROM report WHERE id = ?1",
  [WORD_ADD_DELIVERY] = "INSERT OR IGNORE INTO delivery (report, endpoint, name) VALUES (?1, ?2, ?3)",
  [WORD_DELIVERIES] = "SELECT count(*) FROM delivery WHERE report = ?1",
  [WORD_NEXT_DELIVERY] = "SELECT id, endpoint, name FROM delivery WHERE report = ?1 AND id > ?2 AND NOT done ORDER BY id LIMIT 1",
  [WORD_DONE] = "UPDATE delivery SET done = 1 WHERE id = ?1",
  [WORD_NEXT_POLICY] = "SELECT id, type, lines, patterns, good, bad FROM policy WHERE report = ?1 AND id > ?2 ORDER BY id LIMIT 1",
  [WORD_NEXT_FAILURE] = "SELECT id, result, source, host, helo, ip, reason, information, count FROM failure"
                        " WHERE policy = ?1 AND id > ?2 ORDER BY id LIMIT 1",
  [WORD_LATEST] = "SELECT " REPORT " WHERE domain = ?1 ORDER BY report.id DESC LIMIT 1",
  [WORD_SHOW_PERIODS] = "SELECT id, begin, coalesce(end, 0), lost FROM period WHERE id > ?1 ORDER BY id LIMIT 1",
  [WORD_SHOW] = "SELECT domain, type, sum(good), sum(bad), coalesce(due, 0), tries FROM report JOIN policy ON policy.report = report.id"
                " WHERE period = ?1 GROUP BY report.id, type ORDER BY domain, type"
};
