/* RENAME: a folder with all that are below it, one rename each. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "imap/entry.h"
#include "imap/mailbox.h"

/* The name of a folder below from, as it will be below to. */
static void renamed(const char *old, const text *from, const text *to, text *name)
{
  text_copy_bytes(name, to->s, to->len);
  text_add(name, old + from->len);
}

static bool concerns(const char *name, const text *from)
{
  return !strncmp(name, from->s, from->len) && (!name[from->len] || name[from->len] == IMAP_SEPARATOR);
}

/* Are all new names free and possible? DONE: yes; ABSENT: there is nothing to rename. */
static enum imap_mailbox_result rename_check(const struct imap_names *names, const text *from, const text *to)
{
  enum imap_mailbox_result result = IMAP_MAILBOX_ABSENT;
  text name = TEXT_ZERO, checked = TEXT_ZERO;

  for (size_t i = 0; i < names->count && result != IMAP_MAILBOX_THERE && result != IMAP_MAILBOX_BROKEN; i++) {
    if (!concerns(names->list[i], from)) continue;
    renamed(names->list[i], from, to, &name);
    result = IMAP_MAILBOX_DONE;
    if (imap_entry_name(text_string(&name), &checked)) {
      errno = ENAMETOOLONG;
      result = IMAP_MAILBOX_BROKEN;
    } else if (imap_names_have(names, name.s) && !concerns(name.s, from)) result = IMAP_MAILBOX_THERE;
  }
  text_free(&name);
  text_free(&checked);
  return result;
}

static bool rename_one(const char *old, const text *from, const text *to)
{
  text name = TEXT_ZERO, was = TEXT_ZERO, will = TEXT_ZERO;

  text_add(&name, old);
  imap_entry_format(&name, &was);
  renamed(old, from, to, &name);
  imap_entry_format(&name, &will);
  bool fine = !rename(text_string(&was), text_string(&will));
  text_free(&name);
  text_free(&was);
  text_free(&will);
  return fine;
}

static bool rename_all(const struct imap_names *names, const text *from, const text *to)
{
  bool goes_down = imap_name_is_below(to, from); /* then the deepest first, so that no name is taken yet */

  for (size_t i = 0; i < names->count; i++) {
    const char *name = names->list[goes_down ? names->count - 1 - i : i];
    if (concerns(name, from) && !rename_one(name, from, to)) return false;
  }
  return imap_mailbox_sync();
}

enum imap_mailbox_result imap_mailbox_rename(const text *from, const text *to)
{
  struct imap_names names = IMAP_NAMES_ZERO;
  text target = TEXT_ZERO;
  enum imap_mailbox_result result = IMAP_MAILBOX_BROKEN;

  text_add_text(&target, to);
  if (imap_mailbox_list(&names)) {
    result = imap_names_have(&names, text_string(&target)) ? IMAP_MAILBOX_THERE : rename_check(&names, from, to);
    if (result == IMAP_MAILBOX_DONE && !rename_all(&names, from, to)) result = IMAP_MAILBOX_BROKEN;
  }
  imap_names_free(&names);
  text_free(&target);
  return result;
}
