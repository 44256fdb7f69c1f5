#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/keys.h"
#include "ldapsync/systemusers.h"
#include "lib/conf.h"
#include "lib/die.h"

enum { NOBODY = 65534 };

/* The smallest uid that counts; false: no system users. */
static bool read_setting(uint64_t *minimum)
{
  text value = TEXT_ZERO;

  conf_value("systemusers", &value, "no");
  bool is_wanted = !text_is(&value, "no");
  if (is_wanted && !text_is(&value, "yes") && (!number_scan(value.s, UIDS_MAX, minimum) || !*minimum))
    die_permanent("control/systemusers is yes, no or the smallest uid that gets a mailbox, not ", value.s);
  text_free(&value);
  return is_wanted;
}

static void add(struct accounts *people, const struct passwd *user)
{
  struct account *a = accounts_add(people);
  text path = TEXT_ZERO, key = TEXT_ZERO;

  key_make(&key, "passwd", user->pw_name);
  text_add_format(&path, "%s/Maildir", user->pw_dir);
  record_add(&a->facts, "key", key.s);
  record_add(&a->facts, "login", user->pw_name);
  record_add_number(&a->facts, "uid", user->pw_uid);
  record_add_number(&a->facts, "gid", user->pw_gid);
  record_add(&a->facts, "path", text_string(&path));
  record_add(&a->facts, "receive", "yes");
  record_add(&a->facts, "submit", "yes");
  record_add(&a->facts, "imap", "yes");
  text_add_format(&a->from, "/etc/passwd: %s", user->pw_name);
  text_string(&a->from);
  a->key = record_get(&a->facts, "key");
  text_free(&path);
  text_free(&key);
}

void systemusers_read(struct accounts *people, uint32_t minimum_uid)
{
  uint64_t minimum = minimum_uid;

  if (!read_setting(&minimum)) return;
  if (minimum < minimum_uid) die_permanent("control/systemusers is below control/minimumuid, so these mailboxes would not be opened");
  FILE *file = fopen("/etc/passwd", "re"); /* of this host alone: other people are the directory's */
  if (!file) die_unable("open /etc/passwd");
  for (const struct passwd *user; (user = fgetpwent(file));)
    if (user->pw_uid >= minimum && user->pw_uid < UIDS_MAX && user->pw_uid != NOBODY && user->pw_dir[0] == '/' && user->pw_dir[1])
      add(people, user);
  fclose(file);
}

bool systemuser_place(struct account *a, const struct uids *u)
{
  uint64_t uid = 0;
  struct uids_entry *place;
  const struct uids_entry *owner;

  record_number(&a->facts, "uid", UIDS_MAX, &uid);
  if ((owner = uids_owner(u, (uint32_t)uid))) {
    accounts_report(a, "no mailbox: its uid %lu is that of mailbox %s (key %s)", (unsigned long)uid, owner->path, owner->key);
    return false;
  }
  place = malloc(sizeof *place);
  if (!place) die_nomem();
  *place = (struct uids_entry){ .key = a->key, .path = record_get(&a->facts, "path"), .uid = (uint32_t)uid, .age = (size_t)-1 };
  a->place = place;
  return true;
}
