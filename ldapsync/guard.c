#include "ldapsync/guard.h"

#include <errno.h>
#include <stdlib.h>

#include "ldapsync/metrics.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/expect.h"
#include "lib/log.h"
#include "lib/tables.h"

enum { FEW_MAILBOXES = 5, FEW_ADDRESSES = 20 }; /* so many always may vanish */

static void open_current(struct tables *current)
{
  if (!tables_open(current, "policy") && errno != ENOENT) die_unable("open tables/current/policy.cdb");
}

static size_t count_current(struct tables *current, const char *what)
{
  text record = TEXT_ZERO;
  uint64_t count = 0;

  if (current->file && tables_find(current, "table", "generation", &record) == LOOKUP_FOUND && !record_number(&record, what, SIZE_MAX, &count)) count = 0;
  text_free(&record);
  return (size_t)count;
}

/* How many mailboxes of the current generation still have their entry. */
static size_t count_kept_mailboxes(struct tables *current, const struct accounts *people)
{
  text record = TEXT_ZERO;
  size_t kept = 0;

  for (size_t i = 0; current->file && i < people->count; i++) kept += tables_find(current, "mailbox", people->all[i]->key, &record) == LOOKUP_FOUND;
  text_free(&record);
  return kept;
}

static size_t count_kept_addresses(struct tables *current, const struct leads *l)
{
  text record = TEXT_ZERO;
  size_t kept = 0;

  for (size_t i = 0; current->file && i < l->count; i = leads_end(l, i)) kept += tables_find(current, "address", l->all[i].address, &record) == LOOKUP_FOUND;
  text_free(&record);
  return kept;
}

void guard_refused(const char *reason)
{
  struct tables current = TABLES_ZERO;

  open_current(&current);
  log_event("refused", "reason", reason, "kept", current.file ? current.generation.s : "", (char *)0);
  tables_close(&current);
  metrics_tables_refused(reason);
}

static bool is_few(size_t before, size_t gone, uint64_t percent, uint64_t few) { return gone <= few || gone * 100 <= before * percent; }

/* True if so many may go. */
static bool may_vanish(const char *things, const char *limit, uint64_t percent, size_t before, size_t kept, uint64_t few)
{
  text what = TEXT_ZERO;
  size_t gone = before > kept ? before - kept : 0;
  bool may = is_few(before, gone, percent, few);

  if (!may) {
    text_add_format(&what, "%zu of %zu %s would vanish, more than control/%s (%llu percent) allows", gone, before, things, limit, (unsigned long long)percent);
    strerr_warnw(text_string(&what));
  }
  text_free(&what);
  return may;
}

bool guard_may_vanish(const struct guard_count *before, const struct guard_count *gone)
{
  uint64_t percent = conf_number("maxvanish", 10, 100), percent_addresses = conf_number("maxvanishaddresses", percent, 100);

  return is_few(before->mailboxes, gone->mailboxes, percent, FEW_MAILBOXES) && is_few(before->addresses, gone->addresses, percent_addresses, FEW_ADDRESSES);
}

bool guard_vanishing(const struct accounts *people, const struct leads *addresses, const struct uids *uids, const struct guard_agreed *agreed)
{
  struct tables current = TABLES_ZERO;

  open_current(&current);
  size_t mailboxes = count_current(&current, "mailboxes");
  if (mailboxes && !uids->is_there)
    die_permanent("state/tables/uids is missing, but the current tables have mailboxes: bring it back from a backup, or new "
                  "uids would be given to old mailboxes");
  uint64_t percent = conf_number("maxvanish", 10, 100), percent_addresses = conf_number("maxvanishaddresses", percent, 100);
  bool mailboxes_may = may_vanish("mailboxes", "maxvanish", percent, mailboxes, count_kept_mailboxes(&current, people), FEW_MAILBOXES + agreed->mailboxes);
  bool addresses_may = may_vanish("addresses", "maxvanishaddresses", percent_addresses, count_current(&current, "addresses"),
                                  count_kept_addresses(&current, addresses), FEW_ADDRESSES + agreed->addresses);
  tables_close(&current);
  return mailboxes_may && addresses_may;
}

static void say_broken(void *to, const char *line, bool holds, const char *answer)
{
  (void)to;
  if (!holds) strerr_warnw(line, ": but it would be ", answer);
}

bool guard_expect(const char *id)
{
  struct tables built = TABLES_ZERO;

  if (!tables_open_at(&built, id, "policy")) die_unable("open tables/", id, "/policy.cdb");
  struct expect_count count = expect_ask(&built, say_broken, 0);
  tables_close(&built);
  return !count.broken;
}
