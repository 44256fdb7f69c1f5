/* policy_tables: writes tables/1/policy.cdb of a test's own in the working folder, current at once. */

#ifndef TESTS_POLICY_TABLES_H
#define TESTS_POLICY_TABLES_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldapsync/cdb_write.h"
#include "lib/tables.h"

static inline struct cdb_write *policy_tables_begin(void)
{
  if (mkdir("tables", 0700) == -1 || mkdir("tables/1", 0700) == -1 || symlink("1", "tables/current") == -1) exit(111);
  struct cdb_write *w = cdb_write_open("tables/1/policy.cdb");
  if (!w) exit(111);
  return w;
}

/* words: "key=value key=value"; '_' in a value is a space. */
static inline void policy_tables_put(struct cdb_write *w, const char *kind, const char *key, const char *words)
{
  text record = TEXT_ZERO;

  text_add(&record, words);
  for (size_t i = 0; i < record.len; i++)
    if (strchr(" _", record.s[i])) record.s[i] = record.s[i] == '_' ? ' ' : 0;
  text_add_char(&record, 0);
  cdb_write_add(w, kind, key, &record);
  text_free(&record);
}

static inline void policy_tables_end(struct cdb_write *w, struct tables *tables)
{
  if (!cdb_write_close(w, 0644, (gid_t)-1) || !tables_open(tables, "policy")) exit(111);
}

#endif
