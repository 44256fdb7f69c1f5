#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/domains.h"
#include "ldapsync/hosts.h"
#include "ldapsync/pins.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/language.h"

static const char *const known[] = { "addusers", "addgroups", "catchall", "copy", "alias", "relay", "tls", "fingerprint", "recipients", "language", 0 };
static const char *const yes_words[] = { "no", "yes", 0 };
static const char *const tls_words[] = { "may", "encrypt", "verify", "fingerprint", "dane", "tls", "off", 0 };
static const char *const recipients_words[] = { "all", "listed", "asked", 0 };

/* The value of a key with few values, the first of which is the default; 0 with a sentence if it is none of them. */
static const char *choose(const text *fields, const char *name, const char *const *words, const char **key, text *error)
{
  const char *value = record_get(fields, name);

  if (error->len) return words[0];
  if (!*value) return words[0];
  for (const char *const *word = words; *word; word++)
    if (!strcmp(value, *word)) return *word;
  *key = name;
  text_add_format(error, "%s is", name);
  for (const char *const *word = words; *word; word++) text_add_format(error, "%s%s", word == words ? " " : word[1] ? ", " : " or ", *word);
  text_add_format(error, ", not %s", value);
  return words[0];
}

static bool wrong(const char *name, const char *what, const char **key, text *error)
{
  *key = name;
  text_add(error, what);
  return false;
}

/* An address; what has no domain gets this one. */
static bool add_address(struct domain *d, const text *fields, const char *name, const char **key, text *error)
{
  const char *value = record_get(fields, name);
  text whole = TEXT_ZERO, folded = TEXT_ZERO;
  bool good = true;

  if (!*value) return true;
  text_add(&whole, value);
  if (!strchr(value, '@')) text_add_format(&whole, "@%s", d->name);
  if (control_address(text_string(&whole), &folded))
    record_add(&d->record, name, folded.s);
  else
    good = wrong(name, "it is no mail address", key, error);
  text_free(&whole);
  text_free(&folded);
  return good;
}

/* What is said of a relay where there is none. */
static bool has_no_relay(const text *fields, const char **key, text *error)
{
  static const char *const keys[] = { "tls", "fingerprint", "recipients", 0 };

  for (const char *const *one = keys; *one; one++) {
    if (!*record_get(fields, *one)) continue;
    *key = *one;
    text_add_format(error, "%s is said of a relay, and there is none", *one);
    return false;
  }
  return true;
}

static bool add_relay(struct domain *d, const text *fields, const char **key, text *error)
{
  const char *value = record_get(fields, "relay");
  const char *tls = choose(fields, "tls", tls_words, key, error);
  const char *recipients = choose(fields, "recipients", recipients_words, key, error);
  uint64_t port = strcmp(tls, "tls") ? 25 : 465;
  bool good;

  d->is_relayed = *value != 0;
  if (error->len) return false;
  if (!d->is_relayed) return has_no_relay(fields, key, error);
  if (!(good = hosts_add(value, port, "relay", &d->record, error))) *key = "relay";
  record_add(&d->record, "tls", tls);
  if (good && !(good = pins_add(fields, tls, &d->record, error))) *key = record_find(fields, "fingerprint") ? "fingerprint" : "tls";
  record_add(&d->record, "recipients", recipients);
  return good;
}

static bool add_alias(struct domain *d, const text *fields, const char **key, text *error)
{
  const char *value = record_get(fields, "alias");
  text folded = TEXT_ZERO;
  bool good = true;

  if (!*value) return true;
  if (!control_domain(value, &folded))
    good = wrong("alias", "it is no domain", key, error);
  else
    record_add(&d->record, "alias", folded.s);
  text_free(&folded);
  return good;
}

/* In which language its people are told what became of their mail. */
static bool add_language(struct domain *d, const text *fields, const char **key, text *error)
{
  const char *value = record_get(fields, "language");
  text tag = TEXT_ZERO;

  if (*value && language_parse(value, strlen(value), &tag))
    record_add(&d->record, "language", tag.s);
  else if (*value)
    wrong("language", "it is no language, such as de or pt-BR (RFC 5646)", key, error);
  text_free(&tag);
  return !error->len;
}

/* One file's fields to its domain; false with the key and a sentence in error. No I/O. */
static bool parse_domain(struct domain *d, const char *path, const text *fields, bool catchall_always, const char **key, text *error)
{
  record_add(&d->record, "file", path);
  d->has_users = !strcmp(choose(fields, "addusers", yes_words, key, error), "yes");
  d->has_groups = !strcmp(choose(fields, "addgroups", yes_words, key, error), "yes");
  if (error->len) return false;
  if (!add_alias(d, fields, key, error) || !add_address(d, fields, "catchall", key, error) ||
      !add_address(d, fields, "copy", key, error) || !add_relay(d, fields, key, error) || !add_language(d, fields, key, error))
    return false;
  if (d->has_users && record_find(&d->record, "catchall") && !catchall_always) /* T11 */
    return wrong("catchall", "a domain with addusers: yes has no catchall, which would take what is meant for users that were mistyped; "
                             "control/catchallalways allows it", key, error);
  if (d->is_relayed && (d->has_users || d->has_groups || record_find(&d->record, "catchall") || record_find(&d->record, "alias")))
    return wrong("relay", "a relayed domain is not ours: it has no addusers, addgroups, catchall or alias", key, error);
  return true;
}

struct reading {
  struct domains *domains;
  size_t room;
  bool catchall_always;
};

static void read_domain(void *to, const char *path, const char *file)
{
  struct reading *reading = to;
  struct domains *all = reading->domains;
  text fields = TEXT_ZERO, error = TEXT_ZERO, name = TEXT_ZERO;
  const char *key = "";

  for (const char *c = file; *c; c++)
    if (*c != ascii_lower(*c)) die_permanent(path, ": a domain's file is named in lower case");
  if (!control_domain(file, &name)) die_permanent(path, ": its name is no domain name");
  if (all->count == reading->room) {
    reading->room = reading->room ? reading->room * 2 : 64;
    all->sorted = realloc(all->sorted, reading->room * sizeof *all->sorted);
    if (!all->sorted) die_nomem();
  }
  struct domain *d = &all->sorted[all->count++];
  *d = (struct domain){ .record = TEXT_ZERO };
  d->name = string_duplicate(name.s);
  control_fields(path, known, &fields);
  if (!parse_domain(d, path, &fields, reading->catchall_always, &key, &error))
    control_refuse(path, key, record_get(&fields, key), text_string(&error));
  text_free(&fields);
  text_free(&name);
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(((const struct domain *)a)->name, ((const struct domain *)b)->name);
}

/* An alias leads to a domain of ours, and not back to itself. */
static void check_alias(const struct domains *all, const struct domain *d)
{
  const char *path = record_get(&d->record, "file"), *value = record_get(&d->record, "alias");
  const struct domain *next = d;
  size_t steps = 0;

  for (const char *alias; *(alias = record_get(&next->record, "alias"));) {
    next = domains_find(all, alias);
    if (!next || next->is_relayed) control_refuse(path, "alias", next ? value : alias, "that domain is not ours: it has no file, or is relayed");
    if (next == d || ++steps > all->count) control_refuse(path, "alias", value, "the aliases of these domains are a circle");
  }
}

void domains_read(struct domains *d)
{
  struct reading reading = { .domains = d, .catchall_always = conf_is_yes("catchallalways", false) };

  control_folder("domains", read_domain, &reading);
  if (d->count) qsort(d->sorted, d->count, sizeof *d->sorted, compare_names);
  for (size_t i = 1; i < d->count; i++)
    if (!strcmp(d->sorted[i - 1].name, d->sorted[i].name))
      die_permanent(record_get(&d->sorted[i].record, "file"), " and ", record_get(&d->sorted[i - 1].record, "file"), " are the same domain");
  for (size_t i = 0; i < d->count; i++) check_alias(d, &d->sorted[i]);
}

static int compare(const void *a, const void *b)
{
  return strcmp(a, ((const struct domain *)b)->name);
}

const struct domain *domains_find(const struct domains *d, const char *name)
{
  return d->count ? bsearch(name, d->sorted, d->count, sizeof *d->sorted, compare) : 0;
}

bool domains_have(const struct domains *d, const char *name)
{
  const struct domain *found = domains_find(d, name);
  return found && !found->is_relayed;
}
