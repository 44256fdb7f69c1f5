#include "ldapsync/follow.h"

#include <string.h>
#include <time.h>

#include "ldapsync/follow_step.h"
#include "ldapsync/mailboxes.h"
#include "ldapsync/records.h"

/* Is it an entry of the file that grows? */
static bool is_watched(const struct account *a)
{
  const size_t length = strlen(SOURCES_WATCHED);
  return !strncmp(a->from.s, SOURCES_WATCHED, length) && a->from.s[length] == ':';
}

static void index_entries(struct follow *f, const struct accounts *all, bool is_group)
{
  for (size_t i = 0; i < all->count; i++) {
    struct account *a = all->all[i];
    if (!is_watched(a)) continue;
    struct follow_known *known = follow_known(f, record_get(&a->facts, "dn"));
    if (known->one) f->why = "a DN of two entries";
    known->one = a;
    known->is_group = is_group;
  }
}

void follow_open(struct follow *f, struct sources *s, const char *base)
{
  f->sources = s;
  profile_open_directory(&f->profile);
  f->profile.next = &s->next_time;
  delta_open(&f->delta, base);
  index_entries(f, &s->build.accounts, false);
  index_entries(f, &s->build.others, false);
  index_entries(f, &s->group_facts, true);
  for (size_t i = 0; i < s->build.accounts.count; i++) {
    struct account *a = s->build.accounts.all[i];
    follow_holder(f, a->key)->one = a;
    if (a->place->age == (size_t)-1) f->has_system_users = true;
  }
  f->addresses = leads_addresses(&s->leads);
}

/* What a set of keys stands for. */
typedef void follow_record(const struct follow *f, const char *key, text *record);

static void mailbox_record(const struct follow *f, const char *key, text *record)
{
  const struct account *a = follow_find_holder(f, key);
  if (a) records_mailbox(a, record);
}

static void password_record(const struct follow *f, const char *key, text *record)
{
  const struct account *a = follow_find_holder(f, key);
  if (a) records_password(a, &f->sources->limits, record);
}

/* A key keeps its uid for good, so the uid is the key's who holds it; it is nobody's if he has no mailbox. */
static void uid_record(const struct follow *f, const char *key, text *record)
{
  uint64_t uid = 0;
  const struct uids_entry *owner = number_scan(key, UIDS_MAX, &uid) ? uids_owner(&f->sources->uids, (uint32_t)uid) : 0;
  const struct account *a = owner ? follow_find_holder(f, owner->key) : 0;

  if (a) records_uid(a, record);
}

static void address_record(const struct follow *f, const char *key, text *record)
{
  const struct leads *l = &f->sources->leads;
  const struct lead *found = leads_find(l, key);

  if (found) leads_record(l, (size_t)(found - l->all), record);
}

static void login_record(const struct follow *f, const char *key, text *record)
{
  const struct build *b = &f->sources->build;
  size_t at = build_find_name(b, key);

  if (at == b->login_count) return;
  records_login(b, at, record);
  if (record->len && sources_is_backend(f->sources, &b->logins[at])) text_clear(record);
}

static void group_record(const struct follow *f, const char *key, text *record) { groups_record(&f->sources->groups, key, record); }

static void group_name_record(const struct follow *f, const char *key, text *record) { groups_name_record(&f->sources->groups, key, record); }

static void send_as_record(const struct follow *f, const char *key, text *record)
{
  const struct account *a = follow_find_holder(f, key);
  if (a) sendas_record(&f->sources->sendas, a, record);
}

/* How many have come or gone. */
struct balance {
  size_t come, gone, changed;
};

static struct balance put(struct follow *f, enum delta_file file, const char *kind, const struct names *keys, follow_record *make)
{
  struct balance b = { .come = 0 };
  text record = TEXT_ZERO;

  for (size_t at = 0; at < keys->strings.len; at += strlen(keys->strings.s + at) + 1) {
    const char *key = keys->strings.s + at;
    text_clear(&record);
    make(f, key, &record);
    enum delta_change change = delta_put(&f->delta, file, kind, key, &record);
    b.come += change == DELTA_NEW;
    b.gone += change == DELTA_GONE;
    b.changed += change != DELTA_SAME;
  }
  text_wipe(&record);
  return b;
}

static size_t put_scram(struct follow *f)
{
  text record = TEXT_ZERO;

  scram_record(&f->sources->scram, &record);
  size_t changed = delta_put(&f->delta, DELTA_AUTH, "scram", "stranger", &record) != DELTA_SAME;
  text_wipe(&record);
  return changed;
}

static enum follow_result put_records(struct follow *f, const struct step *s)
{
  struct balance mailboxes = put(f, DELTA_POLICY, "mailbox", &s->mailboxes, mailbox_record);
  struct balance addresses = put(f, DELTA_POLICY, "address", &s->addresses, address_record);
  size_t changed = mailboxes.changed + addresses.changed + put_scram(f);

  changed += put(f, DELTA_POLICY, "uid", &s->uids, uid_record).changed;
  changed += put(f, DELTA_POLICY, "login", &s->logins, login_record).changed;
  changed += put(f, DELTA_AUTH, "mailbox", &s->mailboxes, password_record).changed;
  changed += put(f, DELTA_POLICY, "group", &s->groups, group_record).changed;
  changed += put(f, DELTA_POLICY, "group-name", &s->group_names, group_name_record).changed;
  changed += put(f, DELTA_POLICY, "sendas", &s->mailboxes, send_as_record).changed;
  f->come_mailboxes = mailboxes.come;
  f->gone_mailboxes = mailboxes.gone;
  f->gone_addresses = addresses.gone;
  f->addresses += addresses.come - addresses.gone;
  return changed ? FOLLOW_DONE : FOLLOW_SAME;
}

static void report(const struct follow *f, const struct step *s)
{
  for (size_t i = 0; i < s->count; i++)
    if (s->all[i].known->one) mailboxes_check_forward(s->all[i].known->one, &f->sources->leads, &f->sources->domains);
}

enum follow_result follow_bytes(struct follow *f, const text *bytes, bool is_whole)
{
  struct step s = STEP_ZERO;
  enum follow_result result = FOLLOW_AGAIN;

  s.follow = f;
  f->profile.now = time(0);
  if (!f->why && (is_whole ? step_read_whole : step_read)(&s, bytes) && step_settle(&s)) {
    step_apply(&s);
    if (step_exchange(&s) && step_name_again(&s)) {
      result = put_records(f, &s);
      report(f, &s);
    }
  }
  step_free(&s);
  return result;
}
