#include <string.h>

#include "admin/ldaptable.h"
#include "admin/ldaptable_notes.h"
#include "lib/names.h"

struct plan {
  const struct ldaptable *all;
  size_t count;
  struct ldaptable_result *result;
  struct names lines;      /* each once */
  text people, groups;     /* filters, one behind the other */
  text body;
  const char *primary;     /* the attribute of the main address */
  bool has_mailboxes, is_directory; /* is_directory: Active Directory, by its attributes */
};

static bool is(const char *one, const char *other) { return string_is_nocase(one, other); }

static void add_line(struct plan *p, const char *key, const char *value)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%s: %s", key, value);
  if (*value && names_add(&p->lines, text_string(&line))) text_add_format(&p->body, "%s\n", line.s);
  text_free(&line);
}

/* The next attribute of a list, *at being 0 at first; false at the end. What is none is passed over. */
static bool next_of(const struct ldaptable *t, const char *parameter, size_t *at, text *name)
{
  const char *list = ldaptable_get(t, parameter);

  do {
    *at += strspn(list + *at, " \t,");
    size_t length = strcspn(list + *at, " \t,");
    text_copy_bytes(name, list + *at, length);
    *at += length;
  } while (name->len && !ldaptable_is_attribute(text_string(name)));
  text_string(name);
  return name->len != 0;
}

/* The first; "": there is none. */
static void first_of(const struct ldaptable *t, const char *parameter, text *name)
{
  size_t at = 0;
  next_of(t, parameter, &at, name);
}

static bool is_login(const char *attribute) { return is(attribute, "uid") || is(attribute, "sAMAccountName") || is(attribute, "userPrincipalName") || is(attribute, "uniqueIdentifier"); }

static bool uses_address(const struct ldaptable *t, const char *attribute)
{
  size_t at = 0;

  for (const char *one; (one = record_next(&t->uses, "address", &at));)
    if (is(one, attribute)) return true;
  return false;
}

/* The first that is asked by address, without a prefix, and is no login. */
static const char *asked_address(const struct ldaptable *t)
{
  size_t at = 0;

  for (const char *one; (one = record_next(&t->uses, "address", &at));)
    if (!strchr(one, ' ') && !is_login(one)) return one;
  return 0;
}

/* Which attribute is the main address, as one table sees it; 0: it does not say. */
static const char *primary_of(const struct ldaptable *t, text *result)
{
  first_of(t, t->role == LDAPTABLE_ALIASES && *ldaptable_get(t, "leaf-result-attribute") ? "leaf-result-attribute" : "result-attribute", result);
  if (t->role == LDAPTABLE_ALIASES && !*ldaptable_get(t, "special-result-attribute") && !uses_address(t, result->s) && !is(result->s, "mail")) return 0;
  if (t->role == LDAPTABLE_ALIASES && result->len && !is_login(result->s)) return result->s;
  if (uses_address(t, "mail")) return "mail";
  if (result->len && uses_address(t, result->s) && !is_login(result->s)) return result->s;
  return asked_address(t);
}

static void find_primary(struct plan *p, text *result)
{
  static const enum ldaptable_role order[] = { LDAPTABLE_MAILBOXES, LDAPTABLE_ALIASES, LDAPTABLE_SENDERS };

  for (size_t k = 0; !p->primary && k < 3; k++)
    for (size_t i = 0; !p->primary && i < p->count; i++)
      if (p->all[i].role == order[k]) p->primary = primary_of(&p->all[i], result);
  if (!p->primary) p->primary = "mail";
}

static void add_filter(text *filters, const struct ldaptable *t)
{
  if (!filters->len || !strstr(text_string(filters), t->filter.s)) text_add(filters, t->filter.s);
}

/* Addresses that are asked about: main ones, further ones; by login where they are logins. */
static void add_addresses(struct plan *p, const struct ldaptable *t, const char *key)
{
  size_t at = 0;

  for (const char *one; (one = record_next(&t->uses, "address", &at));)
    if (is_login(one))
      add_line(p, "login", one);
    else if (!is(one, p->primary) || strcmp(key, "alias"))
      add_line(p, key, one);
  at = 0;
  for (const char *one; (one = record_next(&t->uses, "local", &at));) {
    add_line(p, is(one, p->primary) || !strcmp(key, "group-address") ? "group-name" : "login", one);
    ldaptable_note(p->result, t, "%s is asked by the name in front of the @: control/domains/DOMAIN has to say add%s: yes", one, strcmp(key, "group-address") ? "users" : "groups");
  }
}

static bool has_class(const struct plan *p, enum ldaptable_role role, const char *class)
{
  for (size_t i = 0; i < p->count; i++) {
    size_t at = 0;
    if (p->all[i].role != role) continue;
    for (const char *one; (one = record_next(&p->all[i].uses, "class", &at));)
      if (is(one, class)) return true;
  }
  return false;
}

/* "group: objectClass=..." for the classes that no mailbox has. False if there are none. */
static bool add_group_classes(struct plan *p, const struct ldaptable *t)
{
  text condition = TEXT_ZERO;
  bool is_found = false, is_one = record_find(&t->uses, "all-classes") != 0;
  size_t at = 0;

  for (const char *class; !(is_found && is_one) && (class = record_next(&t->uses, "class", &at));) {
    if (is(class, "top") || has_class(p, LDAPTABLE_MAILBOXES, class)) continue;
    text_clear(&condition);
    text_add_format(&condition, "objectClass=%s", class);
    add_line(p, "group", text_string(&condition));
    is_found = true;
  }
  text_free(&condition);
  return is_found;
}

static void add_persons(struct plan *p)
{
  text condition = TEXT_ZERO;

  for (size_t i = 0; i < p->count; i++) {
    size_t at = 0;
    if (p->all[i].role != LDAPTABLE_MAILBOXES) continue;
    for (const char *class; (class = record_next(&p->all[i].uses, "class", &at));) {
      if (is(class, "top")) continue;
      text_clear(&condition);
      text_add_format(&condition, "objectClass=%s", class);
      add_line(p, "person", text_string(&condition));
    }
  }
  text_free(&condition);
}

/* Entries that have members, or lead elsewhere, and are nobody's mailbox. */
static void add_group(struct plan *p, const struct ldaptable *t, const char *special, const char *result)
{
  text condition = TEXT_ZERO, name = TEXT_ZERO;

  text_add_format(&condition, "%s=*", *special ? special : result);
  if (!add_group_classes(p, t)) add_line(p, "group", text_string(&condition));
  add_filter(&p->groups, t);
  add_addresses(p, t, "group-address");
  for (size_t at = 0; *special && next_of(t, "special-result-attribute", &at, &name);) add_line(p, "group-member", name.s);
  for (size_t at = 0; next_of(t, "result-attribute", &at, &name);)
    if (!*special || (!uses_address(t, name.s) && !is_login(name.s))) add_line(p, "group-member-address", name.s);
  if (!*special) add_persons(p);
  text_free(&condition);
  text_free(&name);
}

/* What is looked up leads to another address besides his own: he keeps a copy. */
static void add_forwards(struct plan *p, const struct ldaptable *t, bool is_identity)
{
  text name = TEXT_ZERO, condition = TEXT_ZERO;

  for (size_t at = 0; next_of(t, "result-attribute", &at, &name);) {
    if (is(name.s, p->primary) || is_login(name.s)) continue;
    add_line(p, "forward", name.s);
    text_clear(&condition);
    text_add_format(&condition, "%s=*", name.s);
    if (is_identity) add_line(p, "keep", text_string(&condition));
  }
  text_free(&name);
  text_free(&condition);
}

static void add_aliases(struct plan *p, const struct ldaptable *t)
{
  text result = TEXT_ZERO, special = TEXT_ZERO;
  size_t at = 0;
  bool has_own_class = false;

  first_of(t, "result-attribute", &result);
  first_of(t, "special-result-attribute", &special);
  for (const char *class; (class = record_next(&t->uses, "class", &at));) has_own_class = has_own_class || (!is(class, "top") && !has_class(p, LDAPTABLE_MAILBOXES, class));
  bool is_identity = is(result.s, p->primary) || is_login(result.s);
  if (record_find(&t->uses, "catchall"))
    ldaptable_note(p->result, t, "it asks for @DOMAIN: a catchall is a line of control/domains/DOMAIN, catchall: ADDRESS");
  if (special.len) {
    add_group(p, t, special.s, result.s);
    ldaptable_note_members(p->result, t, p->primary);
  } else if (is_identity) {
    add_addresses(p, t, "alias");
    add_forwards(p, t, true);
    if (!p->has_mailboxes) add_filter(&p->people, t);
    if (p->has_mailboxes && has_own_class) add_group(p, t, "", result.s);
  } else if (result.len) {
    if (p->has_mailboxes) add_forwards(p, t, false);
    if (p->has_mailboxes) add_addresses(p, t, "alias");
    if (!p->has_mailboxes || has_own_class) add_group(p, t, "", result.s);
  }
  text_free(&result);
  text_free(&special);
}

static void add_mailboxes(struct plan *p, const struct ldaptable *t)
{
  text result = TEXT_ZERO;

  first_of(t, "result-attribute", &result);
  add_filter(&p->people, t);
  add_addresses(p, t, "alias");
  if (is_login(result.s)) add_line(p, "login", result.s);
  else if (result.len && !is(result.s, p->primary) && !uses_address(t, result.s))
    ldaptable_note(p->result, t, "%s says where the mail is: each mailbox has a folder of its own here, and mail that is there is not moved", result.s);
  ldaptable_note_conditions(p->result, t);
  text_free(&result);
}

static void add_senders(struct plan *p, const struct ldaptable *t)
{
  text result = TEXT_ZERO, alias = TEXT_ZERO;
  size_t at = 0;

  first_of(t, "result-attribute", &result);
  if (!p->people.len) add_filter(&p->people, t);
  for (const char *one; (one = record_next(&t->uses, "address", &at));) {
    text_copy(&alias, "alias: ");
    text_add(&alias, one);
    if (!is(one, p->primary) && !is_login(one) && !names_have(&p->lines, text_string(&alias))) add_line(p, "send-as", one);
  }
  if (result.len) add_line(p, "login", result.s);
  text_free(&result);
  text_free(&alias);
}

/* Senders that are refused: what the filter says besides the address is the condition. */
static void add_reject(struct plan *p, const struct ldaptable *t)
{
  bool is_and = record_find(&t->uses, "all-others") != 0;
  size_t at = 0, count = 0;

  for (const char *term; (term = record_next(&t->uses, "other", &at)); count++)
    if (!is_and && ldaptable_is_condition(term)) add_line(p, "no-submit", term);
    else ldaptable_note(p->result, t, "(%s) is %s: write no-submit: ATTRIBUTE=VALUE yourself", term, is_and ? "one of several that must hold together, and one line of a profile is one condition" : "no condition that a profile has");
  if (!count) ldaptable_note(p->result, t, "its filter says nothing but the address: whom does it refuse? Write no-submit: ATTRIBUTE=VALUE");
}

static void add_table(struct plan *p, const struct ldaptable *t)
{
  switch (t->role) {
  case LDAPTABLE_ALIASES: add_aliases(p, t); break;
  case LDAPTABLE_MAILBOXES: add_mailboxes(p, t); break;
  case LDAPTABLE_SENDERS: add_senders(p, t); break;
  case LDAPTABLE_REJECT: add_reject(p, t); break;
  default: ldaptable_note_other(p->result, t); return;
  }
  ldaptable_note_uses(p->result, t);
}

/* "(|(A)(B))", or what is one alone. */
static void add_filter_line(text *profile, const char *key, const text *filters)
{
  size_t depth = 0, terms = 0;

  for (size_t i = 0; i < filters->len; i++) {
    depth += filters->s[i] == '(';
    if (filters->s[i] == ')' && !--depth) terms++;
  }
  text_add_format(profile, terms > 1 ? "%s: (|%.*s)\n" : "%s: %.*s\n", key, (int)filters->len, filters->s);
}

static void look_for_directory(struct plan *p)
{
  static const char *const signs[] = { "sAMAccountName", "userPrincipalName", "proxyAddresses", "userAccountControl" };

  for (size_t i = 0; i < p->count; i++)
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
      text name = TEXT_ZERO;
      first_of(&p->all[i], "result-attribute", &name);
      p->is_directory = p->is_directory || is(name.s, signs[k]) || strstr(ldaptable_get(&p->all[i], "query-filter"), signs[k]);
      text_free(&name);
    }
}

static void write_profile(struct plan *p)
{
  text *profile = &p->result->profile, mail = TEXT_ZERO;

  text_add(profile, "# Made by mailadm import ldap-table of");
  for (size_t i = 0; i < p->count; i++) {
    text_add_char(profile, ' ');
    for (const char *c = p->all[i].name; *c; c++) text_add_char(profile, ascii_is_printable(*c) ? *c : '?');
  }
  text_add(profile, ".\n");
  if (!p->people.len) text_add_format(&p->people, "(%s=*)", p->primary);
  add_filter_line(profile, "filter", &p->people);
  if (p->groups.len) add_filter_line(profile, "group-filter", &p->groups);
  text_add(profile, p->is_directory ? "key: objectGUID guid\n" : "key: entryUUID\n");
  text_add_format(profile, "primary: %s\n", p->primary);
  text_add_text(profile, &p->body);
  if (!p->is_directory) text_add(profile, "password: userPassword\n");
  text_string(profile);
  text_free(&mail);
}

bool ldaptable_convert(const struct ldaptable *all, size_t count, struct ldaptable_result *r, text *error)
{
  static const enum ldaptable_role order[] = { LDAPTABLE_MAILBOXES, LDAPTABLE_ALIASES, LDAPTABLE_SENDERS, LDAPTABLE_REJECT, LDAPTABLE_DOMAINS, LDAPTABLE_OTHER };
  struct plan p = { .all = all, .count = count, .result = r, .lines = NAMES_ZERO };
  text result = TEXT_ZERO;

  for (size_t i = 0; i < count; i++) {
    p.has_mailboxes = p.has_mailboxes || all[i].role == LDAPTABLE_MAILBOXES;
    if (all[i].role != LDAPTABLE_UNKNOWN) continue;
    text_add_format(error, "%s: what is it for? Say it as main.cf does: virtual_alias_maps=%s, virtual_mailbox_maps=, smtpd_sender_login_maps=, check_sender_access=...", all[i].name, all[i].name);
    text_string(error);
    return false;
  }
  find_primary(&p, &result);
  look_for_directory(&p);
  for (size_t k = 0; k < sizeof order / sizeof *order; k++)
    for (size_t i = 0; i < count; i++)
      if (all[i].role == order[k]) add_table(&p, &all[i]);
  if (!memmem(p.body.len ? p.body.s : "", p.body.len, "login: ", 7)) add_line(&p, "login", "uid");
  write_profile(&p);
  ldaptable_server(all, count, r);
  if (p.is_directory) ldaptable_note(r, &all[0], "this is an Active Directory: the profile ad knows more of it (disabled and expired accounts, nested and primary groups); compare the two");
  names_free(&p.lines);
  text_free(&p.people);
  text_free(&p.groups);
  text_free(&p.body);
  text_free(&result);
  return true;
}
