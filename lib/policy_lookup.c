#include "lib/policy_lookup.h"

#include <string.h>

/* Where the local part's first delimiter is; the local part's length if there is none, or nothing before it. */
static size_t base_length(const char *local, size_t length, char delimiter)
{
  const char *at = delimiter && length ? memchr(local, delimiter, length) : 0;
  return at && at > local ? (size_t)(at - local) : length;
}

bool policy_is_postmaster(const struct address *a, char delimiter)
{
  static const char name[] = "postmaster";
  size_t length = base_length(a->local, strlen(a->local), delimiter);

  return length == sizeof name - 1 && !memcmp(a->local, name, length);
}

/* The local part as it stands before the last "@": with its quotes, if it needs them. */
static size_t local_length(const text *address)
{
  const char *at_sign = memrchr(address->s, '@', address->len);
  return at_sign ? (size_t)(at_sign - address->s) : address->len;
}

/* What the client wrote behind the delimiter, in its own case: a folder's name has one. */
static void take_detail(const struct address *a, char delimiter, text *detail)
{
  size_t length = local_length(&a->shown);
  const char *at = memchr(a->shown.s, delimiter, length), *end = a->shown.s + length;

  text_clear(detail);
  if (at && a->shown.s[0] == '"') {
    end--;
    for (at++; at < end; at++) {
      if (*at == '\\' && at + 1 < end) at++;
      text_add_char(detail, *at);
    }
  } else if (at)
    text_add_bytes(detail, at + 1, (size_t)(end - at - 1));
  text_string(detail);
}

/* The address without its detail, folded, as a key; false if it has none. */
static bool make_base(const struct address *a, char delimiter, text *base)
{
  size_t length = local_length(&a->folded), cut = base_length(a->folded.s, length, delimiter);
  bool is_quoted = a->folded.s[0] == '"';
  struct address plain = ADDRESS_ZERO;

  if (cut == length || (is_quoted && cut == 1)) return false;
  text_copy_bytes(base, a->folded.s, cut);
  if (is_quoted) text_add_char(base, '"');
  text_add_char(base, '@');
  text_add(base, a->domain);
  text_string(base);
  bool good = !is_quoted || address_parse(&plain, base->s, base->len) == ADDRESS_FULL;
  if (is_quoted && good) text_copy_bytes(base, plain.folded.s, plain.folded.len); /* it may need no quotes now */
  address_free(&plain);
  text_string(base);
  return good;
}

static bool is_kind(const text *record, const char *kind) { return record_is(record, "kind", kind); }

/* The record of exactly this key, or of its local part in all domains. True if one decides (or the tables are broken). */
static bool find_key(struct tables *tables, const char *key, bool with_generic, struct policy_lookup *l)
{
  text generic = TEXT_ZERO, record = TEXT_ZERO;
  enum lookup_result exact = tables_find(tables, "address", key, &l->record), any = LOOKUP_ABSENT;
  bool is_name = exact == LOOKUP_FOUND && (is_kind(&l->record, "group") || is_kind(&l->record, "user"));

  if (with_generic && (exact == LOOKUP_ABSENT || is_name)) {
    const char *at_sign = strrchr(key, '@');
    text_copy_bytes(&generic, key, (size_t)(at_sign - key));
    text_add(&generic, "@*");
    any = tables_find(tables, "address", text_string(&generic), &record);
    if (any == LOOKUP_FOUND) text_copy_bytes(&l->record, record.s, record.len);
  }
  text_free(&generic);
  text_free(&record);
  if (exact == LOOKUP_BROKEN || any == LOOKUP_BROKEN) {
    l->place = POLICY_BROKEN;
    return true;
  }
  l->place = POLICY_KNOWN;
  l->rule = any == LOOKUP_FOUND ? "generic-address" : !is_name ? "address" : is_kind(&l->record, "group") ? "group-address" : "user-address";
  return any == LOOKUP_FOUND || exact == LOOKUP_FOUND;
}

/* Of a domain that is not ours an address that stands in the tables counts, and none of all domains. */
static bool find_record(struct tables *tables, char delimiter, const struct address *a, struct policy_lookup *l)
{
  text base = TEXT_ZERO;
  bool with_generic = !l->is_relayed && !*record_get(&l->domain, "alias");
  bool found = find_key(tables, a->folded.s, with_generic, l);

  if (!found && make_base(a, delimiter, &base)) {
    found = find_key(tables, base.s, with_generic, l);
    if (found && l->place == POLICY_KNOWN) take_detail(a, delimiter, &l->detail);
  }
  text_free(&base);
  return found;
}

static void settle(struct policy_lookup *l, enum policy_place place, const char *rule)
{
  l->place = place;
  l->rule = rule;
}

static void find_by_domain(const struct address *a, struct policy_lookup *l)
{
  const char *alias = record_get(&l->domain, "alias"), *catchall = record_get(&l->domain, "catchall");

  if (l->is_relayed) {
    bool is_listed = record_is(&l->domain, "recipients", "listed");
    settle(l, is_listed ? POLICY_UNKNOWN : POLICY_RELAYED, is_listed ? "unknown-user" : "relay-domain");
    l->must_ask = record_is(&l->domain, "recipients", "asked");
  } else if (*alias) {
    settle(l, POLICY_ALIAS, "alias-domain");
    text_copy_bytes(&l->next, a->shown.s, local_length(&a->shown));
    text_add_char(&l->next, '@');
    text_add(&l->next, alias);
  } else if (*catchall) {
    settle(l, POLICY_CATCHALL, "catchall");
    text_copy(&l->next, catchall);
  } else
    settle(l, POLICY_UNKNOWN, "unknown-user");
  text_string(&l->next);
}

void policy_lookup(struct tables *tables, char delimiter, const struct address *a, struct policy_lookup *l)
{
  text_copy(&l->detail, "");
  text_copy(&l->next, "");
  text_string(&l->detail);
  text_string(&l->next);
  text_clear(&l->record);
  l->must_ask = l->is_relayed = false;
  switch (tables_find(tables, "domain", a->domain, &l->domain)) {
  case LOOKUP_BROKEN: settle(l, POLICY_BROKEN, "tables"); break;
  case LOOKUP_ABSENT: settle(l, POLICY_ELSEWHERE, "remote"); break;
  case LOOKUP_FOUND:
    l->is_relayed = *record_get(&l->domain, "relay") != 0;
    if (!find_record(tables, delimiter, a, l)) find_by_domain(a, l);
  }
}

void policy_lookup_free(struct policy_lookup *l)
{
  text_free(&l->domain);
  text_free(&l->record);
  text_free(&l->next);
  text_free(&l->detail);
}
