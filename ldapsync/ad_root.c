#include <stdlib.h>
#include <string.h>

#include "ldapsync/ad.h"
#include "ldapsync/watch_ad.h"
#include "lib/die.h"
#include "lib/hex.h"

#define ACTIVE_DIRECTORY "1.2.840.113556.1.4.800"       /* in supportedCapabilities */
#define DELETED_OBJECTS "18E2EA80684F11D2B9AA00C04F79F805" /* the container's well-known GUID (MS-ADTS 6.1.1.4) */

/* One object and some of its attributes. */
static LDAPMessage *read_object(const struct watch *w, LDAP *ld, const char *dn, const char *const *attributes)
{
  LDAPMessage *result = 0;
  int code = ldap_search_ext_s(ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)attributes, 0, 0, 0, 0, LDAP_NO_LIMIT, &result);

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

static uint64_t take_number(const struct watch *w, LDAPMessage *result, const char *name)
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
  LDAPMessage *result = read_object(w, w->ld, "", (const char *const[]){ "supportedCapabilities", 0 });
  bool is = false;

  take_values(w->ld, result, "supportedCapabilities", &capabilities);
  for (size_t at = 0; at < capabilities.len; at += strlen(capabilities.s + at) + 1) is |= !strcmp(capabilities.s + at, ACTIVE_DIRECTORY);
  ldap_msgfree(result);
  text_free(&capabilities);
  return is;
}

uint64_t ad_last_usn(struct ad *a)
{
  LDAPMessage *result = read_object(a->w, a->w->ld, "", (const char *const[]){ "highestCommittedUSN", 0 });
  uint64_t usn = take_number(a->w, result, "highestCommittedUSN");

  ldap_msgfree(result);
  return usn;
}

/* Whose numbers these are: the invocationId; of a controller that does not show it, its name. */
static void identify(struct ad *a, LDAP *ld, LDAPMessage *root, text *controller)
{
  text id = TEXT_ZERO, service = TEXT_ZERO;

  take_values(ld, root, "dsServiceName", &service);
  if (!service.len) die_temporary(a->w->uri, ": it does not say its dsServiceName");
  LDAPMessage *result = read_object(a->w, ld, service.s, (const char *const[]){ "invocationId", 0 });
  take_values(ld, result, "invocationId", &id);
  ldap_msgfree(result);
  const text *from = id.len ? &id : &service;
  text_clear(controller);
  hex_add(controller, from->s, from->len - 1);
  text_free(&id);
  text_free(&service);
}

void ad_read_root(struct ad *a)
{
  struct watch *w = a->w;
  LDAPMessage *result = read_object(w, w->ld, "", (const char *const[]){ "namingContexts", "dsServiceName", "highestCommittedUSN", 0 });

  take_values(w->ld, result, "namingContexts", &a->contexts);
  a->place.usn = take_number(w, result, "highestCommittedUSN");
  a->context = usn_context(&a->contexts, w->source.base.s);
  if (!a->context) a->context = w->source.base.s; /* who is moved out of it is seen by the comparison */
  identify(a, w->ld, result, &a->place.controller);
  ldap_msgfree(result);
}

bool ad_is_same(struct ad *a, LDAP *ld)
{
  text controller = TEXT_ZERO;
  LDAPMessage *result = read_object(a->w, ld, "", (const char *const[]){ "dsServiceName", "highestCommittedUSN", 0 });

  identify(a, ld, result, &controller);
  bool is = text_is(&controller, text_string(&a->place.controller)) && take_number(a->w, result, "highestCommittedUSN") >= a->place.usn;
  ldap_msgfree(result);
  text_free(&controller);
  return is;
}

/* The container itself is seen by anybody. */
bool ad_sees_deleted(struct ad *a)
{
  text base = TEXT_ZERO;
  LDAPMessage *result = 0;
  LDAPControl show_deleted = { .ldctl_oid = (char *)AD_SHOW_DELETED };

  text_add_format(&base, "<WKGUID=" DELETED_OBJECTS ",%s>", a->context);
  ldap_search_ext_s(a->w->ld, text_string(&base), LDAP_SCOPE_ONELEVEL, "(objectClass=*)", (char *[]){ (char *)"1.1", 0 }, 0,
                    (LDAPControl *[]){ &show_deleted, 0 }, 0, 0, 1, &result);
  bool sees = ldap_count_entries(a->w->ld, result) > 0;
  ldap_msgfree(result);
  text_free(&base);
  return sees;
}
