#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/domains.h"
#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"

static const char *const known[] = { "addusers", 0 };

static void read_domain(struct domains *d, const char *name)
{
  text path = TEXT_ZERO, fields = TEXT_ZERO, error = TEXT_ZERO;

  text_add_format(&path, "control/domains/%s", name);
  text_string(&path);
  for (const char *c = name; *c; c++)
    if (*c != ascii_lower(*c)) die_permanent(path.s, ": a domain's file is named in lower case");
  if (!domain_check(name, strlen(name))) die_permanent(path.s, ": its name is no domain name");
  if (!conf_fields(path.s, known, &fields, &error)) {
    if (error.len) die_permanent(error.s);
    die_unable("read ", path.s);
  }
  const char *addusers = record_get(&fields, "addusers");
  if (!strcmp(addusers, "yes"))
    text_add_bytes(&d->with_users, name, strlen(name) + 1);
  else if (*addusers && strcmp(addusers, "no"))
    die_permanent(path.s, ": addusers is yes or no, not ", addusers);
  text_free(&path);
  text_free(&fields);
  text_free(&error);
}

void domains_read(struct domains *d)
{
  if (!folder_names("control/domains", 0, &d->names) && errno != ENOENT) die_unable("read the folder control/domains");
  for (size_t at = 0; at < d->names.len; at += strlen(d->names.s + at) + 1) {
    read_domain(d, d->names.s + at);
    d->count++;
  }
  d->sorted = malloc((d->count + 1) * sizeof *d->sorted);
  if (!d->sorted) die_nomem();
  size_t i = 0;
  for (size_t at = 0; at < d->names.len; at += strlen(d->names.s + at) + 1) d->sorted[i++] = d->names.s + at;
}

static int compare(const void *a, const void *b)
{
  return strcmp(a, *(const char *const *)b);
}

bool domains_have(const struct domains *d, const char *name)
{
  return bsearch(name, d->sorted, d->count, sizeof *d->sorted, compare) != 0;
}
