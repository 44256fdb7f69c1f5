#include "ldapsync/watch_ad.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ldapsync/ad.h"
#include "lib/die.h"
#include "lib/log.h"

enum {
  LOOK_MS = 2000,             /* what is looked at from time to time is looked at so often */
  STORE_MS = 60000,           /* a place behind which nothing of ours changed is stored so often */
  FEW = 50                    /* with so few left it is asked whether there is anybody at all */
};

static const struct berval no_value = { 0, 0 };
static LDAPControl show_deleted = { .ldctl_oid = (char *)AD_SHOW_DELETED };

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

static void begin(struct ad *a)
{
  watch_make_filter(&a->w->source.profile, &a->filter);
  list_attributes(a);
  ad_read_root(a);
  a->sees_deleted = ad_sees_deleted(a);
  resume(a);
  if (a->is_whole) a->due_at = watch_now_ms() + ad_compare_ms();
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
    if (!is_gone && has_others) ad_need_comparison(a);
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

static void take_changes(struct ad *a, uint64_t last)
{
  text ids = TEXT_ZERO;

  if (find_changed(a, last, &ids) < last - a->place.usn) ad_suspect(a);
  if (ids.len > AD_IDS * USN_ID)
    ad_need_comparison(a);
  else
    ad_read_again(a, &ids);
  a->place.usn = last;
  text_free(&ids);
}

static void follow_numbers(struct ad *a)
{
  uint64_t last = ad_last_usn(a);

  if (last < a->place.usn) die_temporary(a->w->uri, ": its numbers go backwards");
  if (last > a->place.usn) take_changes(a, last);
  if (a->is_whole) usn_place_format(&a->place, &a->w->replica.cookie);
}

/* Until the next poll: a pause, or the next page of a comparison. */
static void wait_for_more(struct ad *a)
{
  struct timespec pause = { .tv_nsec = AD_POLL_MS * 1000000L };

  if (a->comparison.is_under_way)
    ad_compare_go_on(a);
  else
    nanosleep(&pause, 0);
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

  for (begin(&a);; wait_for_more(&a)) {
    if (!ad_compare_is_full(&a)) follow_numbers(&a);
    if (!a.comparison.is_under_way && watch_now_ms() >= a.due_at) ad_compare_begin(&a);
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
