/* tables-diff: what differs between two generations of tables, in words.

   Reads tables/; of auth.cdb, relay.cdb and token.cdb only whether something differs. Runs as anyone; writes nothing. */

#include <string.h>
#include <time.h>

#include <skalibs/buffer.h>

#include "ldapsync/diff.h"
#include "ldapsync/generations.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/options.h"

#define USAGE "tables-diff [ OLD [ NEW ] ] | --list     what has changed from OLD (that before the current one) to NEW (the current one)"

static void add_time(text *line, uint64_t seconds)
{
  char digits[32];
  time_t when = (time_t)seconds;
  struct tm parts;

  if (gmtime_r(&when, &parts) && strftime(digits, sizeof digits, "%Y-%m-%dT%H:%M:%SZ", &parts)) text_add(line, digits);
}

/* "GENERATION TIME N mailboxes N addresses [current]" */
static void list(const text *names, const char *current)
{
  for (size_t at = 0; at < names->len; at += strlen(names->s + at) + 1) {
    struct tables tables = TABLES_ZERO;
    text line = TEXT_ZERO, record = TEXT_ZERO;
    const char *name = names->s + at;
    text_add_format(&line, "%s ", name);
    add_time(&line, generations_made(name));
    if (tables_open_at(&tables, name, "policy") && tables_find(&tables, "table", "generation", &record) == LOOKUP_FOUND)
      text_add_format(&line, " %s mailboxes %s addresses", record_get(&record, "mailboxes"), record_get(&record, "addresses"));
    else
      text_add(&line, " cannot be read");
    text_add(&line, strcmp(name, current) ? "\n" : " current\n");
    if (buffer_put(buffer_1, line.s, line.len) == -1) die_unable("write to fd 1");
    tables_close(&tables);
    text_free(&line);
    text_free(&record);
  }
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
}

static const char *check(const text *names, const char *name)
{
  if (strcmp(name, "current") && !generations_have(names, name)) die_permanent("there is no generation ", name, ": tables-diff --list shows those that are kept");
  return name;
}

int main(int argc, const char **argv)
{
  struct diff diff = DIFF_ZERO;
  text names = TEXT_ZERO, current = TEXT_ZERO;
  bool is_list = false;
  const struct option_word words[] = { { "--list", &is_list }, { 0, 0 } };

  PROG = "tables-diff";
  argc = options_read(argv, words, USAGE);
  if (argc > 3 || (is_list && argc > 1)) die_usage(USAGE);
  home_enter();
  generations_list(&names);
  generations_current(&current);
  if (is_list) {
    list(&names, current.s);
    return END_DONE;
  }
  const char *old = argc > 1 ? check(&names, argv[1]) : generations_before(&names, current.s);
  if (!old) die_permanent("no generation before the current one is kept");
  diff_generations(&diff, old, argc > 2 ? check(&names, argv[2]) : "current");
  diff_say(&diff);
  return diff.count ? END_NO : END_DONE;
}
