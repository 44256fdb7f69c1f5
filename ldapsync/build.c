#include <stdlib.h>
#include <string.h>

#include "ldapsync/build.h"
#include "ldapsync/hints.h"
#include "ldapsync/map.h"
#include "ldapsync/systemusers.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hash.h"

enum { FOLDER_NAME_MAX = 200 };

static bool has_string(const text *strings, const char *wanted)
{
  for (size_t at = 0; at < strings->len; at += strlen(strings->s + at) + 1)
    if (!strcmp(strings->s + at, wanted)) return true;
  return false;
}

static const struct domain *find_domain(struct build_finder *f, const char *name)
{
  if (!f->last || strcmp(f->last->name, name)) f->last = domains_find(f->domains, name);
  return f->last;
}

/* The domain if it is one of control/domains; the address is then added where it belongs. */
static const struct domain *add_address(struct build_finder *f, struct account *a, const char *value, size_t length)
{
  const struct domain *domain;

  if (address_parse(&f->parsed, value, length) != ADDRESS_FULL || !(domain = find_domain(f, f->parsed.domain))) return 0;
  text *list = domain->is_relayed ? &a->relayed : &a->addresses;
  if (!has_string(list, f->parsed.folded.s)) text_add_bytes(list, f->parsed.folded.s, f->parsed.folded.len + 1);
  return domain;
}

/* N-17: in a domain with "addusers: yes" every login is a local part. There may be many domains, so the list is not searched. */
static void add_user_addresses(struct build_finder *f, struct account *a)
{
  size_t at = 0;

  for (const char *login; (login = record_next(&a->facts, "login", &at));) {
    if (strchr(login, '@')) continue;
    for (size_t i = 0; i < f->domains->count; i++) {
      if (!f->domains->sorted[i].has_users) continue;
      text_clear(&f->made);
      text_add(&f->made, login);
      text_add_char(&f->made, '@');
      text_add(&f->made, f->domains->sorted[i].name);
      if (address_parse(&f->parsed, f->made.s, f->made.len) != ADDRESS_FULL) break;
      text_add_bytes(&a->addresses, f->parsed.folded.s, f->parsed.folded.len + 1);
    }
  }
}

static void report_nameless(const struct account *a)
{
  const char *first = record_find(&a->facts, "address");

  if (first)
    accounts_report(a, "no mailbox: no address is in a domain of control/domains; the first is %s", first);
  else
    accounts_report(a, "no mailbox: it has no mail address%s", record_find(&a->facts, "alias") ? ", so it is passed over in lists (L-21)" : "");
}

/* A contact has neither mailbox nor address here: what groups send it goes where its mail is. */
static void find_contact(struct build_finder *f, struct account *a)
{
  size_t at = 0;

  for (const char *value; !a->elsewhere && (value = record_next(&a->facts, "address", &at));)
    if (address_parse(&f->parsed, value, strlen(value)) == ADDRESS_FULL) a->elsewhere = value;
}

/* Who has a main address of our domains, or one by addusers, has a mailbox. Who has it elsewhere gets what lists send him there. */
static void find_addresses(struct build_finder *f, struct account *a)
{
  const char *hinted = hints_main(a);
  size_t at = 0;

  if (hinted) add_address(f, a, hinted, strlen(hinted)); /* so it comes first */
  for (const char *value; (value = record_next(&a->facts, "address", &at));) {
    size_t length = strlen(value);
    if (!add_address(f, a, value, length) && !a->elsewhere && address_parse(&f->parsed, value, length) == ADDRESS_FULL) a->elsewhere = value;
  }
  bool has_main = a->addresses.len != 0;
  if (!has_main && !a->elsewhere && a->relayed.len) a->elsewhere = record_find(&a->facts, "address");
  at = 0;
  for (const char *value; (value = record_next(&a->facts, "alias", &at));) {
    const char *first = record_find(&a->facts, "address");
    if (!first || strcmp(first, value)) add_address(f, a, value, strlen(value));
  }
  a->made_at = a->addresses.len;
  add_user_addresses(f, a);
  if (has_main)
    a->name = a->addresses.s;
  else if (a->addresses.len > a->made_at)
    a->name = a->addresses.s + a->made_at;
  else
    report_nameless(a);
  if (a->name) a->elsewhere = 0;
}

/* Whose mail is elsewhere may be a member of lists here. */
static void move_others(struct build *b)
{
  size_t kept = 0;

  for (size_t i = 0; i < b->accounts.count; i++) {
    struct account *a = b->accounts.all[i];
    if (a->name)
      b->accounts.all[kept++] = a;
    else if (a->elsewhere || a->relayed.len)
      accounts_take(&b->others, a);
    else
      accounts_free_one(a);
  }
  b->accounts.count = kept;
  accounts_sort(&b->others);
}

static void contest_one(struct names *contested, const char *kind, const char *what)
{
  text one = TEXT_ZERO;

  text_add_format(&one, "%s %s", kind, what);
  names_add(contested, text_string(&one));
  text_free(&one);
}

/* It gets no mailbox; another build may decide otherwise, when who has what it wants is gone. */
static void lose(struct build *b, struct account *a)
{
  contest_one(&b->contested, "key", a->key);
  if (a->name) contest_one(&b->contested, "name", a->name);
  a->name = 0;
}

/* Keeps the accounts that still have a name. */
static void drop_nameless(struct accounts *all)
{
  size_t kept = 0;

  for (size_t i = 0; i < all->count; i++)
    if (all->all[i]->name)
      all->all[kept++] = all->all[i];
    else
      accounts_free_one(all->all[i]);
  all->count = kept;
}

static void sort_by_age(struct accounts *all, const struct uids *u)
{
  for (size_t i = 0; i < all->count; i++) all->all[i]->place = uids_find(u, all->all[i]->key);
  accounts_sort(all);
}

static void drop_same_keys(struct build *b)
{
  struct accounts *all = &b->accounts;
  const struct account *before = 0;

  for (size_t i = 0; i < all->count; i++) {
    struct account *a = all->all[i];
    if (before && !strcmp(before->key, a->key)) {
      accounts_report(a, "no mailbox: its key %s is that of %s; a copied entry needs an entryUUID of its own", a->key,
                      before->from.s);
      lose(b, a);
    } else
      before = a;
  }
  drop_nameless(all);
}

int build_compare_names(const void *x, const void *y)
{
  const struct build_name *a = x, *b = y;
  if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
  int order = strcmp(a->name, b->name);

  if (order) return order;
  if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
  return accounts_compare(a->account, b->account);
}

static struct build_name *names_make(size_t room)
{
  struct build_name *names = calloc(room + 1, sizeof *names);
  if (!names) die_nomem();
  return names;
}

static void names_sort(struct build_name *names, size_t count)
{
  if (count) qsort(names, count, sizeof *names, build_compare_names);
}

static void drop_same_primaries(struct build *b)
{
  struct accounts *all = &b->accounts;
  struct build_name *names = names_make(all->count);

  for (size_t i = 0; i < all->count; i++)
    names[i] = (struct build_name){ hash_string(all->all[i]->name), all->all[i]->name, all->all[i], BUILD_PRIMARY };
  names_sort(names, all->count);
  for (size_t i = 1, first = 0; i < all->count; i++)
    if (strcmp(names[i].name, names[first].name))
      first = i;
    else {
      accounts_report(names[i].account, "no mailbox: its primary address %s is that of %s", names[i].name,
                      names[first].account->from.s);
      lose(b, names[i].account);
    }
  free(names);
  drop_nameless(all);
}

/* False if the directory gives a uid that cannot be used. *uid 0: it gives none. */
static bool wanted_uid(const struct account *a, const struct build_limits *limits, uint32_t *uid)
{
  const char *value = record_find(&a->facts, "uid");
  uint64_t number = 0;

  *uid = 0;
  if (!value) return true;
  if (!number_scan(value, UIDS_MAX, &number))
    accounts_report(a, "no mailbox: its uid %s is not a number from %lu to %lu", value, (unsigned long)limits->minimum_uid,
                    (unsigned long)UIDS_MAX);
  else if (number < limits->minimum_uid)
    accounts_report(a, "no mailbox: its uid %s is below control/minimumuid (%lu)", value,
                    (unsigned long)limits->minimum_uid);
  else
    *uid = (uint32_t)number;
  return *uid != 0;
}

static void wanted_path(const struct account *a, text *path)
{
  const char *at = strrchr(a->name, '@'), *folder = a->is_public ? "public" : at + 1;
  size_t start;

  text_clear(path);
  file_name_add(path, folder, strlen(folder));
  text_add_char(path, '/');
  start = path->len;
  file_name_add(path, a->name, (size_t)(at - a->name));
  if (path->len - start > FOLDER_NAME_MAX) {
    path->len = start;
    text_add(path, a->key);
  }
  text_string(path);
}

static void place(struct account *a, struct uids *u, uint32_t uid)
{
  const struct uids_entry *owner = uid ? uids_owner(u, uid) : 0;
  text path = TEXT_ZERO;

  wanted_path(a, &path);
  if (owner)
    accounts_report(a, "no mailbox: its uid %lu is that of mailbox %s (key %s)%s", (unsigned long)uid, owner->path, owner->key,
                    strcmp(owner->path, path.s) ? "" : "; if the entry was made anew for the same person: doc/mailadm.md, another key");
  else if (!(a->place = uids_add(u, a->key, uid, path.s)))
    accounts_report(a, "no mailbox: no uid is free from control/firstuid on");
  else if (strcmp(a->place->path, path.s))
    accounts_report(a, "mail/%s belongs to an earlier entry of another key; this one gets mail/%s", path.s,
                    a->place->path);
  if (!a->place) a->name = 0;
  text_free(&path);
}

static void keep_place(struct account *a, uint32_t uid, const struct build_limits *limits)
{
  if (a->place->uid < limits->minimum_uid) {
    accounts_report(a, "no mailbox: its uid %lu is below control/minimumuid (%lu)", (unsigned long)a->place->uid,
                    (unsigned long)limits->minimum_uid);
    a->name = 0;
  } else if (uid && uid != a->place->uid)
    accounts_report(a, "its uid is now %lu, but mail/%s belongs to %lu, which it keeps", (unsigned long)uid, a->place->path,
                    (unsigned long)a->place->uid);
}

static bool is_system_user(const struct account *a) { return record_find(&a->facts, "path") != 0; }

void build_place(struct account *a, struct uids *u, const struct build_limits *limits)
{
  uint32_t uid;

  if (!wanted_uid(a, limits, &uid))
    a->name = 0;
  else if (a->place)
    keep_place(a, uid, limits);
  else
    place(a, u, uid);
}

/* Those whose uid the directory gives come first, so that none of it is allotted to somebody else. */
static void give_places(struct build *b, struct uids *u, const struct build_limits *limits)
{
  struct accounts *all = &b->accounts;

  for (int given = 1; given >= 0; given--)
    for (size_t i = 0; i < all->count; i++) {
      struct account *a = all->all[i];
      const char *name = a->name;
      if (!name || is_system_user(a) || (record_find(&a->facts, "uid") != 0) != given) continue;
      build_place(a, u, limits);
      if (a->name) continue;
      a->name = name;
      lose(b, a);
    }
  for (size_t i = 0; i < all->count; i++)
    if (is_system_user(all->all[i]) && !systemuser_place(all->all[i], u)) lose(b, all->all[i]);
  drop_nameless(all);
  accounts_sort(all); /* those who have just come have their age now */
}

static size_t count_strings(const text *strings)
{
  size_t count = 0;
  for (size_t at = 0; at < strings->len; at++) count += !strings->s[at];
  return count;
}

static struct build_name *list_addresses(struct account *a, struct build_name *next)
{
  for (size_t at = 0; at < a->addresses.len; at += strlen(a->addresses.s + at) + 1) {
    const char *address = a->addresses.s + at;
    *next++ = (struct build_name){ hash_string(address), address, a, address == a->name ? BUILD_PRIMARY : BUILD_ALIAS };
  }
  return next;
}

/* The logins of the directory are folded where they lie. */
static size_t list_directory_logins(struct account *a, struct build_name *names)
{
  size_t at = 0, count = 0;

  for (const char *login; (login = record_next(&a->facts, "login", &at));) {
    char *folded = a->facts.s + (login - a->facts.s);
    for (char *c = folded; *c; c++) *c = ascii_lower(*c);
    if (names && *folded) names[count] = (struct build_name){ hash_string(folded), folded, a, BUILD_LOGIN };
    count += *folded != 0;
  }
  return count;
}

size_t build_names(struct account *a, struct build_name *names)
{
  if (!names) return count_strings(&a->addresses) + list_directory_logins(a, 0);
  struct build_name *next = list_addresses(a, names);
  next += list_directory_logins(a, next);
  return (size_t)(next - names);
}

static void list_logins(struct build *b)
{
  size_t room = 0;

  for (size_t i = 0; i < b->accounts.count; i++) room += build_names(b->accounts.all[i], 0);
  struct build_name *next = b->logins = names_make(room);
  for (size_t i = 0; i < b->accounts.count; i++) next += build_names(b->accounts.all[i], next);
  b->login_count = (size_t)(next - b->logins);
  b->login_room = room + 1;
  names_sort(b->logins, b->login_count);
}

void build_find(struct build_finder *f, struct account *a)
{
  if (record_is(&a->facts, "contact", "yes"))
    find_contact(f, a);
  else if (!a->is_public)
    find_addresses(f, a);
}

void build_finder_free(struct build_finder *f)
{
  address_free(&f->parsed);
  text_free(&f->made);
}

void build_resolve(struct build *b, const struct domains *d, struct uids *u, const struct build_limits *limits)
{
  struct build_finder finder = BUILD_FINDER_ZERO;

  finder.domains = d;
  for (size_t i = 0; i < b->accounts.count; i++) build_find(&finder, b->accounts.all[i]);
  build_finder_free(&finder);
  hints_report(&b->accounts);
  move_others(b);
  sort_by_age(&b->accounts, u);
  drop_same_keys(b);
  drop_same_primaries(b);
  give_places(b, u, limits);
  list_logins(b);
}
