#include <stdlib.h>
#include <string.h>

#include "ldapsync/build.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/file.h"

enum { FOLDER_NAME_MAX = 200 };

static bool has_string(const text *strings, const char *wanted)
{
  for (size_t at = 0; at < strings->len; at += strlen(strings->s + at) + 1)
    if (!strcmp(strings->s + at, wanted)) return true;
  return false;
}

static void add_address(struct account *a, const struct domains *d, struct address *parsed, const char *value,
                        size_t length)
{
  if (address_parse(parsed, value, length) != ADDRESS_FULL || !domains_have(d, parsed->domain)) return;
  if (has_string(&a->addresses, text_string(&parsed->folded))) return;
  text_add_bytes(&a->addresses, parsed->folded.s, parsed->folded.len + 1);
}

/* N-17: in a domain with "addusers: yes" every login is a local part. */
static void add_user_addresses(struct account *a, const struct domains *d, struct address *parsed)
{
  text address = TEXT_ZERO;
  size_t login_at = 0;

  for (const char *login; (login = record_next(&a->facts, "login", &login_at));) {
    if (strchr(login, '@')) continue;
    for (size_t i = 0; i < d->count; i++) {
      if (!d->sorted[i].has_users) continue;
      text_clear(&address);
      text_add_format(&address, "%s@%s", login, d->sorted[i].name);
      add_address(a, d, parsed, address.s, address.len);
    }
  }
  text_free(&address);
}

static void find_addresses(struct account *a, const struct domains *d, struct address *parsed)
{
  size_t at = 0;

  for (const char *value; (value = record_next(&a->facts, "address", &at));)
    add_address(a, d, parsed, value, strlen(value));
  add_user_addresses(a, d, parsed);
  a->name = a->addresses.len ? a->addresses.s : 0;
  if (a->name) return;
  const char *first = record_find(&a->facts, "address");
  accounts_report(a, "no mailbox: %s%s",
                  first ? "no address is in a domain of control/domains; the first is " : "it has no mail address",
                  first ? first : "");
}

static void free_account(struct account *a)
{
  text_free(&a->facts);
  text_free(&a->from);
  text_free(&a->addresses);
}

/* Keeps the accounts that still have a name. */
static void drop_nameless(struct accounts *all)
{
  size_t kept = 0;

  for (size_t i = 0; i < all->count; i++)
    if (all->all[i].name)
      all->all[kept++] = all->all[i];
    else
      free_account(&all->all[i]);
  all->count = kept;
}

static int compare_age(const void *x, const void *y)
{
  const struct account *a = x, *b = y;
  size_t age_a = a->place ? a->place->age : (size_t)-1, age_b = b->place ? b->place->age : (size_t)-1;

  if (age_a != age_b) return age_a < age_b ? -1 : 1;
  int order = strcmp(a->key, b->key);
  return order ? order : strcmp(a->from.s, b->from.s);
}

/* The oldest first: who has had a mailbox before keeps his addresses from who comes later and claims them. */
static void sort_by_age(struct accounts *all, const struct uids *u)
{
  for (size_t i = 0; i < all->count; i++) all->all[i].place = uids_find(u, all->all[i].key);
  if (all->count) qsort(all->all, all->count, sizeof *all->all, compare_age);
}

static void drop_same_keys(struct accounts *all)
{
  const struct account *before = 0;

  for (size_t i = 0; i < all->count; i++) {
    struct account *a = &all->all[i];
    if (before && !strcmp(before->key, a->key)) {
      accounts_report(a, "no mailbox: its key %s is that of %s; a copied entry needs an entryUUID of its own", a->key,
                      before->from.s);
      a->name = 0;
    } else
      before = a;
  }
  drop_nameless(all);
}

static int compare_names(const void *x, const void *y)
{
  const struct build_name *a = x, *b = y;
  int order = strcmp(a->name, b->name);

  if (order) return order;
  if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
  return (a->account > b->account) - (a->account < b->account); /* they are sorted by age */
}

static struct build_name *names_make(size_t room)
{
  struct build_name *names = calloc(room + 1, sizeof *names);
  if (!names) die_nomem();
  return names;
}

static void names_sort(struct build_name *names, size_t count)
{
  if (count) qsort(names, count, sizeof *names, compare_names);
}

static void drop_same_primaries(struct accounts *all)
{
  struct build_name *names = names_make(all->count);

  for (size_t i = 0; i < all->count; i++)
    names[i] = (struct build_name){ all->all[i].name, &all->all[i], BUILD_PRIMARY };
  names_sort(names, all->count);
  for (size_t i = 1, first = 0; i < all->count; i++)
    if (strcmp(names[i].name, names[first].name))
      first = i;
    else {
      accounts_report(names[i].account, "no mailbox: its primary address %s is that of %s", names[i].name,
                      names[first].account->from.s);
      names[i].account->name = 0;
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
  const char *at = strrchr(a->name, '@');
  size_t start;

  text_clear(path);
  file_name_add(path, at + 1, strlen(at + 1));
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
    accounts_report(a, "no mailbox: its uid %lu is that of mailbox %s (key %s)", (unsigned long)uid, owner->path,
                    owner->key);
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

/* Those whose uid the directory gives come first, so that none of it is allotted to somebody else. */
static void give_places(struct accounts *all, struct uids *u, const struct build_limits *limits)
{
  for (int given = 1; given >= 0; given--)
    for (size_t i = 0; i < all->count; i++) {
      struct account *a = &all->all[i];
      uint32_t uid;
      if (!a->name || (record_find(&a->facts, "uid") != 0) != given) continue;
      if (!wanted_uid(a, limits, &uid))
        a->name = 0;
      else if (a->place)
        keep_place(a, uid, limits);
      else
        place(a, u, uid);
    }
  drop_nameless(all);
}

static size_t count_strings(const text *strings)
{
  size_t count = 0;
  for (size_t at = 0; at < strings->len; at++) count += !strings->s[at];
  return count;
}

static void list_addresses(struct build *b)
{
  size_t room = 0;

  for (size_t i = 0; i < b->accounts.count; i++) room += count_strings(&b->accounts.all[i].addresses);
  b->addresses = names_make(room);
  for (size_t i = 0; i < b->accounts.count; i++) {
    struct account *a = &b->accounts.all[i];
    for (size_t at = 0; at < a->addresses.len; at += strlen(a->addresses.s + at) + 1)
      b->addresses[b->address_count++] =
        (struct build_name){ a->addresses.s + at, a, at ? BUILD_ALIAS : BUILD_PRIMARY };
  }
  names_sort(b->addresses, b->address_count);
}

/* The logins of the directory are folded where they lie. */
static size_t list_directory_logins(struct account *a, struct build_name *names)
{
  size_t at = 0, count = 0;

  for (const char *login; (login = record_next(&a->facts, "login", &at));) {
    char *folded = a->facts.s + (login - a->facts.s);
    for (char *c = folded; *c; c++) *c = ascii_lower(*c);
    if (names && *folded) names[count] = (struct build_name){ folded, a, BUILD_LOGIN };
    count += *folded != 0;
  }
  return count;
}

static void list_logins(struct build *b)
{
  size_t room = b->address_count;

  for (size_t i = 0; i < b->accounts.count; i++) room += list_directory_logins(&b->accounts.all[i], 0);
  b->logins = names_make(room);
  memcpy(b->logins, b->addresses, b->address_count * sizeof *b->logins);
  b->login_count = b->address_count;
  for (size_t i = 0; i < b->accounts.count; i++)
    b->login_count += list_directory_logins(&b->accounts.all[i], b->logins + b->login_count);
  names_sort(b->logins, b->login_count);
}

void build_resolve(struct build *b, const struct domains *d, struct uids *u, const struct build_limits *limits)
{
  struct address parsed = ADDRESS_ZERO;

  for (size_t i = 0; i < b->accounts.count; i++) find_addresses(&b->accounts.all[i], d, &parsed);
  address_free(&parsed);
  drop_nameless(&b->accounts);
  sort_by_age(&b->accounts, u);
  drop_same_keys(&b->accounts);
  drop_same_primaries(&b->accounts);
  give_places(&b->accounts, u, limits);
  list_addresses(b);
  list_logins(b);
}
