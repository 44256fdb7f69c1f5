/* ldap-fetch: everybody in the directory server, as state/directory/ldap.ldif.

   Reads control/ldapserver, ldapbasedn, ldapmechanism, ldaplogin, ldappassword, ldapclient.pem, ldapprofile. Runs as mail-ldap; as root
   it becomes that first. Writes the file only after a pass that was complete and found somebody: anything else changes nothing. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/profile.h"
#include "ldapsync/range.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/home.h"
#include "lib/ldapserver.h"
#include "lib/log.h"
#include "lib/owner.h"
#include "lib/sandbox.h"
#include "lib/scheme.h"

#define CLIENT "control/ldapclient.pem"

enum { PAGE_ENTRIES = 500 };

struct fetched {
  size_t at, length;    /* of the entry's LDIF in bytes */
  size_t key;           /* in keys: what the file is sorted by */
};

struct fetch {
  struct ldapserver server;
  struct profile profile;
  text base, login, password;
  bool is_external;     /* the login is the certificate, or our uid */
  text attributes;      /* each ended by a NUL */
  const char **wanted;  /* the same, ended by 0 */
  text bytes, keys;
  struct fetched *entries;
  size_t count, room;
};

static void check_mode(const char *path)
{
  struct stat status;

  if (stat(path, &status) == -1) die_unable("look at ", path);
  if (status.st_mode & 077) die_permanent(path, " can be read by others: give it to mail-ldap, mode 0400");
}

static void read_password(text *password)
{
  check_mode("control/ldappassword");
  if (!openslurpclose(password, "control/ldappassword")) die_unable("read control/ldappassword");
  const char *newline = password->len ? memchr(password->s, '\n', password->len) : 0;
  if (newline) password->len = (size_t)(newline - password->s);
  if (!password->len || memchr(password->s, 0, password->len))
    die_permanent("control/ldappassword: its first line is the password, and it is empty or has a NUL byte");
  text_string(password);
}

static void list_wanted(struct fetch *f)
{
  size_t count = 0;

  profile_attributes(&f->profile, &f->attributes);
  for (size_t at = 0; at < f->attributes.len; at++) count += !f->attributes.s[at];
  f->wanted = calloc(count + 1, sizeof *f->wanted);
  if (!f->wanted) die_nomem();
  count = 0;
  for (size_t at = 0; at < f->attributes.len; at += strlen(f->attributes.s + at) + 1)
    f->wanted[count++] = f->attributes.s + at;
}

/* How it logs in: control/ldapmechanism. */
static void read_login(struct fetch *f)
{
  text mechanism = TEXT_ZERO;

  conf_value("ldapmechanism", &mechanism, "simple");
  f->is_external = text_is(&mechanism, "external");
  if (!f->is_external && !text_is(&mechanism, "simple")) die_permanent("control/ldapmechanism is simple or external, not ", mechanism.s);
  bool has_login = conf_value("ldaplogin", &f->login, "");
  if (f->is_external && has_login)
    die_permanent("control/ldaplogin is for control/ldapmechanism simple: with external the server knows the name from the connection");
  if (has_login) read_password(&f->password);
  text_string(&f->password);
  if (!f->is_external || access(CLIENT, F_OK) == -1) return;
  check_mode(CLIENT);
  f->server.client = CLIENT;
}

static void configure(struct fetch *f)
{
  ldapserver_read(&f->server);
  profile_open_directory(&f->profile);
  list_wanted(f);
  if (!conf_value("ldapbasedn", &f->base, ""))
    die_permanent("control/ldapbasedn is missing: below which DN are the people?");
  read_login(f);
}

static struct fetched *next_place(struct fetch *f)
{
  if (f->count == f->room) {
    f->room = f->room ? f->room * 2 : 1024;
    f->entries = realloc(f->entries, f->room * sizeof *f->entries);
    if (!f->entries) die_nomem();
  }
  return &f->entries[f->count++];
}

/* A password in the clear, or one of a scheme that only the server knows, stays with the server (T18). */
static bool may_keep(const struct fetch *f, const char *name, const struct berval *value)
{
  text stored = TEXT_ZERO;
  const char *hash;

  if (!profile_has(&f->profile, "password", name)) return true;
  text_add_bytes(&stored, value->bv_val, value->bv_len);
  bool is_known = scheme_parse(text_string(&stored), &hash) != SCHEME_UNKNOWN;
  text_wipe(&stored);
  return is_known;
}

/* The values that stand under a description, under the attribute's name. How many there are. */
static size_t take_values(struct fetch *f, LDAP *ld, LDAPMessage *entry, const char *description, const char *name)
{
  struct berval **values = ldap_get_values_len(ld, entry, description);
  size_t count = 0;

  for (; values && values[count]; count++) {
    const struct berval *value = values[count];
    if (!may_keep(f, name, value)) continue;
    ldif_add(&f->bytes, name, value->bv_val, value->bv_len);
    if (profile_has(&f->profile, "key", name)) hex_add(&f->keys, value->bv_val, value->bv_len); /* it may be binary */
  }
  ldap_value_free_len(values);
  return count;
}

_Noreturn static void fail(LDAP *ld, int code, const char *what)
{
  text error = TEXT_ZERO;

  ldapserver_explain(ld, code, &error);
  die_temporary(what, ": ", error.s, "; nothing is changed");
}

/* The descriptions of attributes that are given in pieces, each ended by a NUL. */
static void list_pieces(LDAP *ld, LDAPMessage *entry, text *pieces)
{
  BerElement *place = 0;
  struct range r;

  text_clear(pieces);
  for (char *description = ldap_first_attribute(ld, entry, &place); description; description = ldap_next_attribute(ld, entry, place)) {
    if (range_parse(description, &r)) text_add_bytes(pieces, description, strlen(description) + 1);
    ldap_memfree(description);
  }
  ber_free(place, 0);
}

/* The piece of an attribute that begins at this value; what stands in its description, 0: there is none. */
static const char *find_piece(const text *pieces, const char *name, uint64_t first, struct range *r)
{
  for (size_t at = 0; at < pieces->len; at += strlen(pieces->s + at) + 1)
    if (range_parse(pieces->s + at, r) && r->first == first && r->name_length == strlen(name) && bytes_are_nocase(pieces->s + at, name, r->name_length))
      return pieces->s + at;
  return 0;
}

static LDAPMessage *ask_piece(LDAP *ld, const char *dn, const char *name, uint64_t first)
{
  text wanted = TEXT_ZERO;
  LDAPMessage *result = 0;

  text_add_format(&wanted, "%s;range=%" PRIu64 "-*", name, first);
  int code = ldap_search_ext_s(ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char *[]){ (char *)text_string(&wanted), 0 }, 0, 0, 0, 0, LDAP_NO_LIMIT, &result);
  if (code != LDAP_SUCCESS) fail(ld, code, "ask for the rest of a long attribute");
  text_free(&wanted);
  return result;
}

_Noreturn static void stopped(const char *name, const char *dn)
{
  die_temporary("the server stopped in the middle of ", name, " of ", dn, "; nothing is changed");
}

/* From the first piece, which the entry has, to the last, each asked for by itself. All of it, or nothing is changed. */
static void take_pieces(struct fetch *f, LDAP *ld, LDAPMessage *entry, const char *dn, const char *name, text *pieces)
{
  LDAPMessage *result = 0;
  struct range r;
  size_t count = 0;

  const char *piece = find_piece(pieces, name, 0, &r);
  for (uint64_t next = 0;; piece = find_piece(pieces, name, next, &r)) {
    if (piece) count += take_values(f, ld, entry, piece, name);
    if (!piece || (!r.is_end && count != r.last + 1) || count > LDIF_VALUES_MAX) stopped(name, dn);
    ldap_msgfree(result);
    if (r.is_end) return;
    next = r.last + 1;
    result = ask_piece(ld, dn, name, next);
    entry = ldap_first_entry(ld, result);
    text_clear(pieces);
    if (entry) list_pieces(ld, entry, pieces);
  }
}

static bool has_piece(const text *pieces, const char *name)
{
  struct range r;

  for (size_t at = 0; at < pieces->len; at += strlen(pieces->s + at) + 1)
    if (range_parse(pieces->s + at, &r) && r.name_length == strlen(name) && bytes_are_nocase(pieces->s + at, name, r.name_length)) return true;
  return false;
}

static void take_attributes(struct fetch *f, LDAP *ld, LDAPMessage *entry, const char *dn)
{
  text pieces = TEXT_ZERO, rest = TEXT_ZERO;

  list_pieces(ld, entry, &pieces);
  for (const char **name = f->wanted; *name; name++) {
    take_values(f, ld, entry, *name, *name);
    if (!has_piece(&pieces, *name)) continue;
    text_copy_bytes(&rest, pieces.s, pieces.len);
    take_pieces(f, ld, entry, dn, *name, &rest);
  }
  text_free(&pieces);
  text_free(&rest);
}

static void take_entry(struct fetch *f, LDAP *ld, LDAPMessage *entry)
{
  struct fetched *place = next_place(f);
  char *dn = ldap_get_dn(ld, entry);

  if (!dn) die_temporary("the server sent an entry without a DN; nothing is changed");
  place->at = f->bytes.len;
  place->key = f->keys.len;
  ldif_add(&f->bytes, "dn", dn, strlen(dn));
  take_attributes(f, ld, entry, dn);
  text_add_char(&f->bytes, '\n');
  place->length = f->bytes.len - place->at;
  text_add(&f->keys, dn); /* those without a key have an order too */
  text_add_char(&f->keys, 0);
  ldap_memfree(dn);
}

/* One page. True if more follow, which *cookie asks for. */
static bool fetch_page(struct fetch *f, LDAP *ld, const char *filter, struct berval *cookie)
{
  LDAPControl *page = 0, *sent[2] = { 0 }, **got = 0;
  LDAPMessage *result = 0;
  ber_int_t total = 0;
  int code = ldap_create_page_control(ld, PAGE_ENTRIES, cookie, 1, &page), said = LDAP_SUCCESS;

  if (code != LDAP_SUCCESS) fail(ld, code, "make a request");
  sent[0] = page;
  code = ldap_search_ext_s(ld, f->base.s, LDAP_SCOPE_SUBTREE, filter, (char **)f->wanted, 0, sent, 0, 0,
                           LDAP_NO_LIMIT, &result);
  ldap_control_free(page);
  if (code != LDAP_SUCCESS) fail(ld, code, "search");
  for (LDAPMessage *e = ldap_first_entry(ld, result); e; e = ldap_next_entry(ld, e)) take_entry(f, ld, e);
  code = ldap_parse_result(ld, result, &said, 0, 0, 0, &got, 1);
  if (code != LDAP_SUCCESS || said != LDAP_SUCCESS) fail(ld, code != LDAP_SUCCESS ? code : said, "search");
  ber_memfree(cookie->bv_val);
  *cookie = (struct berval){ 0, 0 };
  LDAPControl *answer = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, got, 0);
  if (answer && (code = ldap_parse_pageresponse_control(ld, answer, &total, cookie)) != LDAP_SUCCESS)
    fail(ld, code, "read a page");
  ldap_controls_free(got);
  return cookie->bv_len != 0;
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
  fetch_filter(f, ld, profile_filter(&f->profile));
  if (!f->count)
    die_temporary("the server has nobody below ", f->base.s, " that the profile's filter finds; nothing is changed");
  if (profile_group_filter(&f->profile)) fetch_filter(f, ld, profile_group_filter(&f->profile));
}

static bool is_out_of_reach(int code)
{
  return code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR || code == LDAP_TIMEOUT || code == LDAP_UNAVAILABLE ||
         code == LDAP_BUSY;
}

static int log_in(const struct fetch *f, LDAP *ld)
{
  return f->is_external ? ldapserver_bind_external(ld) : ldapserver_bind(ld, f->login.s, f->password.s);
}

/* The first server that can be reached. One that refuses the login is not passed over: the next one would too. */
static LDAP *connect_to_one(struct fetch *f)
{
  text error = TEXT_ZERO, all = TEXT_ZERO;

  for (size_t at = 0; at < f->server.uris.len; at += strlen(f->server.uris.s + at) + 1) {
    LDAP *ld = ldapserver_open(&f->server, f->server.uris.s + at, &error);
    int code = ld ? log_in(f, ld) : LDAP_SERVER_DOWN;
    if (code == LDAP_SUCCESS) return ld;
    if (ld && !is_out_of_reach(code)) fail(ld, code, f->server.uris.s + at);
    if (ld) {
      text_copy(&error, f->server.uris.s + at);
      text_add(&error, ": ");
      ldapserver_explain(ld, code, &error);
      ldap_unbind_ext_s(ld, 0, 0);
    }
    if (all.len) text_add(&all, "; ");
    text_add_text(&all, &error);
  }
  die_temporary("no directory server can be reached: ", text_string(&all), "; nothing is changed");
}

static const text *sort_keys; /* qsort(3) hands nothing on */

static int compare(const void *a, const void *b)
{
  return strcmp(sort_keys->s + ((const struct fetched *)a)->key, sort_keys->s + ((const struct fetched *)b)->key);
}

static void write_file(struct fetch *f)
{
  text all = TEXT_ZERO;

  sort_keys = &f->keys;
  qsort(f->entries, f->count, sizeof *f->entries, compare);
  text_add(&all, "version: 1\n\n");
  for (size_t i = 0; i < f->count; i++) /* both filters may have found it */
    if (!i || compare(&f->entries[i - 1], &f->entries[i])) text_add_bytes(&all, f->bytes.s + f->entries[i].at, f->entries[i].length);
  if (!file_replace("state/directory", "ldap.ldif", &all, 0640)) die_unable("write state/directory/ldap.ldif");
  text_free(&all);
}

int main(int argc, const char *const *argv)
{
  static const char *const groups[] = { 0 };
  static const char *const reads[] = { "control", "profiles", 0 };
  static const char *const writes[] = { "state/directory", 0 };
  static const struct sandbox sandbox = { .reads = reads, .writes = writes, .may_connect = true };
  struct fetch f = { .server = LDAPSERVER_ZERO, .profile = PROFILE_ZERO, .base = TEXT_ZERO };
  text count = TEXT_ZERO;

  (void)argv;
  PROG = "ldap-fetch";
  if (argc != 1) die_usage("ldap-fetch");
  home_enter();
  owner_become("state/directory", "mail-ldap", groups);
  sandbox_enter(&sandbox);
  configure(&f);
  LDAP *ld = connect_to_one(&f);
  text_wipe(&f.password);
  fetch_all(&f, ld);
  ldap_unbind_ext_s(ld, 0, 0);
  write_file(&f);
  text_add_number(&count, f.count);
  log_event("fetched", "entries", text_string(&count), (char *)0);
  return END_DONE;
}
