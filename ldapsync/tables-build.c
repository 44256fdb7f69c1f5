/* tables-build: the directory (LDIF files) and the control files become the tables that all programs ask.

   Reads control/, directory/NAME.ldif, state/directory/NAME.ldif, profiles, state/tables/uids.
   Writes a generation tables/ID, then tables/current by one rename; state/tables/uids, held. Says what it would change, or goes back.
   Runs as mail-tables; as root it becomes that first. */

#include <skalibs/djbunix.h>

#include "ldapsync/diff.h"
#include "ldapsync/full.h"
#include "ldapsync/generations.h"
#include "ldapsync/metrics.h"
#include "ldapsync/relayrules.h"
#include "ldapsync/uids.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/options.h"

#define USAGE "tables-build [ -f ] [ --vanish-mailboxes N ] [ --vanish-addresses N ] [ --dry-run [ --fetched ] ] | --back [ GENERATION ] [ --dry-run ] | --release | --exchange | --relayrule NAME"

/* The tables of GENERATION again, or of the one before the current one; they stay until they are released. */
static void go_back(const char *name, bool is_dry)
{
  text names = TEXT_ZERO, current = TEXT_ZERO;
  struct diff diff = DIFF_ZERO;

  generations_list(&names);
  generations_current(&current);
  if (!name && !(name = generations_before(&names, current.s))) die_permanent("no generation before the current one is kept");
  if (!generations_have(&names, name)) die_permanent("there is no generation ", name, ": tables-diff --list shows those that are kept");
  diff_generations(&diff, "current", name);
  diff_say(&diff);
  if (!is_dry) {
    generations_hold(name); /* first, so that no other run publishes in between */
    generations_switch(name);
    metrics_tables();
    log_event("back", "generation", name, "was", current.s, (char *)0);
  }
  text_free(&names);
  text_free(&current);
  diff_free(&diff);
}

/* Who gets whose mail: "KEY OTHER" lines on fd 0. */
static void exchange_uids(void)
{
  struct uids uids = UIDS_ZERO;
  text pairs = TEXT_ZERO, error = TEXT_ZERO;

  if (!slurp(&pairs, 0)) die_unable("read fd 0");
  uids_open(&uids, 1);
  if (!uids_exchange(&uids, &pairs, &error)) die_permanent("--exchange: ", error.s);
  if (!uids_save(&uids)) die_unable("write state/tables/uids");
  text_free(&pairs);
}

/* A rule that mailadm is about to write (N-87). */
static void check_rule(const char *name)
{
  text bytes = TEXT_ZERO;

  if (!slurp(&bytes, 0)) die_unable("read fd 0");
  relayrules_check(name, &bytes);
  text_wipe(&bytes);
}

static uint64_t take_number(const char **argv, const char *option)
{
  const char *value = options_take(argv, option, USAGE);
  uint64_t number = 0;

  if (value && !number_scan(value, UINT32_MAX, &number)) die_usage(USAGE);
  return number;
}

int main(int argc, const char **argv)
{
  struct generation generation = GENERATION_ZERO;
  struct sources sources = SOURCES_ZERO;
  struct full_how how = { .is_dry = false };
  bool is_back = false, is_release = false, is_exchange = false;
  const struct option_word words[] = { { "-f", &how.is_forced }, { "--dry-run", &how.is_dry }, { "--fetched", &how.is_fetched }, { "--back", &is_back }, { "--release", &is_release }, { "--exchange", &is_exchange }, { 0, 0 } };

  PROG = "tables-build";
  how.agreed.mailboxes = take_number(argv, "--vanish-mailboxes");
  how.agreed.addresses = take_number(argv, "--vanish-addresses");
  const char *rule = options_take(argv, "--relayrule", USAGE);
  argc = options_read(argv, words, USAGE);
  if (argc > 1 + is_back || (is_back && (how.is_forced || is_release)) || (is_exchange && (is_back || how.is_dry)) || (how.is_fetched && !how.is_dry) || (rule && argc > 1)) die_usage(USAGE);
  home_enter();
  full_become(&generation);
  if (rule) {
    check_rule(rule);
    return END_DONE;
  }
  full_lock();
  if (is_back) {
    go_back(argv[1], how.is_dry);
    return END_DONE;
  }
  if (is_exchange) exchange_uids();
  if (is_release && !how.is_dry && !generations_release()) strerr_warnw("no generation was held");
  return full_build(&generation, &sources, &how) ? END_DONE : END_NO;
}
