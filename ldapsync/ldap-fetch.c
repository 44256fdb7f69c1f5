/* ldap-fetch: everybody in the directory server, as state/directory/ldap.ldif.

   Reads control/ldapserver, ldapbasedn, ldapmechanism, ldaplogin, ldappassword, ldapclient.pem, ldapprofile. Runs as mail-ldap; as root
   it becomes that first. Writes the file (with --dry-run ldap.new beside it) only after a pass that was complete and found somebody: anything else changes nothing. */

#include <stdlib.h>
#include <string.h>

#include "ldapsync/metrics.h"
#include "ldapsync/source.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/owner.h"

#define USAGE "ldap-fetch [ --dry-run ]"
#define FILE_OF_DRY_RUN "ldap.new" /* tables-build reads it if it is told to, and else passes it over */

struct fetched {
  size_t at, length;    /* of the entry's LDIF in bytes */
  size_t key;           /* in keys: what the file is sorted by */
};

struct fetch {
  struct source source;
  text bytes, keys;
  struct fetched *entries;
  size_t count, room;
};

static struct fetched *next_place(struct fetch *f)
{
  if (f->count == f->room) {
    f->room = f->room ? f->room * 2 : 1024;
    f->entries = realloc(f->entries, f->room * sizeof *f->entries);
    if (!f->entries) die_nomem();
  }
  return &f->entries[f->count++];
}

static void take_entry(struct fetch *f, LDAP *ld, LDAPMessage *entry)
{
  struct fetched *place = next_place(f);

  place->at = f->bytes.len;
  place->key = f->keys.len;
  if (!source_entry(&f->source, ld, entry, &f->bytes, &f->keys))
    die_temporary("the server sent an entry without a DN; nothing is changed");
  place->length = f->bytes.len - place->at;
  text_add_char(&f->keys, 0);
}

/* One page. True if more follow, which *cookie asks for. */
static bool fetch_page(struct fetch *f, LDAP *ld, const char *filter, struct berval *cookie)
{
  const struct source_search search = { .base = f->source.base.s, .filter = filter, .attributes = f->source.wanted };
  LDAPMessage *result = 0;

  bool has_more = source_page(ld, &search, cookie, &result);
  for (LDAPMessage *e = ldap_first_entry(ld, result); e; e = ldap_next_entry(ld, e)) take_entry(f, ld, e);
  ldap_msgfree(result);
  return has_more;
}

static void fetch_filter(struct fetch *f, LDAP *ld, const char *filter)
{
  struct berval cookie = { 0, 0 };

  while (fetch_page(f, ld, filter, &cookie)) continue;
  ber_memfree(cookie.bv_val);
}

/* Groups alone are not a directory: without people, nothing is believed. */
static void fetch_all(struct fetch *f, LDAP *ld)
{
  fetch_filter(f, ld, profile_filter(&f->source.profile));
  if (!f->count)
    die_temporary("the server has nobody below ", f->source.base.s, " that the profile's filter finds; nothing is changed");
  if (profile_group_filter(&f->source.profile)) fetch_filter(f, ld, profile_group_filter(&f->source.profile));
}

static const text *sort_keys; /* qsort(3) hands nothing on */

static int compare(const void *a, const void *b)
{
  return strcmp(sort_keys->s + ((const struct fetched *)a)->key, sort_keys->s + ((const struct fetched *)b)->key);
}

static void write_file(struct fetch *f, const char *name)
{
  text all = TEXT_ZERO;

  sort_keys = &f->keys;
  qsort(f->entries, f->count, sizeof *f->entries, compare);
  text_add(&all, SOURCE_HEAD);
  for (size_t i = 0; i < f->count; i++) /* both filters may have found it */
    if (!i || compare(&f->entries[i - 1], &f->entries[i])) text_add_bytes(&all, f->bytes.s + f->entries[i].at, f->entries[i].length);
  if (!file_replace(SOURCE_FOLDER, name, &all, 0640)) die_unable("write " SOURCE_FOLDER "/", name);
  text_free(&all);
}

int main(int argc, const char **argv)
{
  static const char *const groups[] = { 0 };
  struct fetch f = { .source = SOURCE_ZERO };
  text count = TEXT_ZERO;
  const char *uri;
  bool is_dry = false;
  const struct option_word words[] = { { "--dry-run", &is_dry }, { 0, 0 } };

  (void)argc;
  PROG = "ldap-fetch";
  if (options_read(argv, words, USAGE) != 1) die_usage(USAGE);
  home_enter();
  owner_become(SOURCE_FOLDER, "mail-ldap", groups);
  sandbox_enter(&source_sandbox);
  source_read(&f.source);
  source_lock();
  LDAP *ld = source_connect(&f.source, &uri);
  text_wipe(&f.source.password);
  fetch_all(&f, ld);
  ldap_unbind_ext_s(ld, 0, 0);
  write_file(&f, is_dry ? FILE_OF_DRY_RUN : SOURCE_FILE);
  text_add_number(&count, f.count);
  if (!is_dry) metrics_directory();
  log_event("fetched", "entries", text_string(&count), (char *)0);
  return END_DONE;
}
