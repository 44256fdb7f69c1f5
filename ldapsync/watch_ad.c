#include "ldapsync/watch_ad.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ldapsync/ad.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hex.h"
#include "lib/log.h"

#define ACTIVE_DIRECTORY "1.2.840.113556.1.4.800"       /* in supportedCapabilities */
#define SHOW_DELETED "1.2.840.113556.1.4.417"
#define DELETED_OBJECTS "18E2EA80684F11D2B9AA00C04F79F805" /* the container's well-known GUID (MS-ADTS 6.1.1.4) */

enum {
  POLL_MS = 100,              /* the controller is asked for its last number so often */
  LOOK_MS = 2000,             /* what is looked at from time to time is looked at so often */
  STORE_MS = 60000,           /* a place behind which nothing of ours changed is stored so often */
  EASE = 100,                 /* a comparison because of what cannot be seen waits so many times as long as one takes */
  MANY_IDS = 2000,            /* so many entries to be read again are a comparison */
  FEW = 50,                   /* with so few left it is asked whether there is anybody at all */
  COMPARE_SECONDS = 3600,
  COMPARE_SECONDS_MAX = 7 * 86400
};

static const struct berval no_value = { 0, 0 };
static LDAPControl show_deleted = { .ldctl_oid = (char *)SHOW_DELETED };

/* One object and some of its attributes. */
static LDAPMessage *read_object(struct watch *w, const char *dn, const char *const *attributes)
{
  LDAPMessage *result = 0;
  int code = ldap_search_ext_s(w->ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)attributes, 0, 0, 0, 0, LDAP_NO_LIMIT, &result);

  if (code != LDAP_SUCCESS) watch_fail(w, code, *dn ? dn : "read the root DSE");
  return result;
}

/* The values of an attribute of the first entry, each ended by a NUL. */
static void take_values(LDAP *ld, LDAPMessage *result, const char *name, text *values)
{
  LDAPMessage *entry = ldap_first_entry(ld, result);
  struct berval **found = entry ? ldap_get_values_len(ld, entry, name) : 0;

  text_clear(values);
  for (size_t i = 0; found && found[i]; i++) {
    text_add_bytes(values, found[i]->bv_val, found[i]->bv_len);
    text_add_char(values, 0);
  }
  ldap_value_free_len(found);
}

static uint64_t take_number(struct watch *w, LDAPMessage *result, const char *name)
{
  text value = TEXT_ZERO;
  uint64_t number = 0;

  take_values(w->ld, result, name, &value);
  if (!value.len || !number_scan(value.s, INT64_MAX, &number)) die_temporary(w->uri, ": it does not say its ", name);
  text_free(&value);
  return number;
}

bool watch_ad_is(struct watch *w)
{
  text capabilities = TEXT_ZERO;
  LDAPMessage *result = read_object(w, "", (const char *const[]){ "supportedCapabilities", 0 });
  bool is = false;

  take_values(w->ld, result, "supportedCapabilities", &capabilities);
  for (size_t at = 0; at < capabilities.len; at += strlen(capabilities.s + at) + 1) is |= !strcmp(capabilities.s + at, ACTIVE_DIRECTORY);
  ldap_msgfree(result);
  text_free(&capabilities);
  return is;
}

static uint64_t last_usn(struct ad *a)
{
  LDAPMessage *result = read_object(a->w, "", (const char *const[]){ "highestCommittedUSN", 0 });
  uint64_t usn = take_number(a->w, result, "highestCommittedUSN");

  ldap_msgfree(result);
  return usn;
}

/* Whose numbers these are: the invocationId; of a controller that does not show it, its name. */
static void identify(struct ad *a, const text *service)
{
  text id = TEXT_ZERO;
  LDAPMessage *result = read_object(a->w, service->s, (const char *const[]){ "invocationId", 0 });

  take_values(a->w->ld, result, "invocationId", &id);
  ldap_msgfree(result);
  const text *from = id.len ? &id : service;
  text_clear(&a->place.controller);
  hex_add(&a->place.controller, from->s, from->len - 1);
  text_free(&id);
}

static void read_root(struct ad *a)
{
  text service = TEXT_ZERO;
  struct watch *w = a->w;
  LDAPMessage *result = read_object(w, "", (const char *const[]){ "namingContexts", "dsServiceName", "highestCommittedUSN", 0 });

  take_values(w->ld, result, "namingContexts", &a->contexts);
  take_values(w->ld, result, "dsServiceName", &service);
  a->place.usn = take_number(w, result, "highestCommittedUSN");
  ldap_msgfree(result);
  a->context = usn_context(&a->contexts, w->source.base.s);
  if (!a->context) a->context = w->source.base.s; /* who is moved out of it is seen by the comparison */
  if (!service.len) die_temporary(w->uri, ": it does not say its dsServiceName");
  identify(a, &service);
  text_free(&service);
}

/* Is there a tombstone that the login can see? The container itself is seen by anybody. */
static bool sees_deleted(struct ad *a)
{
  text base = TEXT_ZERO;
  LDAPMessage *result = 0;

  text_add_format(&base, "<WKGUID=" DELETED_OBJECTS ",%s>", a->context);
  ldap_search_ext_s(a->w->ld, text_string(&base), LDAP_SCOPE_ONELEVEL, "(objectClass=*)", (char *[]){ (char *)"1.1", 0 }, 0,
                    (LDAPControl *[]){ &show_deleted, 0 }, 0, 0, 1, &result);
  bool sees = ldap_count_entries(a->w->ld, result) > 0;
  ldap_msgfree(result);
  text_free(&base);
  return sees;
}

static void list_attributes(struct ad *a)
{
  size_t count = 0;

  while (a->w->source.wanted[count]) count++;
  a->attributes = calloc(count + 3, sizeof *a->attributes);
  if (!a->attributes) die_nomem();
  memcpy(a->attributes, a->w->source.wanted, count * sizeof *a->attributes);
  if (!profile_has(&a->w->source.profile, "key", "objectguid")) a->attributes[count++] = "objectGUID";
  a->attributes[count] = "memberOf";
}

/* Where an earlier one was, if that is the same controller and it has not gone back. */
static void resume(struct ad *a)
{
  struct usn_place before = USN_PLACE_ZERO;
  struct watch *w = a->w;

  if (!w->had_cookie || !usn_place_parse(&before, &w->replica.cookie))
    w->had_cookie = false; /* of a server that is no longer the same */
  else if (text_is(&before.controller, text_string(&a->place.controller)) && before.usn <= a->place.usn) {
    a->place.usn = before.usn;
    a->is_whole = w->is_following = true;
    watch_say(w, "resumed", "numbers");
  } else
    log_event("moved", "server", w->uri, "reason", "another domain controller, or a restored one: everything is compared", (char *)0);
  text_free(&before.controller);
}

static int64_t compare_ms(void) { return (int64_t)conf_seconds("ldapcompare", COMPARE_SECONDS, COMPARE_SECONDS_MAX) * 1000; }

static void begin(struct ad *a)
{
  watch_make_filter(&a->w->source.profile, &a->filter);
  list_attributes(a);
  read_root(a);
  a->sees_deleted = sees_deleted(a);
  resume(a);
  if (a->is_whole) a->due_at = watch_now_ms() + compare_ms();
}

static void begin_comparison(struct ad *a)
{
  replica_refresh_begin(&a->w->replica);
  a->is_comparing = true;
  a->began_at = watch_now_ms();
  ber_memfree(a->page.bv_val);
  a->page = no_value;
}

static void end_comparison(struct ad *a)
{
  struct watch *w = a->w;
  bool is_first = !w->is_following;

  if (replica_delete_unseen(&w->replica)) {
    w->has_deleted = true;
    watch_note_change(w);
  }
  a->is_comparing = false;
  a->ended_at = watch_now_ms();
  a->took_ms = a->ended_at - a->began_at;
  a->due_at = a->ended_at + compare_ms();
  a->is_whole = w->is_following = w->is_unsaved = true;
  if (is_first || w->is_changed) watch_say(w, is_first && !w->had_cookie ? "read" : "compared", 0);
}

/* A page of everybody: what stands there is put right; what changes meanwhile is seen by its number, between two pages. */
static void compare(struct ad *a)
{
  LDAP *ld = a->w->ld;
  const struct source_search search = { .base = a->w->source.base.s, .filter = a->filter.s, .attributes = a->attributes };
  LDAPMessage *result = 0;
  unsigned char id[USN_ID];

  bool has_more = source_page(ld, &search, &a->page, &result);
  for (LDAPMessage *e = ldap_first_entry(ld, result); e; e = ldap_next_entry(ld, e))
    if (!ad_store(a, e, id)) die_temporary(a->w->uri, ": an entry without an objectGUID");
  ldap_msgfree(result);
  if (!has_more) end_comparison(a);
}

/* Below a container with another name or place everybody has another DN, and nobody another number. */
static bool is_container(LDAP *ld, LDAPMessage *entry)
{
  struct berval **classes = ldap_get_values_len(ld, entry, "objectClass");
  bool is = false;

  for (size_t i = 0; classes && classes[i]; i++)
    is |= !strcasecmp(classes[i]->bv_val, "organizationalUnit") || !strcasecmp(classes[i]->bv_val, "container");
  ldap_value_free_len(classes);
  return is;
}

static bool has(LDAP *ld, LDAPMessage *entry, const char *name)
{
  struct berval **values = ldap_get_values_len(ld, entry, name);
  bool has_it = values && values[0];

  ldap_value_free_len(values);
  return has_it;
}

/* Adds the objectGUIDs of what a page has. */
static size_t take_ids(struct ad *a, LDAPMessage *result, text *ids)
{
  LDAP *ld = a->w->ld;
  size_t count = 0;

  for (LDAPMessage *e = ldap_first_entry(ld, result); e; e = ldap_next_entry(ld, e), count++) {
    struct berval **id = ldap_get_values_len(ld, e, "objectGUID");
    if (id && id[0] && id[0]->bv_len == USN_ID) text_add_bytes(ids, id[0]->bv_val, USN_ID);
    ldap_value_free_len(id);
    bool is_gone = has(ld, e, "isDeleted"), has_others = is_container(ld, e);
    if (is_gone && !has_others) a->sees_deleted = true; /* the container of tombstones is one itself, for anybody to see */
    if (!is_gone && has_others) a->due_at = 0;
  }
  return count;
}

/* The objects that have changed; how many numbers they account for. */
static size_t find_changed(struct ad *a, uint64_t last, text *ids)
{
  static const char *attributes[] = { "objectGUID", "objectClass", "isDeleted", 0 };
  text filter = TEXT_ZERO;
  struct source_search search = { .base = a->context, .attributes = attributes, .control = &show_deleted };
  struct berval page = no_value;
  LDAPMessage *result = 0;
  size_t count = 0;
  bool has_more;

  usn_filter(&filter, a->place.usn, last);
  search.filter = filter.s;
  do {
    has_more = source_page(a->w->ld, &search, &page, &result);
    count += take_ids(a, result, ids);
    ldap_msgfree(result);
  } while (has_more);
  text_free(&filter);
  return count;
}

/* Something has changed that the login is not shown: somebody may be gone. Who may see tombstones need not guess. */
static void suspect(struct ad *a)
{
  int64_t at = a->ended_at + a->took_ms * EASE;

  if (!a->sees_deleted && at < a->due_at) a->due_at = at;
}

static void take_changes(struct ad *a, uint64_t last)
{
  text ids = TEXT_ZERO;

  if (find_changed(a, last, &ids) < last - a->place.usn) suspect(a);
  if (ids.len > MANY_IDS * USN_ID)
    a->due_at = 0;
  else
    ad_read_again(a, &ids);
  a->place.usn = last;
  text_free(&ids);
}

static void follow_numbers(struct ad *a)
{
  uint64_t last = last_usn(a);

  if (last < a->place.usn) die_temporary(a->w->uri, ": its numbers go backwards");
  if (last > a->place.usn) take_changes(a, last);
  if (!a->is_comparing && watch_now_ms() >= a->due_at) begin_comparison(a);
  if (a->is_comparing) compare(a);
  if (a->is_whole) usn_place_format(&a->place, &a->w->replica.cookie);
}

static void rest(const struct ad *a)
{
  struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

  if (!a->is_comparing) nanosleep(&pause, 0);
}

/* Deleted by name is not deleted because the filter finds nobody: that is asked when few are left, or when a comparison has missed somebody. */
static bool settle(struct watch *w)
{
  w->has_deleted |= w->replica.count < FEW;
  return watch_settle(w);
}

int watch_ad_follow(struct watch *w)
{
  struct ad a = { .w = w, .place = USN_PLACE_ZERO };
  int64_t looked_at = watch_now_ms(), stored_at = looked_at;

  for (begin(&a);; rest(&a)) {
    follow_numbers(&a);
    if (!w->is_following) continue;
    int64_t now = watch_now_ms();
    if (w->is_changed && w->changed_at <= now) {
      if (!settle(w)) return END_DONE;
    } else if (now - looked_at >= LOOK_MS) {
      if (now - stored_at >= STORE_MS) w->is_unsaved = true, stored_at = now;
      looked_at = now;
      if (!watch_look_around(w)) return END_DONE;
    }
  }
}
