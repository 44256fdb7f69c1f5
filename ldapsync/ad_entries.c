#include <string.h>

#include "ldapsync/ad.h"
#include "lib/ldif.h"

enum { AT_ONCE = 50 };

/* What is looked for in the replica: lines of LDIF, each ended by a NUL. */
struct mentions {
  text lines, found;
};

/* A line as the entry that a DN stands in has it. */
static void add_line(struct mentions *m, const char *name, const char *dn, size_t length)
{
  ldif_add(&m->lines, name, dn, length);
  text_add_char(&m->lines, 0);
}

/* Those who have this DN as a member: Active Directory changes the names in them, and does not say so. */
static void add_members(struct ad *a, struct mentions *m, const text *dn)
{
  for (const char **name = a->w->source.wanted; *name; name++)
    if (profile_has(&a->w->source.profile, "group-member", *name)) add_line(m, *name, dn->s, dn->len);
}

/* The DN of an entry of the replica; false: it is not there. */
static bool known_dn(struct ad *a, const unsigned char *id, text *dn)
{
  struct ldif l;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  size_t length;
  const char *ldif = replica_find(&a->w->replica, id, &length);

  if (!ldif) return false;
  ldif_begin(&l, ldif, length);
  bool good = ldif_next(&l, &e) == LDIF_ENTRY;
  if (good) text_copy_bytes(dn, e.dn.s, e.dn.len);
  ldif_entry_free(&e);
  ldif_free(&l);
  return good;
}

static bool read_id(LDAP *ld, LDAPMessage *entry, unsigned char *id)
{
  struct berval **values = ldap_get_values_len(ld, entry, "objectGUID");
  bool good = values && values[0] && values[0]->bv_len == USN_ID;

  if (good) memcpy(id, values[0]->bv_val, USN_ID);
  ldap_value_free_len(values);
  return good;
}

/* Somebody new: the groups that he is in have had another name of his, or none that counted. */
static void add_groups(struct ad *a, struct mentions *m, LDAPMessage *entry)
{
  struct berval **values = ldap_get_values_len(a->w->ld, entry, "memberOf");

  for (size_t i = 0; values && values[i]; i++) add_line(m, "dn", values[i]->bv_val, values[i]->bv_len);
  ldap_value_free_len(values);
}

static void note_name(struct ad *a, struct mentions *m, LDAPMessage *entry, const unsigned char *id)
{
  text known = TEXT_ZERO;
  char *dn = ldap_get_dn(a->w->ld, entry);

  if (!known_dn(a, id, &known))
    add_groups(a, m, entry);
  else if (dn && !text_is(&known, dn))
    add_members(a, m, &known);
  ldap_memfree(dn);
  text_free(&known);
}

static void remove_entry(struct ad *a, struct mentions *m, const unsigned char *id)
{
  text known = TEXT_ZERO;

  if (known_dn(a, id, &known)) {
    add_members(a, m, &known);
    watch_delete(a->w, id);
  }
  text_free(&known);
}

static LDAPMessage *search_ids(struct ad *a, const char *ids, size_t count)
{
  LDAPMessage *result = 0;
  text filter = TEXT_ZERO;

  usn_id_filter(&filter, ids, count, a->filter.s);
  int code = ldap_search_ext_s(a->w->ld, a->w->source.base.s, LDAP_SCOPE_SUBTREE, filter.s, (char **)a->attributes, 0, 0, 0, 0, LDAP_NO_LIMIT, &result);
  if (code != LDAP_SUCCESS) watch_fail(a->w, code, "read entries again");
  text_free(&filter);
  return result;
}

static bool is_among(const text *ids, const void *id)
{
  for (size_t at = 0; at + USN_ID <= ids->len; at += USN_ID)
    if (!memcmp(ids->s + at, id, USN_ID)) return true;
  return false;
}

static void read_some(struct ad *a, struct mentions *m, const char *ids, size_t count)
{
  LDAP *ld = a->w->ld;
  text found = TEXT_ZERO;
  unsigned char id[USN_ID];

  LDAPMessage *result = search_ids(a, ids, count);
  for (LDAPMessage *e = ldap_first_entry(ld, result); e; e = ldap_next_entry(ld, e)) {
    if (!read_id(ld, e, id)) continue;
    note_name(a, m, e, id);
    watch_store(a->w, ld, e, id);
    text_add_bytes(&found, (const char *)id, USN_ID);
  }
  ldap_msgfree(result);
  for (size_t i = 0; i < count; i++)
    if (!is_among(&found, ids + i * USN_ID)) remove_entry(a, m, (const unsigned char *)ids + i * USN_ID);
  if (a->comparison.is_under_way) text_add_bytes(&a->comparison.read_again, ids, count * USN_ID);
  text_free(&found);
}

static void read_all(struct ad *a, struct mentions *m, const text *ids)
{
  size_t count = ids->len / USN_ID;

  for (size_t at = 0; at < count; at += AT_ONCE) read_some(a, m, ids->s + at * USN_ID, count - at < AT_ONCE ? count - at : AT_ONCE);
}

static bool has_line(const char *ldif, size_t length, const char *line)
{
  size_t line_length = strlen(line);

  if (bytes_are_nocase(line, "dn:", 3)) return length >= line_length && bytes_are_nocase(ldif, line, line_length);
  return memmem(ldif, length, line, line_length);
}

static void look_in(void *to, const unsigned char *id, const char *ldif, size_t length)
{
  struct mentions *m = to;

  for (size_t at = 0; at < m->lines.len; at += strlen(m->lines.s + at) + 1)
    if (has_line(ldif, length, m->lines.s + at)) {
      text_add_bytes(&m->found, (const char *)id, USN_ID);
      return;
    }
}

/* The pages that were asked for before may have these names. */
static void keep_lines(struct ad *a, const text *lines)
{
  struct ad_comparison *c = &a->comparison;

  if (!c->is_under_way) return;
  if (c->changed.len + lines->len > AD_LINES)
    ad_need_comparison(a);
  else
    text_add_text(&c->changed, lines);
}

void ad_read_again(struct ad *a, const text *ids)
{
  struct mentions m = { .lines = TEXT_ZERO, .found = TEXT_ZERO };

  read_all(a, &m, ids);
  if (m.lines.len > AD_LINES)
    ad_need_comparison(a);
  else if (m.lines.len)
    replica_walk(&a->w->replica, look_in, &m);
  keep_lines(a, &m.lines);
  read_all(a, &m, &m.found);
  text_free(&m.lines);
  text_free(&m.found);
}

bool ad_store_page(struct ad *a, LDAPMessage *page)
{
  LDAP *ld = a->comparison.ld;
  struct mentions m = { .lines = a->comparison.changed, .found = TEXT_ZERO };
  unsigned char id[USN_ID];
  size_t length;

  for (LDAPMessage *e = ldap_first_entry(ld, page); e; e = ldap_next_entry(ld, e)) {
    if (!read_id(ld, e, id)) return false;
    if (is_among(&a->comparison.read_again, id)) continue;
    watch_store(a->w, ld, e, id);
    const char *ldif = replica_find(&a->w->replica, id, &length);
    look_in(&m, id, ldif, length);
  }
  if (m.found.len) ad_read_again(a, &m.found);
  text_free(&m.found);
  return true;
}
