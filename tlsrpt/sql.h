/* sql: one SQLite file of one process: its statements by number, prepared once. A change begins a transaction that stays
   open until sql_commit. What cannot be done is logged and false; a file that is broken is put aside as PATH.broken and the
   program ends: the next start begins anew. */

#ifndef TLSRPT_SQL_H
#define TLSRPT_SQL_H

#include <sqlite3.h>

#include "lib/text.h"

enum { SQL_STATEMENTS_MAX = 64 };

struct sql {
  sqlite3 *file;
  const char *path;
  const char *const *words; /* the statements, ended by 0 */
  sqlite3_stmt *statements[SQL_STATEMENTS_MAX];
  bool is_open;             /* a transaction */
  bool has_failed;          /* something in it could not be done */
  bool is_rolled_back;      /* and what was done before that is gone, too */
};

void sql_open(struct sql *s, const char *path, const char *schema, const char *const *words, uint64_t bytes_max); /* or dies */
void sql_close(struct sql *s);

/* Binds what types says: i an int64_t, t a string, b bytes and their size_t. Then rows, with sql_row, until it is false. */
void sql_ask(struct sql *s, unsigned int statement, const char *types, ...);
bool sql_row(struct sql *s, unsigned int statement);
int64_t sql_integer(const struct sql *s, unsigned int statement, int column);
const char *sql_string(const struct sql *s, unsigned int statement, int column); /* stands until the next row or question; "" for null */
size_t sql_length(const struct sql *s, unsigned int statement, int column);

bool sql_do(struct sql *s, unsigned int statement, const char *types, ...); /* begins a transaction if there is none */
int64_t sql_changed(const struct sql *s);                                  /* rows, by the last one */
int64_t sql_last_id(const struct sql *s);
bool sql_commit(struct sql *s, bool is_synced);                            /* false: what was done since the last one is gone */

#endif
