#include "admin/removal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "admin/accounts.h"
#include "admin/apppasswords.h"
#include "admin/entry.h"
#include "admin/links.h"
#include "admin/purge.h"
#include "admin/rebuild.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/names.h"

enum { ANSWER_MAX = 16 };

bool removal_is_sure, removal_purges;

/* What goes. */
struct removal {
  const char *domain;   /* 0: an account alone */
  struct names from;    /* of the accounts, as the tables have it */
  struct names elsewhere; /* of those with an address in another domain, too */
  text keys, paths;     /* of the accounts: KEY, and the folder below mail/; each ended by a NUL */
  size_t accounts, addresses, others; /* others: accounts of a directory server or of the system, which lose their mailbox */
  size_t domains;       /* whose alias it is */
  text alias;           /* the first of these */
};
#define REMOVAL_ZERO { .from = NAMES_ZERO }

static void ask(const char *what)
{
  char answer[ANSWER_MAX];
  size_t length = 0;

  if (removal_is_sure) return;
  strerr_warn("mailadm: ", what, ". Type yes to go on:");
  while (length < sizeof answer) {
    ssize_t got = fd_read(0, answer + length, sizeof answer - length);
    if (got == -1) die_unable("read the answer from fd 0");
    length += (size_t)got;
    if (!got || memchr(answer, '\n', length)) break;
  }
  while (length && (answer[length - 1] == '\n' || answer[length - 1] == '\r')) length--;
  if (length != 3 || memcmp(answer, "yes", 3)) strerr_dief(END_NO, "nothing was removed: there was no yes on fd 0, and no --yes");
}

typedef void take_record(struct removal *r, const char *key, const text *record);

static void walk(struct removal *r, const char *kind, take_record *take)
{
  struct tables tables = TABLES_ZERO;
  text key = TEXT_ZERO, record = TEXT_ZERO;
  size_t length = strlen(kind);
  uint64_t at = 0;
  enum lookup_result result = LOOKUP_ABSENT;

  if (!tables_open(&tables, "policy") && errno != ENOENT) die_unable("open tables/current/policy.cdb");
  while (tables.file && (result = tables_walk(&tables, &at, &key, &record)) == LOOKUP_FOUND)
    if (key.len > length && !memcmp(key.s, kind, length) && key.s[length] == ':' && record_check(&record)) take(r, text_string(&key) + length + 1, &record);
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  tables_close(&tables);
  text_free(&key);
  text_free(&record);
}

static bool is_in(const char *address, const char *domain)
{
  const char *at = strrchr(address, '@');
  return domain && at && !strcmp(at + 1, domain);
}

static void note_elsewhere(struct removal *r, const char *key, const text *record)
{
  size_t at = 0;

  if (is_in(key, r->domain)) return;
  for (const char *from; (from = record_next(record, "from", &at));) names_add(&r->elsewhere, from);
}

static void note_account(struct removal *r, const char *key, const text *record)
{
  const char *from = record_get(record, "from");
  text why = TEXT_ZERO;

  if (is_in(record_get(record, "name"), r->domain) && !names_have(&r->elsewhere, from)) {
    if (entry_is_ours(from, key, &why)) {
      names_add(&r->from, from);
      text_add_bytes(&r->keys, key, strlen(key) + 1);
      r->accounts++;
    } else
      r->others++;
    const char *path = record_get(record, "path");
    text_add_bytes(&r->paths, path, strlen(path) + 1);
  }
  text_free(&why);
}

static void note_address(struct removal *r, const char *key, const text *record)
{
  size_t at = 0;
  bool goes = is_in(key, r->domain);

  for (const char *from; !goes && (from = record_next(record, "from", &at));) goes = names_have(&r->from, from);
  r->addresses += goes;
}

static void note_domain(struct removal *r, const char *key, const text *record)
{
  if (!record_is(record, "alias", r->domain)) return;
  if (!r->domains++) text_copy(&r->alias, key);
  text_string(&r->alias);
}

/* Of its login: this account's, and not of another one that has the login, too. */
static void remove_allowed(const struct entry *e, const char *login, const text *file)
{
  text record = TEXT_ZERO;

  if (rebuild_have("login", login, &record) && record_is(&record, "mailbox", e->key.s)) rebuild_remove("allowedsenders", file->s);
  text_free(&record);
}

/* The entry, and what control/ has for this account alone: whoever has its address later begins anew. */
static void remove_account(struct entry *e)
{
  const char *at = strrchr(e->name.s, '@');
  text file = TEXT_ZERO, login = TEXT_ZERO;

  text_copy_bytes(&login, e->name.s, (size_t)(at - e->name.s));
  file_name_add(&file, login.s, login.len);
  text_string(&file);
  remove_allowed(e, text_string(&login), &file);
  text_add_char(&file, '@');
  file_name_add(&file, at + 1, strlen(at + 1));
  text_string(&file);
  remove_allowed(e, e->name.s, &file);
  rebuild_remove("mailboxes", file.s);
  links_forget(e->key.s);
  apppasswords_forget(e->key.s);
  entry_remove(e);
  entry_save(e);
  text_free(&file);
  text_free(&login);
}

static void remove_entries(const struct removal *r)
{
  for (size_t at = 0; at < r->keys.len; at += strlen(r->keys.s + at) + 1) {
    struct entry e = ENTRY_ZERO;
    text record = TEXT_ZERO;
    if (!rebuild_have("mailbox", r->keys.s + at, &record)) continue;
    entry_open(&e, r->keys.s + at, &record);
    remove_account(&e);
    entry_free(&e);
    text_free(&record);
  }
}

static void purge(const struct removal *r)
{
  for (size_t at = 0; removal_purges && at < r->paths.len; at += strlen(r->paths.s + at) + 1) purge_mail(r->paths.s + at);
}

static void free_removal(struct removal *r)
{
  names_free(&r->from);
  names_free(&r->elsewhere);
  text_free(&r->keys);
  text_free(&r->paths);
  text_free(&r->alias);
}

void removal_account(const char *const *arguments, bool is_json)
{
  struct removal r = REMOVAL_ZERO;
  struct entry e = ENTRY_ZERO;
  text what = TEXT_ZERO, record = TEXT_ZERO;

  (void)is_json;
  entry_lock();
  entry_find(&e, arguments[0]);
  if (rebuild_have("mailbox", e.key.s, &record)) names_add(&r.from, record_get(&record, "from"));
  text_add_bytes(&r.paths, e.mail.s, e.mail.len + 1);
  walk(&r, "address", note_address);
  text_add_format(&what, "the account %s goes, with %zu addresses; its mail in mail/%s %s", e.name.s, r.addresses, e.mail.s, removal_purges ? "is REMOVED" : "stays");
  ask(text_string(&what));
  remove_account(&e);
  rebuild_without("the removal", 1, r.addresses);
  purge(&r);
  entry_free(&e);
  free_removal(&r);
  text_free(&what);
  text_free(&record);
}

/* control/addresses/NAME@DOMAIN, also those that lead nowhere and so are in no table. */
static void remove_addresses(const char *domain, size_t *count, bool is_real)
{
  text ending = TEXT_ZERO, names = TEXT_ZERO;

  text_add_char(&ending, '@');
  file_name_add(&ending, domain, strlen(domain));
  if (!folder_names("control/addresses", text_string(&ending), &names) && errno != ENOENT) die_unable("read the folder control/addresses");
  *count = 0;
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1, ++*count)
    if (is_real) rebuild_remove("addresses", names.s + at);
  text_free(&ending);
  text_free(&names);
}

void removal_domain(const char *const *arguments, bool is_json)
{
  struct removal r = REMOVAL_ZERO;
  text domain = TEXT_ZERO, record = TEXT_ZERO, what = TEXT_ZERO;
  size_t files;

  (void)is_json;
  if (!domain_fold(arguments[0], strlen(arguments[0]), &domain) || !rebuild_have("domain", text_string(&domain), &record))
    die_permanent("there is no domain ", arguments[0]);
  r.domain = domain.s;
  entry_lock();
  walk(&r, "domain", note_domain);
  if (r.domains) die_permanent("the domain ", r.alias.s, " is an alias of ", domain.s, ": delete that first");
  walk(&r, "address", note_elsewhere);
  walk(&r, "mailbox", note_account);
  walk(&r, "address", note_address);
  remove_addresses(domain.s, &files, false);
  text_add_format(&what, "the domain %s goes, with %zu accounts, %zu addresses and %zu files of control/addresses", domain.s, r.accounts, r.addresses, files);
  if (r.others) text_add_format(&what, "; %zu accounts of the directory server or the system lose their mailbox here", r.others);
  text_add_format(&what, "; their mail %s", removal_purges ? "is REMOVED" : "stays");
  ask(text_string(&what));
  remove_addresses(domain.s, &files, true);
  remove_entries(&r);
  rebuild_remove("domains", record_get(&record, "file") + strlen("control/domains/")); /* last: what is cut off can be done again */
  rebuild_without("the removal", r.accounts + r.others, r.addresses);
  purge(&r);
  free_removal(&r);
  text_free(&domain);
  text_free(&record);
  text_free(&what);
}
