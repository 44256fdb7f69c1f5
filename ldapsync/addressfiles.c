#include <stdlib.h>
#include <string.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/control.h"
#include "ldapsync/report.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"

static const char *const known[] = { "to", "internal", 0 };

/* "local@domain" or "local", which is generic. */
static bool parse_key(const char *value, text *key)
{
  if (strchr(value, '@')) return control_address(value, key);
  if (!control_local(value, key)) return false;
  text_add(key, "@*");
  text_string(key);
  return true;
}

bool addressfile_key(const char *file, text *key)
{
  text name = TEXT_ZERO;
  bool good = control_name(file, &name) && parse_key(name.s, key);

  text_free(&name);
  return good;
}

static void list_file(void *to, const char *path, const char *file)
{
  text key = TEXT_ZERO;

  if (!addressfile_key(file, &key)) die_permanent(path, ": its name is no address, and no local part of one");
  if (!names_add(to, key.s)) die_permanent(path, ": another file has the same address, written otherwise");
  text_free(&key);
}

void addressfiles_list(struct names *files) { control_folder("addresses", list_file, files); }

struct reading {
  const struct targets *targets;
  struct leads *leads;
};

static bool take_destination(const struct reading *r, const char *path, const char *value, struct lead *lead)
{
  struct member one;

  switch (targets_find(r->targets, value, lead->address, &one)) {
  case TARGET_BAD: control_refuse(path, "to", value, "a destination is ADDRESS, LOGIN, group:NAME or public:NAME");
  case TARGET_ABSENT:
    report_warn(path, ": to: ", value, " is passed over: there is none of this name");
    return false;
  case TARGET_FOUND: break;
  }
  if (one.group && one.group->is_refused) {
    report_warn(path, ": to: ", value, " is passed over: this group gets no mail");
    return false;
  }
  lead->what = one.account ? LEAD_MAILBOX : one.group ? LEAD_MEMBERS : LEAD_FORWARD;
  lead->to = one.account ? one.account->key : one.group ? one.group->facts->key : one.address;
  return true;
}

static void check_domain(const struct reading *r, const char *path, const char *address)
{
  const char *domain = strrchr(address, '@') + 1;

  if (strcmp(domain, "*") && !domains_find(r->targets->domains, domain))
    report_warn(path, ": the domain ", domain, " is not in control/domains: nobody asks for this address");
}

static void read_file(void *to, const char *path, const char *file)
{
  const struct reading *r = to;
  text fields = TEXT_ZERO, key = TEXT_ZERO;
  size_t at = 0, count = 0;

  if (!addressfile_key(file, &key)) die_permanent(path, ": its name is no address, and no local part of one");
  control_fields(path, known, &fields);
  const char *internal = record_get(&fields, "internal");
  if (*internal && strcmp(internal, "yes") && strcmp(internal, "no")) control_refuse(path, "internal", internal, "internal is yes or no");
  if (!record_find(&fields, "to")) die_permanent(path, ": it has no \"to:\", so where does the address lead?");
  check_domain(r, path, key.s);
  struct lead lead = { .address = string_duplicate(key.s), .from = string_duplicate(path), .kind = LEAD_FILE, .is_internal = !strcmp(internal, "yes") };
  for (const char *value; (value = record_next(&fields, "to", &at));)
    if (take_destination(r, path, value, &lead)) {
      lead.order = count++;
      leads_add(r->leads, &lead);
    }
  if (!count) report_warn(path, ": the address leads nowhere, so there is no such address");
  text_free(&fields);
  text_free(&key);
}

void addressfiles_read(const struct targets *t, struct leads *l)
{
  struct reading reading = { t, l };
  control_folder("addresses", read_file, &reading);
}

bool internal_parse(struct names *internal, const char *path, const text *bytes, text *error)
{
  text value = TEXT_ZERO, key = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool good = true;

  while (good && conf_next_line(bytes, &at, &number, &line, &length)) {
    text_copy_bytes(&value, line, length);
    good = strlen(text_string(&value)) == length && parse_key(value.s, &key);
    if (good) names_add(internal, key.s);
  }
  text_free(&value);
  text_free(&key);
  return good || control_wrong(error, path, number, "not an address, and no local part of one");
}

void internal_read(struct leads *l)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;

  if (file_read("control/internal", &bytes) && !internal_parse(&l->internal, "control/internal", &bytes, &error)) die_permanent(error.s);
  text_free(&bytes);
  text_free(&error);
}

/* The generic address's destinations, for one domain. */
static void copy_generic(struct leads *l, const struct lead *generic, const char *address)
{
  size_t first = (size_t)(generic - l->all), end = leads_end(l, first);
  const char *kept = string_duplicate(address);

  for (size_t i = first; i < end; i++) {
    struct lead one = l->all[i];
    one.address = kept;
    leads_add(l, &one);
  }
}

/* Has any domain somebody of this local part? Only leads know, and they are many: asked once, for a warning. */
static bool has_local(const struct leads *l, const char *generic)
{
  size_t length = strlen(generic) - 1; /* with the '@' */

  for (size_t i = 0; i < l->count; i++)
    if (!strncmp(l->all[i].address, generic, length)) return true;
  return false;
}

bool internal_complete(struct leads *l, const struct domains *d)
{
  struct names added = NAMES_ZERO;

  for (size_t at = 0; at < l->internal.strings.len; at += strlen(l->internal.strings.s + at) + 1) {
    const char *address = l->internal.strings.s + at, *domain = strrchr(address, '@') + 1;
    if (!strcmp(domain, "*")) {
      if (!has_local(l, address)) strerr_warnw("control/internal: nobody has ", address);
    } else if (!leads_find(l, address)) {
      const struct lead *generic = domains_have(d, domain) ? leads_find_generic(l, address) : 0;
      if (generic)
        names_add(&added, address);
      else
        strerr_warnw("control/internal: nobody has ", address);
    }
  }
  size_t sorted = l->count;
  for (size_t at = 0; at < added.strings.len; at += strlen(added.strings.s + at) + 1) {
    struct leads before = *l; /* the new ones lie behind those that are sorted */
    before.count = sorted;
    copy_generic(l, leads_find_generic(&before, added.strings.s + at), added.strings.s + at);
  }
  names_free(&added);
  return l->count > sorted;
}

/* In its own domain a catchall must be an address of somebody: else it would lead to itself. */
static void check_catchall(const struct leads *l, const struct domains *d, const struct domain *domain)
{
  const char *address = record_find(&domain->record, "catchall");
  bool is_own = address && !strcmp(strrchr(address, '@') + 1, domain->name);

  if (address && (is_own ? !leads_find(l, address) && !leads_find_generic(l, address) : !leads_reach(l, d, address)))
    strerr_warnw(record_get(&domain->record, "file"), ": the catchall is ", address, ", and nobody has that address");
}

void addressfiles_check(const struct leads *l, const struct domains *d)
{
  for (size_t i = 0; i < d->count; i++) check_catchall(l, d, &d->sorted[i]);
  for (size_t i = 0; i < l->count; i++)
    if (l->all[i].what == LEAD_FORWARD && !leads_reach(l, d, l->all[i].to))
      strerr_warnw(l->all[i].from, ": ", l->all[i].address, " leads to ", l->all[i].to, ", and nobody has that address");
}

/* Every domain has these two (RFC 5321 4.5.1, RFC 2142): says which one of ours has not, and how many others. */
static void check_duty(const struct leads *l, const struct domains *d, const char *local)
{
  text address = TEXT_ZERO, others = TEXT_ZERO;
  const char *first = 0;
  size_t count = 0;

  for (size_t i = 0; i < d->count; i++) {
    text_clear(&address);
    text_add_format(&address, "%s@%s", local, d->sorted[i].name);
    if (d->sorted[i].is_relayed || leads_reach(l, d, text_string(&address))) continue;
    if (!count++) first = d->sorted[i].name;
  }
  if (count > 1) text_add_format(&others, " and %zu more domains", count - 1);
  if (count) strerr_warnw("nobody has ", local, "@", first, text_string(&others), ": mailadm add address ", local, " DESTINATION");
  text_free(&address);
  text_free(&others);
}

void addressfiles_check_duties(const struct leads *l, const struct domains *d)
{
  text postmaster = TEXT_ZERO;

  if (!l->count) return; /* there is nobody yet */
  if (!conf_value("doublebounceto", &postmaster, "")) check_duty(l, d, "postmaster");
  check_duty(l, d, "abuse");
  text_free(&postmaster);
}
