#include "ldapsync/sources.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/allowed.h"
#include "ldapsync/apppasswords.h"
#include "ldapsync/backends.h"
#include "ldapsync/certificates.h"
#include "ldapsync/mailboxes.h"
#include "ldapsync/records.h"
#include "ldapsync/relayrules.h"
#include "ldapsync/rules.h"
#include "ldapsync/shared.h"
#include "ldapsync/systemusers.h"
#include "ldapsync/tlspolicy.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/log.h"

static bool takes_certificates(const struct profile *p)
{
  text names = TEXT_ZERO;
  bool takes = false;

  profile_attributes(p, &names);
  for (size_t at = 0; at < names.len && !takes; at += strlen(names.s + at) + 1) takes = profile_has(p, "certificate", names.s + at);
  text_free(&names);
  return takes;
}

static void read_accounts(struct sources *s, bool is_fetched)
{
  struct profile profile = PROFILE_ZERO;
  struct accounts *people = &s->build.accounts;

  s->next_time = 0;
  profile_open(&profile, "files");
  profile.next = &s->next_time;
  accounts_read(people, &s->group_facts, "directory", 0, &profile, false);
  profile_close(&profile);
  profile_open_directory(&profile);
  if (takes_certificates(&profile)) certificates_ask(&s->policy);
  profile.next = &s->next_time;
  accounts_read(people, &s->group_facts, "state/directory", "ldap.ldif", &profile, true);
  if (is_fetched)
    accounts_read_file(people, &s->group_facts, "state/directory/ldap.new", &profile, true, 0);
  else if (!access(SOURCES_WATCHED, F_OK) || errno != ENOENT)
    accounts_read_file(people, &s->group_facts, SOURCES_WATCHED, &profile, true, &s->watched);
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
  apppasswords_read(&s->auth);
  allowed_read(&s->policy);
  relayrules_read(&s->policy, &s->relay, &s->token);
  tlspolicy_read(&s->policy);
  certificates_read(&s->policy);
  internal_read(&s->leads);
  shared_read(&s->policy);
  s->limits.minimum_uid = (uint32_t)conf_number("minimumuid", 1000, UIDS_MAX);
  if (!s->limits.minimum_uid) die_permanent("control/minimumuid: 0 is root, who gets no mailbox");
  s->limits.binds_all = conf_is_yes("authbind", false);
}

/* Every address and where it leads: what the operator has written, what the directory has, what is made of names. */
static void resolve_addresses(struct sources *s)
{
  s->targets.build = &s->build;
  s->targets.domains = &s->domains;
  s->targets.groups = &s->groups;
  addressfiles_list(&s->targets.files);
  targets_open(&s->targets);
  groups_open(&s->groups, &s->group_facts);
  groups_resolve(&s->groups, &s->build, &s->targets);
  addressfiles_read(&s->targets, &s->leads);
  build_leads(&s->build, &s->leads);
  groups_leads(&s->groups, &s->domains, &s->leads);
  leads_sort(&s->leads);
  if (internal_complete(&s->leads, &s->domains)) leads_sort(&s->leads);
  addressfiles_check(&s->leads, &s->domains);
  mailboxes_check_forwards(&s->build, &s->leads, &s->domains);
  shared_check(&s->policy, &s->build, &s->groups);
  addressfiles_check_duties(&s->leads, &s->domains);
}

void sources_read(struct sources *s, bool is_fetched)
{
  read_control(s);
  uint64_t first = conf_number("firstuid", 200000, UIDS_MAX);
  if (first < s->limits.minimum_uid) die_permanent("control/firstuid is below control/minimumuid");
  uids_open(&s->uids, (uint32_t)first);
  read_accounts(s, is_fetched);
  build_resolve(&s->build, &s->domains, &s->uids, &s->limits);
  mailboxes_read_settings(&s->build, &s->settings);
  mailboxes_check(&s->build);
  sendas_read(&s->sendas);
  sendas_match(&s->sendas, &s->build);
  resolve_addresses(s);
  scram_look(&s->scram, &s->build, &s->limits, &s->auth);
}

void sources_describe(const struct sources *s, const struct generation *g, size_t addresses, text *record)
{
  text_clear(record);
  record_add(record, "id", g->id.s);
  record_add_number(record, "built", (uint64_t)time(0));
  record_add_number(record, "mailboxes", s->build.accounts.count);
  record_add_number(record, "addresses", addresses);
  record_add(record, "scram", s->scram.is_offered ? "yes" : "no");
  if (s->scram.sha1) record_add(record, "scramsha1", s->scram.sha1->is_offered ? "yes" : "no");
}

bool sources_is_backend(const struct sources *s, const struct build_name *n)
{
  text record;

  if (!table_find(&s->policy, "login", n->name, &record)) return false;
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

static void write_logins(struct generation *g, const struct sources *s, text *record)
{
  for (size_t i = 0, next; i < s->build.login_count; i = next) {
    const struct build_name *n = &s->build.logins[i];
    next = records_login(&s->build, i, record);
    if (record->len && !sources_is_backend(s, n)) cdb_write_add(g->policy, "login", n->name, record);
  }
}

static void write_mailboxes(struct generation *g, const struct sources *s, text *record)
{
  text uid = TEXT_ZERO;

  for (size_t i = 0; i < s->build.accounts.count; i++) {
    const struct account *a = s->build.accounts.all[i];
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

static void write_send_as(struct generation *g, const struct sources *s, text *record)
{
  for (size_t i = 0; i < s->build.accounts.count; i++) {
    sendas_record(&s->sendas, s->build.accounts.all[i], record);
    if (record->len) cdb_write_add(g->policy, "sendas", s->build.accounts.all[i]->key, record);
  }
  sendas_words(&s->sendas, record);
  if (record->len) cdb_write_add(g->policy, "sendas", "*", record);
}

static void write_domains(struct generation *g, const struct domains *d)
{
  for (size_t i = 0; i < d->count; i++) cdb_write_add(g->policy, "domain", d->sorted[i].name, &d->sorted[i].record);
}

void sources_write(struct sources *s, struct generation *g)
{
  text record = TEXT_ZERO;

  sources_describe(s, g, leads_addresses(&s->leads), &record);
  cdb_write_add(g->policy, "table", "generation", &record);
  cdb_write_add(g->auth, "table", "generation", &record);
  cdb_write_add(g->relay, "table", "generation", &record);
  cdb_write_add(g->token, "table", "generation", &record);
  write_domains(g, &s->domains);
  write_mailboxes(g, s, &record);
  write_addresses(g, &s->leads, &record);
  write_logins(g, s, &record);
  groups_write(&s->groups, g->policy);
  table_write(&s->policy, g->policy);
  write_send_as(g, s, &record);
  table_write(&s->auth, g->auth);
  scram_record(&s->scram, &record);
  cdb_write_add(g->auth, "scram", "stranger", &record);
  table_write(&s->relay, g->relay);
  table_write(&s->token, g->token);
  text_wipe(&record);
}

void sources_say(const struct sources *s, const struct generation *g, size_t addresses, const char *event)
{
  text mailboxes = TEXT_ZERO, count = TEXT_ZERO, without = TEXT_ZERO;

  text_add_number(&mailboxes, s->build.accounts.count);
  text_add_number(&count, addresses);
  log_event(event, "generation", g->id.s, "mailboxes", text_string(&mailboxes), "addresses", text_string(&count), "scram",
            s->scram.is_offered ? "yes" : "no", (char *)0);
  text_add_number(&without, s->scram.without);
  if (s->scram.with && s->scram.without)
    log_event("no-scram", "reason", "not every login has keys", "without", text_string(&without), "first", s->scram.first.s, (char *)0);
  text_free(&without);
  text_free(&mailboxes);
  text_free(&count);
}
