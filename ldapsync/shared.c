#include "ldapsync/shared.h"

#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/keys.h"
#include "ldapsync/mailboxes.h"
#include "ldapsync/report.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/rights.h"

enum { OWNERS_MAX = 1000 };

struct reading {
  struct table *policy;
  text all; /* shared:* */
};

/* "WHO [RIGHTS]": an owner without rights is one of rw. A name may have spaces, rights are the last word. */
static bool add_owner(const char *value, text *record)
{
  const char *space = strrchr(value, ' ');
  unsigned int rights;
  text owner = TEXT_ZERO;

  bool has_rights = space && rights_parse(space + 1, &rights);
  if (!has_rights && (space || !rights_parse("rw", &rights))) return false;
  rights_format(rights, &owner);
  text_add_char(&owner, ' ');
  text_add_bytes(&owner, value, space ? (size_t)(space - value) : strlen(value));
  text_lower(&owner);
  record_add(record, "owner", text_string(&owner));
  text_free(&owner);
  return *value && *value != ' ';
}

bool shared_parse(const char *name, const text *fields, text *record, const char **key, const char **value, text *error)
{
  size_t at = 0, count = 0;

  *key = "owner";
  while (!error->len && (*value = record_next(fields, "owner", &at)))
    if (!add_owner(*value, record)) text_add(error, "an owner is LOGIN, ADDRESS, group:NAME or anyone, and then ro, rw, full or letters of " RIGHTS_LETTERS);
    else if (++count > OWNERS_MAX) text_add(error, "more than 1000 owners: make a group of them");
  if (!error->len && count && strchr(name, '/')) {
    *value = record_get(fields, "owner");
    text_add(error, "a mailbox with a / in its name cannot be shared, for that is what stands between folders");
  }
  if (error->len) return false;
  *key = "root";
  *value = record_get(fields, "root");
  if (**value && strcmp(*value, "yes") && strcmp(*value, "no")) text_add(error, "root is yes or no");
  return !error->len;
}

static void add_mailbox(struct reading *r, const char *path, const text *fields, const char *name)
{
  text record = TEXT_ZERO, key = TEXT_ZERO, error = TEXT_ZERO;
  const char *wrong_key, *value;

  key_make(&key, "public", name);
  record_add(&record, "mailbox", text_string(&key));
  if (!shared_parse(name, fields, &record, &wrong_key, &value, &error)) control_refuse(path, wrong_key, value, text_string(&error));
  if (record_find(&record, "owner")) {
    bool is_root = record_is(fields, "root", "yes");
    if (is_root && record_find(&r->all, "root")) die_permanent(path, ": there is another mailbox with root: yes");
    if (is_root) record_add(&r->all, "root", name);
    record_add(&r->all, "name", name);
    table_add(r->policy, "shared", name, &record);
  }
  text_free(&record);
  text_free(&key);
  text_free(&error);
}

static void read_one(void *to, const char *path, const char *file)
{
  text name = TEXT_ZERO, local = TEXT_ZERO, fields = TEXT_ZERO;

  if (control_name(file, &name) && !strchr(name.s, '@') && control_local(name.s, &local)) {
    mailboxes_fields(path, &fields);
    add_mailbox(to, path, &fields, local.s);
  }
  text_free(&name);
  text_free(&local);
  text_free(&fields);
}

void shared_read(struct table *policy)
{
  struct reading reading = { policy, TEXT_ZERO };

  control_folder("mailboxes", read_one, &reading);
  if (reading.all.len) table_add(policy, "shared", "*", &reading.all);
  text_free(&reading.all);
}

/* --- who is meant --- */

struct checking {
  const struct table *policy;
  const struct build *build;
  struct groups *groups;
};

static bool is_somebody(const struct checking *c, const char *who)
{
  bool is_group = !strncmp(who, "group:", 6);
  text folded = TEXT_ZERO, record = TEXT_ZERO;

  text_add(&folded, who + (is_group ? 6 : 0));
  login_fold(&folded);
  if (is_group) groups_name_record(c->groups, text_string(&folded), &record);
  bool is = is_group ? record.len : !strcmp(who, "anyone") || build_login(c->build, text_string(&folded));
  text_free(&folded);
  text_free(&record);
  return is;
}

static void check_one(void *to, const char *path, const char *file)
{
  const struct checking *c = to;
  text name = TEXT_ZERO, local = TEXT_ZERO, record;
  size_t at = 0;

  if (control_name(file, &name) && !strchr(name.s, '@') && control_local(name.s, &local) && table_find(c->policy, "shared", local.s, &record))
    for (const char *owner; (owner = record_next(&record, "owner", &at));) {
      const char *who = owner + strcspn(owner, " ") + 1;
      if (!is_somebody(c, who)) report_warn(path, ": ", who, " is an owner, and nobody is called so");
    }
  text_free(&name);
  text_free(&local);
}

void shared_check(const struct table *policy, const struct build *b, struct groups *g)
{
  struct checking checking = { policy, b, g };
  control_folder("mailboxes", check_one, &checking);
}
