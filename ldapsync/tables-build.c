/* tables-build: the directory (LDIF files) and the control files become the tables that all programs ask.

   Reads control/, directory/NAME.ldif, state/directory/NAME.ldif, profiles, state/tables/uids.
   Writes a generation tables/ID, then tables/current by one rename; state/tables/uids, held. Says what it would change, or goes back.
   Runs as mail-tables; as root it becomes that first. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/allowed.h"
#include "ldapsync/backends.h"
#include "ldapsync/diff.h"
#include "ldapsync/generation.h"
#include "ldapsync/generations.h"
#include "ldapsync/guard.h"
#include "ldapsync/mailboxes.h"
#include "ldapsync/records.h"
#include "ldapsync/relayrules.h"
#include "ldapsync/rules.h"
#include "ldapsync/scram.h"
#include "ldapsync/sendas.h"
#include "ldapsync/tlspolicy.h"
#include "ldapsync/systemusers.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/owner.h"
#include "lib/tables.h"

#define USAGE "tables-build [ -f ] [ --vanish-mailboxes N ] [ --vanish-addresses N ] [ --dry-run [ --fetched ] ] | --back [ GENERATION ] [ --dry-run ] | --release"

enum { SAMPLES = 1000 };

struct sources {
  struct domains domains;
  struct table policy, auth, relay, token; /* records of the control files, which need no directory */
  struct build build;
  struct accounts group_facts;
  struct groups groups;
  struct leads leads;
  struct build_limits limits;
  struct uids uids;
  struct scram scram;
};

/* Two builds at once would allot one uid twice. The lock goes with the process. */
static void take_lock(void)
{
  int fd = open("state/tables/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd == -1) die_unable("open state/tables/lock");
  while (flock(fd, LOCK_EX) == -1)
    if (errno != EINTR) die_unable("lock state/tables/lock");
}

/* is_fetched: ldap-fetch --dry-run has written what it found beside the file that counts. */
static void read_accounts(struct sources *s, bool is_fetched)
{
  struct profile profile = PROFILE_ZERO;
  struct accounts *people = &s->build.accounts;

  profile_open(&profile, "files");
  accounts_read(people, &s->group_facts, "directory", 0, &profile, false);
  profile_close(&profile);
  profile_open_directory(&profile);
  accounts_read(people, &s->group_facts, "state/directory", is_fetched ? "ldap.ldif" : 0, &profile, true);
  if (is_fetched) accounts_read_file(people, &s->group_facts, "state/directory/ldap.new", &profile, true);
  profile_close(&profile);
  mailboxes_read_public(people);
  systemusers_read(people, s->limits.minimum_uid);
}

static void read_control(struct sources *s)
{
  domains_read(&s->domains);
  mynetworks_read(&s->policy);
  block_read(&s->policy);
  bypass_read(&s->policy);
  backends_read(&s->policy, &s->auth);
  allowed_read(&s->policy);
  relayrules_read(&s->policy, &s->relay, &s->token);
  tlspolicy_read(&s->policy);
  internal_read(&s->leads);
  s->limits.minimum_uid = (uint32_t)conf_number("minimumuid", 1000, UIDS_MAX);
  if (!s->limits.minimum_uid) die_permanent("control/minimumuid: 0 is root, who gets no mailbox");
  s->limits.binds_all = conf_is_yes("authbind", false);
}

/* Every address and where it leads: what the operator has written, what the directory has, what is made of names. */
static void resolve_addresses(struct sources *s)
{
  struct targets targets = { .build = &s->build, .domains = &s->domains, .groups = &s->groups, .publics = MAP_ZERO, .files = NAMES_ZERO };

  addressfiles_list(&targets.files);
  targets_open(&targets);
  groups_open(&s->groups, &s->group_facts);
  groups_resolve(&s->groups, &s->build, &targets);
  addressfiles_read(&targets, &s->leads);
  build_leads(&s->build, &s->leads);
  groups_leads(&s->groups, &s->domains, &s->leads);
  leads_sort(&s->leads);
  if (internal_complete(&s->leads, &s->domains)) leads_sort(&s->leads);
  addressfiles_check(&s->leads, &s->domains);
  mailboxes_check_forwards(&s->build, &s->leads, &s->domains);
  addressfiles_check_duties(&s->leads, &s->domains);
}

static void read_sources(struct sources *s, bool is_fetched)
{
  read_control(s);
  uint64_t first = conf_number("firstuid", 200000, UIDS_MAX);
  if (first < s->limits.minimum_uid) die_permanent("control/firstuid is below control/minimumuid");
  uids_open(&s->uids, (uint32_t)first);
  read_accounts(s, is_fetched);
  build_resolve(&s->build, &s->domains, &s->uids, &s->limits);
  mailboxes_read_settings(&s->build);
  mailboxes_check(&s->build);
  sendas_read(&s->build, &s->policy);
  resolve_addresses(s);
  scram_look(&s->scram, &s->build, &s->limits, &s->auth);
}

static void describe(const struct generation *g, const struct sources *s, text *record)
{
  text_clear(record);
  record_add(record, "id", g->id.s);
  record_add_number(record, "built", (uint64_t)time(0));
  record_add_number(record, "mailboxes", s->build.accounts.count);
  record_add_number(record, "addresses", leads_addresses(&s->leads));
  record_add(record, "scram", s->scram.is_offered ? "yes" : "no");
}

/* A login of control/backends is written with its backend. */
static bool is_backend(const struct table *policy, const struct build_name *n)
{
  text record;

  if (!table_find(policy, "login", n->name, &record)) return false;
  accounts_report(n->account, "its login %s is that of control/backends/%s", n->name, record_get(&record, "backend"));
  return true;
}

static void write_addresses(struct generation *g, const struct leads *l, text *record)
{
  for (size_t i = 0; i < l->count; i = leads_end(l, i)) {
    leads_record(l, i, record);
    cdb_write_add(g->policy, "address", l->all[i].address, record);
  }
}

static void write_logins(struct generation *g, const struct build *b, const struct table *policy, text *record)
{
  for (size_t i = 0, next; i < b->login_count; i = next) {
    next = records_login(b, i, record);
    if (record->len && !is_backend(policy, &b->logins[i])) cdb_write_add(g->policy, "login", b->logins[i].name, record);
  }
}

static void write_mailboxes(struct generation *g, const struct sources *s, text *record)
{
  text uid = TEXT_ZERO;

  for (size_t i = 0; i < s->build.accounts.count; i++) {
    const struct account *a = &s->build.accounts.all[i];
    records_mailbox(a, record);
    cdb_write_add(g->policy, "mailbox", a->key, record);
    records_uid(a, record);
    text_clear(&uid);
    text_add_number(&uid, a->place->uid);
    cdb_write_add(g->policy, "uid", text_string(&uid), record);
    records_password(a, &s->limits, record);
    if (record->len) cdb_write_add(g->auth, "mailbox", a->key, record);
  }
  text_free(&uid);
}

static void write_domains(struct generation *g, const struct domains *d)
{
  for (size_t i = 0; i < d->count; i++) cdb_write_add(g->policy, "domain", d->sorted[i].name, &d->sorted[i].record);
}

static void write_tables(struct generation *g, const struct sources *s)
{
  text record = TEXT_ZERO;

  describe(g, s, &record);
  cdb_write_add(g->policy, "table", "generation", &record);
  cdb_write_add(g->auth, "table", "generation", &record);
  cdb_write_add(g->relay, "table", "generation", &record);
  cdb_write_add(g->token, "table", "generation", &record);
  write_domains(g, &s->domains);
  write_mailboxes(g, s, &record);
  write_addresses(g, &s->leads, &record);
  write_logins(g, &s->build, &s->policy, &record);
  groups_write(&s->groups, g->policy);
  table_write(&s->policy, g->policy);
  table_write(&s->auth, g->auth);
  table_write(&s->relay, g->relay);
  table_write(&s->token, g->token);
  text_free(&record);
}

static const char *name_of(const struct generation *g) { return g->folder.s + sizeof "tables/" - 1; }

/* What was written is read again before anybody else reads it. */
static void check_sample(const struct generation *g, const struct accounts *accounts)
{
  struct tables written = TABLES_ZERO;
  text record = TEXT_ZERO;
  size_t step = accounts->count / SAMPLES + 1;

  if (!tables_open_at(&written, name_of(g), "policy")) die_unable("open ", g->folder.s, "/policy.cdb");
  bool good = tables_find(&written, "table", "generation", &record) == LOOKUP_FOUND && record_is(&record, "id", g->id.s);
  for (size_t i = 0; good && i < accounts->count; i += step)
    good = tables_find(&written, "mailbox", accounts->all[i].key, &record) == LOOKUP_FOUND &&
           tables_find(&written, "address", accounts->all[i].name, &record) == LOOKUP_FOUND;
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

static void say(const struct generation *g, const struct sources *s, const char *event)
{
  text mailboxes = TEXT_ZERO, addresses = TEXT_ZERO, without = TEXT_ZERO;

  text_add_number(&mailboxes, s->build.accounts.count);
  text_add_number(&addresses, leads_addresses(&s->leads));
  log_event(event, "generation", g->id.s, "mailboxes", text_string(&mailboxes), "addresses", text_string(&addresses), "scram",
            s->scram.is_offered ? "yes" : "no", (char *)0);
  text_add_number(&without, s->scram.without);
  if (s->scram.with && s->scram.without)
    log_event("no-scram", "reason", "not every login has keys", "without", text_string(&without), "first", s->scram.first.s, (char *)0);
  text_free(&without);
  text_free(&mailboxes);
  text_free(&addresses);
}

/* What the operator has written in control/expect is asked of the new tables by the functions of the servers. */
static void publish(struct generation *g, struct sources *s)
{
  if (!guard_expect(name_of(g))) {
    generation_discard(g);
    guard_refused("expect");
    strerr_dief(END_NO, "nothing is published, and the tables stay as they are; see the warnings above, and control/expect");
  }
  if (!uids_save(&s->uids)) die_unable("write state/tables/uids");
  if (generation_publish(g) == GENERATION_SAME)
    log_event("unchanged", (char *)0);
  else
    say(g, s, "published");
  generations_prune(conf_number("keepgenerations", 10, 100000), conf_number("keepgenerationdays", 7, 36500));
}

/* What would change, in words. True if it would be published. */
static bool rehearse(struct generation *g, bool may_vanish)
{
  struct diff diff = DIFF_ZERO;

  diff_generations(&diff, "current", name_of(g));
  diff_say(&diff);
  bool is_good = guard_expect(name_of(g)) && may_vanish;
  generation_discard(g);
  diff_free(&diff);
  return is_good;
}

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
    log_event("back", "generation", name, "was", current.s, (char *)0);
  }
  text_free(&names);
  text_free(&current);
  diff_free(&diff);
}

static void refuse_if_held(void)
{
  text held = TEXT_ZERO;

  if (!generations_held(&held)) return;
  guard_refused("held");
  strerr_dief(END_NO, "the tables are those of ", held.s, " since tables-build --back, and nothing is published until tables-build --release");
}

static void become(struct generation *g)
{
  static const char *const groups[] = { "mail-auth", "mail-remote", "mail-token", 0 };
  bool has_groups = owner_become("tables", "mail-tables", groups);

  g->auth_group = has_groups ? group_of("mail-auth") : (gid_t)-1;
  g->relay_group = has_groups ? group_of("mail-remote") : (gid_t)-1;
  g->token_group = has_groups ? group_of("mail-token") : (gid_t)-1;
  umask(022);
}

static uint64_t take_number(const char **argv, const char *option)
{
  const char *value = options_take(argv, option, USAGE);
  uint64_t number = 0;

  if (value && !number_scan(value, UINT32_MAX, &number)) die_usage(USAGE);
  return number;
}

struct how {
  bool is_forced, is_dry, is_fetched;
  struct guard_agreed agreed;
};

static bool build(struct generation *g, const struct how *how)
{
  struct sources s = { .domains = DOMAINS_ZERO, .policy = TABLE_ZERO, .auth = TABLE_ZERO, .relay = TABLE_ZERO, .token = TABLE_ZERO, .groups = GROUPS_ZERO, .leads = LEADS_ZERO, .uids = UIDS_ZERO, .scram = SCRAM_ZERO };

  if (!how->is_dry) refuse_if_held();
  read_sources(&s, how->is_fetched);
  bool may_vanish = guard_vanishing(&s.build.accounts, &s.leads, &s.uids, &how->agreed) || how->is_forced;
  if (!may_vanish && !how->is_dry) {
    guard_refused("maxvanish");
    strerr_dief(END_NO, "nothing is published, and the tables stay as they are; if that is right, run tables-build -f");
  }
  generation_open(g);
  write_tables(g, &s);
  generation_close(g);
  check_sample(g, &s.build.accounts);
  if (how->is_dry) return rehearse(g, may_vanish);
  publish(g, &s);
  return true;
}

int main(int argc, const char **argv)
{
  struct generation generation = GENERATION_ZERO;
  struct how how = { .is_dry = false };
  bool is_back = false, is_release = false;
  const struct option_word words[] = { { "-f", &how.is_forced }, { "--dry-run", &how.is_dry }, { "--fetched", &how.is_fetched }, { "--back", &is_back }, { "--release", &is_release }, { 0, 0 } };

  PROG = "tables-build";
  how.agreed.mailboxes = take_number(argv, "--vanish-mailboxes");
  how.agreed.addresses = take_number(argv, "--vanish-addresses");
  argc = options_read(argv, words, USAGE);
  if (argc > 1 + is_back || (is_back && (how.is_forced || is_release)) || (how.is_fetched && !how.is_dry)) die_usage(USAGE);
  home_enter();
  become(&generation);
  take_lock();
  if (is_back) {
    go_back(argv[1], how.is_dry);
    return END_DONE;
  }
  if (is_release && !how.is_dry && !generations_release()) strerr_warnw("no generation was held");
  return build(&generation, &how) ? END_DONE : END_NO;
}
