#include "ldapsync/full.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ldapsync/diff.h"
#include "ldapsync/generations.h"
#include "ldapsync/gone.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/owner.h"
#include "lib/tables.h"

enum { SAMPLES = 1000 };

int full_lock(void)
{
  int fd = open("state/tables/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd == -1) die_unable("open state/tables/lock");
  while (flock(fd, LOCK_EX) == -1)
    if (errno != EINTR) die_unable("lock state/tables/lock");
  return fd;
}

const char *full_name(const struct generation *g) { return g->folder.s + sizeof "tables/" - 1; }

/* What was written is read again before anybody else reads it. */
void full_check_sample(const struct generation *g, const struct accounts *accounts)
{
  struct tables written = TABLES_ZERO;
  text record = TEXT_ZERO;
  size_t step = accounts->count / SAMPLES + 1;

  if (!tables_open_at(&written, full_name(g), "policy")) die_unable("open ", g->folder.s, "/policy.cdb");
  bool good = tables_find(&written, "table", "generation", &record) == LOOKUP_FOUND && record_is(&record, "id", g->id.s);
  for (size_t i = 0; good && i < accounts->count; i += step)
    good = tables_find(&written, "mailbox", accounts->all[i]->key, &record) == LOOKUP_FOUND &&
           tables_find(&written, "address", accounts->all[i]->name, &record) == LOOKUP_FOUND;
  if (!good) die_temporary(g->folder.s, "/policy.cdb does not hold what was written to it: is the disk sound?");
  tables_close(&written);
  text_free(&record);
}

static gid_t group_of(const char *name)
{
  const struct group *group = getgrnam(name);
  if (!group) die_permanent("there is no group ", name, ": run service/setup, which makes those of service/users");
  return group->gr_gid;
}

void full_prune(void)
{
  const struct generations_keep keep = { .newest = conf_number("keepgenerations", 10, 100000), .hours = conf_number("keepgenerationhours", 8, 100000),
                                         .days = conf_number("keepgenerationdays", 7, 36500) };
  generations_prune(&keep);
}

/* What the operator has written in control/expect is asked of the new tables by the functions of the servers. */
static void publish(struct generation *g, struct sources *s)
{
  if (!guard_expect(full_name(g))) {
    generation_discard(g);
    guard_refused("expect");
    strerr_dief(END_NO, "nothing is published, and the tables stay as they are; see the warnings above, and control/expect");
  }
  if (!uids_save(&s->uids)) die_unable("write state/tables/uids");
  if (!gone_note(&s->build.accounts, &s->uids, (uint64_t)time(0))) die_unable("write state/tables/gone");
  if (generation_publish(g) == GENERATION_SAME)
    log_event("unchanged", (char *)0);
  else
    sources_say(s, g, leads_addresses(&s->leads), "published");
  full_prune();
}

/* What would change, in words. True if it would be published. */
static bool rehearse(struct generation *g, bool may_vanish)
{
  struct diff diff = DIFF_ZERO;

  diff_generations(&diff, "current", full_name(g));
  diff_say(&diff);
  bool is_good = guard_expect(full_name(g)) && may_vanish;
  generation_discard(g);
  diff_free(&diff);
  return is_good;
}

bool full_is_held(void)
{
  text held = TEXT_ZERO;
  bool is_held = generations_held(&held);

  if (is_held) {
    guard_refused("held");
    strerr_warnw("the tables are those of ", held.s, " since tables-build --back, and nothing is published until tables-build --release");
  }
  text_free(&held);
  return is_held;
}

void full_become(struct generation *g)
{
  static const char *const groups[] = { "mail-auth", "mail-remote", "mail-token", 0 };
  bool has_groups = owner_become("tables", "mail-tables", groups);

  g->auth_group = has_groups ? group_of("mail-auth") : (gid_t)-1;
  g->relay_group = has_groups ? group_of("mail-remote") : (gid_t)-1;
  g->token_group = has_groups ? group_of("mail-token") : (gid_t)-1;
  umask(022);
}

bool full_build(struct generation *g, struct sources *s, const struct full_how *how)
{
  if (!how->is_dry && full_is_held()) _exit(END_NO);
  sources_read(s, how->is_fetched);
  bool may_vanish = guard_vanishing(&s->build.accounts, &s->leads, &s->uids, &how->agreed) || how->is_forced;
  if (!may_vanish && !how->is_dry) {
    guard_refused("maxvanish");
    strerr_dief(END_NO, "nothing is published, and the tables stay as they are; if that is right, run tables-build -f");
  }
  generation_open(g);
  sources_write(s, g);
  generation_close(g);
  full_check_sample(g, &s->build.accounts);
  if (how->is_dry) return rehearse(g, may_vanish);
  publish(g, s);
  return true;
}
