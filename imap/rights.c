#include "imap/rights.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "imap/entry.h"
#include "imap/share.h"

unsigned int imap_rights_of(const struct imap_state *s, const text *name)
{
  text entry = TEXT_ZERO;

  if (!s->start->share) return RIGHTS_ALL;
  imap_entry_format(name, &entry);
  unsigned int rights = imap_share_rights(s->start->share, text_string(&entry));
  text_free(&entry);
  return rights;
}

void imap_rights_look(struct imap_state *s)
{
  s->rights = s->is_selected ? imap_rights_of(s, &s->name) : RIGHTS_ALL;
}

static bool is_allowed(struct imap_state *s, unsigned int rights, unsigned int needed)
{
  if ((rights & needed) == needed) return true;
  imap_no(s, rights & RIGHT_LOOKUP ? "[NOPERM] you have no right to do that" : "[NONEXISTENT] there is no such mailbox");
  return false;
}

bool imap_may(struct imap_state *s, const text *name, unsigned int needed)
{
  return is_allowed(s, imap_rights_of(s, name), needed);
}

bool imap_may_here(struct imap_state *s, unsigned int needed)
{
  return is_allowed(s, s->rights | RIGHT_LOOKUP, needed);
}

/* The nearest folder above that there is; INBOX, the mailbox itself, is above all. */
static void find_parent(const text *name, text *entry)
{
  struct stat status;
  text parent = TEXT_ZERO;

  text_add_text(&parent, name);
  do {
    while (parent.len && parent.s[parent.len - 1] != IMAP_SEPARATOR) parent.len--;
    if (parent.len) parent.len--;
    imap_entry_format(&parent, entry);
  } while (parent.len && (fstatat(AT_FDCWD, text_string(entry), &status, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(status.st_mode)));
  if (!parent.len) text_copy(entry, ".");
  text_string(entry);
  text_free(&parent);
}

bool imap_may_create(struct imap_state *s, const text *name)
{
  text entry = TEXT_ZERO;

  if (!s->start->share) return true;
  find_parent(name, &entry);
  unsigned int rights = imap_share_rights(s->start->share, entry.s);
  text_free(&entry);
  return is_allowed(s, rights, RIGHT_CREATE);
}

bool imap_rights_inherit(struct imap_state *s, const text *name)
{
  const struct imap_share *share = s->start->share;
  struct imap_acl acl = IMAP_ACL_ZERO;
  text entry = TEXT_ZERO, who = TEXT_ZERO;
  bool is_root = share && strcmp(share->top.s, share->below.s);

  if (!share) return true;
  find_parent(name, &entry);
  bool fine = imap_share_read(entry.s, &acl);
  text_add(&who, "user=");
  text_add(&who, share->login);
  if (is_root) imap_acl_set(&acl, text_string(&who), false, RIGHTS_ALL);
  imap_entry_format(name, &entry);
  if (fine && acl.count) fine = imap_share_write(text_string(&entry), &acl);
  imap_acl_free(&acl);
  text_free(&entry);
  text_free(&who);
  return fine;
}
