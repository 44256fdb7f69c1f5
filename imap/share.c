#include "imap/share.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "imap/entry.h"
#include "imap/file.h"
#include "imap/mailbox.h"
#include "imap/utf7.h"
#include "lib/address.h"
#include "lib/rights.h"

/* --- who --- */

static bool find_login(const struct imap_share *share, const char *login, text *record)
{
  text folded = TEXT_ZERO;

  text_add(&folded, login);
  login_fold(&folded);
  bool is = tables_find(share->policy, "login", folded.s, record) == LOOKUP_FOUND && record_find(record, "mailbox");
  text_free(&folded);
  return is;
}

static bool find_group(const struct imap_share *share, const char *name, text *record)
{
  text key = TEXT_ZERO;
  bool is = tables_find(share->policy, "group-name", name, record) == LOOKUP_FOUND;

  text_add(&key, record_get(record, "group"));
  is = is && tables_find(share->policy, "group", text_string(&key), record) == LOOKUP_FOUND;
  text_free(&key);
  return is;
}

static bool is_word(const char *who, const char *word) { return !strncmp(who, word, strlen(word)); }

bool imap_share_knows(const struct imap_share *share, const char *who)
{
  text record = TEXT_ZERO;
  bool is = !strcmp(who, "anyone") || (is_word(who, "user=") && find_login(share, who + 5, &record)) ||
    (is_word(who, "group=") && find_group(share, who + 6, &record));

  text_free(&record);
  return is;
}

/* Is he meant by "user=LOGIN", "group=NAME", "anyone"? */
static bool is_meant(void *context, const char *who)
{
  const struct imap_share *share = context;
  text record = TEXT_ZERO;
  bool is = !strcmp(who, "anyone") || !strcmp(who, "authenticated");

  if (is_word(who, "user=")) is = find_login(share, who + 5, &record) && record_is(&record, "mailbox", share->user);
  if (is_word(who, "group=")) is = find_group(share, who + 6, &record) && record_has(&record, "mailbox", share->user);
  text_free(&record);
  return is;
}

/* "lrs group:sales" to the rights and "group=sales". */
static unsigned int parse_owner(const char *owner, text *who)
{
  size_t letters = strcspn(owner, " ");
  unsigned int rights;
  bool is_negative;

  if (!owner[letters] || !rights_scan(owner, letters, &rights) || !imap_acl_identifier_parse(owner + letters + 1, who, &is_negative) || is_negative)
    return 0;
  return rights;
}

unsigned int imap_share_given(const struct imap_share *share, const char *who)
{
  unsigned int rights = 0;
  text one = TEXT_ZERO;
  size_t at = 0;

  for (const char *owner; (owner = record_next(share->record, "owner", &at));) {
    unsigned int given = parse_owner(owner, &one);
    if (given && text_is(&one, who)) rights |= given;
  }
  text_free(&one);
  return rights;
}

static unsigned int find_base(const struct imap_share *share)
{
  unsigned int rights = 0;
  text who = TEXT_ZERO;
  size_t at = 0;

  for (const char *owner; (owner = record_next(share->record, "owner", &at));) {
    unsigned int given = parse_owner(owner, &who);
    if (given & ~rights && is_meant((void *)share, who.s)) rights |= given;
  }
  text_free(&who);
  return rights;
}

bool imap_share_open(struct imap_share *share, const char *name, bool is_root)
{
  text checked = TEXT_ZERO;

  text_copy(&share->below, IMAP_PUBLIC);
  text_copy(&share->top, IMAP_PUBLIC "/");
  bool is_good = imap_utf7_encode(name, strlen(name), &share->top) && !imap_entry_name(text_string(&share->top), &checked);
  if (!is_root) text_copy_bytes(&share->below, share->top.s, share->top.len);
  text_string(&share->below);
  text_free(&checked);
  share->base = find_base(share);
  return is_good;
}

void imap_share_free(struct imap_share *share)
{
  text_free(&share->top);
  text_free(&share->below);
}

/* --- the file --- */

bool imap_share_read(const char *entry, struct imap_acl *acl)
{
  text bytes = TEXT_ZERO;
  int folder;

  if (!imap_folder_open_at(AT_FDCWD, entry, &folder)) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  bool fine = imap_file_read(folder, IMAP_ACL_FILE, &bytes);
  int error = errno;
  close(folder);
  if (fine) imap_acl_parse(acl, bytes.s, bytes.len);
  text_free(&bytes);
  errno = error;
  return fine;
}

bool imap_share_write(const char *entry, const struct imap_acl *acl)
{
  text bytes = TEXT_ZERO;
  int folder;

  if (!imap_folder_open_at(AT_FDCWD, entry, &folder)) return false;
  imap_acl_format(acl, &bytes);
  bool fine = imap_file_replace(folder, IMAP_ACL_FILE, &bytes);
  int error = errno;
  close(folder);
  text_free(&bytes);
  errno = error;
  return fine;
}

unsigned int imap_share_rights(const struct imap_share *share, const char *entry)
{
  struct imap_acl acl = IMAP_ACL_ZERO;
  unsigned int denied, rights = share->base;

  if (imap_share_read(entry, &acl)) rights |= imap_acl_rights(&acl, is_meant, (void *)share, &denied);
  imap_acl_free(&acl);
  return rights;
}

/* --- the list --- */

/* The mailbox itself, or below it? */
static bool is_within(const struct imap_share *share, const char *outer)
{
  size_t length = strlen(share->top.s);
  return !strncmp(outer, share->top.s, length) && (!outer[length] || outer[length] == IMAP_SEPARATOR);
}

bool imap_share_is_hidden(const struct imap_share *share, const char *outer)
{
  text name = TEXT_ZERO, record = TEXT_ZERO;
  bool is = !is_within(share, outer) && strcmp(share->top.s, share->below.s) && imap_share_mailbox(outer, &name) &&
    tables_find(share->policy, "shared", name.s, &record) == LOOKUP_FOUND;

  text_free(&name);
  text_free(&record);
  return is;
}

bool imap_share_tell(const struct imap_share *share, int fd)
{
  struct imap_names names = IMAP_NAMES_ZERO;
  text outer = TEXT_ZERO, entry = TEXT_ZERO, name = TEXT_ZERO, all = TEXT_ZERO;
  bool fine = imap_mailbox_list(&names);

  for (size_t i = 0; i < names.count; i++) {
    text_copy(&name, names.list[i]);
    imap_entry_format(&name, &entry);
    imap_share_outer(share, &name, &outer);
    if (!(imap_share_rights(share, text_string(&entry)) & RIGHT_LOOKUP) || imap_share_is_hidden(share, outer.s)) continue;
    text_add_bytes(&all, outer.s, outer.len + 1);
  }
  text_add_char(&all, 0);
  fine = fine && imap_file_write(fd, all.s, all.len);
  imap_names_free(&names);
  text_free(&outer);
  text_free(&entry);
  text_free(&name);
  text_free(&all);
  return fine;
}
