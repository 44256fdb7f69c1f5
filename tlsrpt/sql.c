#include "tlsrpt/sql.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/log.h"

enum { PAGE_BYTES = 4096 };

/* Nobody mends it: these are counts. */
_Noreturn static void put_aside(const struct sql *s)
{
  static const char *const tails[] = { "", "-wal", "-shm" };
  text from = TEXT_ZERO, to = TEXT_ZERO;

  for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
    text_copy(&from, s->path), text_add(&from, tails[i]);
    text_copy(&to, s->path), text_add(&to, ".broken"), text_add(&to, tails[i]);
    if (rename(text_string(&from), text_string(&to)) == -1 && errno != ENOENT) die_unable("put ", from.s, " aside");
  }
  die_temporary(s->path, " was broken and is put aside: it begins anew");
}

static bool is_good(const struct sql *s, int result)
{
  int kind = result & 0xff;

  if (kind == SQLITE_OK || kind == SQLITE_ROW || kind == SQLITE_DONE) return true;
  log_event("store-failed", "store", s->path, "error", s->file ? sqlite3_errmsg(s->file) : sqlite3_errstr(result), (char *)0);
  if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) put_aside(s);
  if (kind == SQLITE_NOMEM) die_nomem();
  return false;
}

static bool execute(struct sql *s, const char *words) { return is_good(s, sqlite3_exec(s->file, words, 0, 0, 0)); }

void sql_open(struct sql *s, const char *path, const char *schema, const char *const *words, uint64_t bytes_max)
{
  text settings = TEXT_ZERO;

  *s = (struct sql){ .path = path, .words = words };
  text_add_format(&settings,
                  "PRAGMA page_size=%d; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                  "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA max_page_count=%llu;",
                  PAGE_BYTES, (unsigned long long)(bytes_max / PAGE_BYTES));
  bool good = is_good(s, sqlite3_open_v2(path, &s->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, 0)) &&
              execute(s, text_string(&settings)) && execute(s, schema);
  for (unsigned int i = 0; good && words[i]; i++) {
    assert(i < SQL_STATEMENTS_MAX);
    good = is_good(s, sqlite3_prepare_v3(s->file, words[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], 0));
  }
  if (!good) die_temporary("unable to use ", path, ": ", s->file ? sqlite3_errmsg(s->file) : "no memory");
  text_free(&settings);
}

void sql_close(struct sql *s)
{
  sql_commit(s, true);
  for (unsigned int i = 0; s->words[i]; i++) sqlite3_finalize(s->statements[i]);
  sqlite3_close(s->file);
}

static void bind(struct sql *s, sqlite3_stmt *statement, const char *types, va_list values)
{
  sqlite3_reset(statement);
  for (int i = 1; *types; types++, i++) {
    int result = SQLITE_MISUSE;
    if (*types == 'i') result = sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
    if (*types == 't') result = sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
    if (*types == 'b') {
      const char *bytes = va_arg(values, const char *);
      size_t length = va_arg(values, size_t);
      result = sqlite3_bind_blob64(statement, i, length ? bytes : "", length, SQLITE_TRANSIENT);
    }
    if (!is_good(s, result)) die_temporary("unable to ask ", s->path);
  }
}

void sql_ask(struct sql *s, unsigned int statement, const char *types, ...)
{
  va_list values;

  va_start(values, types);
  bind(s, s->statements[statement], types, values);
  va_end(values);
}

bool sql_row(struct sql *s, unsigned int statement)
{
  int result = sqlite3_step(s->statements[statement]);

  if (result == SQLITE_ROW) return true;
  is_good(s, result);
  sqlite3_reset(s->statements[statement]);
  return false;
}

int64_t sql_integer(const struct sql *s, unsigned int statement, int column)
{
  return sqlite3_column_int64(s->statements[statement], column);
}

const char *sql_string(const struct sql *s, unsigned int statement, int column)
{
  const char *value = (const char *)sqlite3_column_text(s->statements[statement], column);
  return value ? value : "";
}

size_t sql_length(const struct sql *s, unsigned int statement, int column)
{
  return (size_t)sqlite3_column_bytes(s->statements[statement], column);
}

/* What could not be done may have ended the transaction. */
bool sql_do(struct sql *s, unsigned int statement, const char *types, ...)
{
  va_list values;
  int result;

  s->is_rolled_back |= s->is_open && sqlite3_get_autocommit(s->file);
  if (sqlite3_get_autocommit(s->file) && !execute(s, "BEGIN")) {
    s->has_failed = true;
    return false;
  }
  s->is_open = true;
  va_start(values, types);
  bind(s, s->statements[statement], types, values);
  va_end(values);
  do result = sqlite3_step(s->statements[statement]);
  while (result == SQLITE_ROW);
  bool good = is_good(s, result);
  sqlite3_reset(s->statements[statement]);
  s->has_failed |= !good;
  return good;
}

int64_t sql_changed(const struct sql *s) { return sqlite3_changes64(s->file); }

int64_t sql_last_id(const struct sql *s) { return sqlite3_last_insert_rowid(s->file); }

bool sql_commit(struct sql *s, bool is_synced)
{
  bool good = !s->is_rolled_back && !(s->is_open && sqlite3_get_autocommit(s->file));

  for (unsigned int i = 0; s->words[i]; i++) sqlite3_reset(s->statements[i]); /* a row that still stands would hold the file */
  if (!sqlite3_get_autocommit(s->file)) {
    good = execute(s, "COMMIT") && good;
    if (!sqlite3_get_autocommit(s->file)) execute(s, "ROLLBACK");
  }
  s->is_open = s->has_failed = s->is_rolled_back = false;
  if (good && is_synced) is_good(s, sqlite3_wal_checkpoint_v2(s->file, 0, SQLITE_CHECKPOINT_TRUNCATE, 0, 0));
  return good;
}
