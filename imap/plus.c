#include "imap/plus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "imap/entry.h"
#include "imap/mailbox.h"
#include "imap/utf7.h"
#include "lib/casefold.h"
#include "lib/log.h"

enum { FOLDERS_MAX = 1000 }; /* strangers make no more */

static bool is_folder(const char *entry)
{
  struct stat status;

  return !fstatat(AT_FDCWD, entry, &status, AT_SYMLINK_NOFOLLOW) && S_ISDIR(status.st_mode);
}

/* A name in modified UTF-7, so that two that differ in case only are the same. */
static bool fold(const char *name, text *folded)
{
  text utf8 = TEXT_ZERO;
  bool is_good = imap_utf7_decode(name, strlen(name), &utf8);

  text_clear(folded);
  if (is_good) casefold_canonical_add(utf8.s, utf8.len, folded);
  text_free(&utf8);
  return is_good;
}

static bool find_in_another_case(const struct imap_names *names, text *name)
{
  text wanted = TEXT_ZERO, folded = TEXT_ZERO;
  bool is_found = false;

  if (fold(text_string(name), &wanted))
    for (size_t i = 0; i < names->count && !is_found; i++) {
      is_found = fold(names->list[i], &folded) && folded.len == wanted.len && !memcmp(folded.s, wanted.s, folded.len);
      if (is_found) text_copy(name, names->list[i]);
    }
  text_free(&wanted);
  text_free(&folded);
  return is_found;
}

static bool may_be_made(const text *name, size_t folders)
{
  return folders < FOLDERS_MAX && !memchr(name->s, '%', name->len) && !memchr(name->s, '*', name->len) && !imap_entry_has_control(name);
}

static bool make(const text *name, text *entry)
{
  enum imap_mailbox_result result = imap_mailbox_create(name);

  if (result == IMAP_MAILBOX_BROKEN) {
    log_event("trouble", "what", "make a folder for plus-addressing", "reason", strerror(errno), (char *)0);
    return false;
  }
  imap_entry_format(name, entry);
  if (result == IMAP_MAILBOX_DONE) imap_mailbox_subscribe(name, true);
  return is_folder(text_string(entry)); /* what was there already may be a link, or a file */
}

/* False: INBOX. */
static bool find(const char *utf7, bool makes, text *entry)
{
  struct imap_names names = IMAP_NAMES_ZERO;
  text name = TEXT_ZERO;
  bool is_found = false;

  if (!imap_entry_name(utf7, &name) && !imap_name_is_inbox(&name)) {
    imap_entry_format(&name, entry);
    is_found = is_folder(text_string(entry));
    if (!is_found && imap_mailbox_list(&names)) {
      is_found = find_in_another_case(&names, &name) || (makes && may_be_made(&name, names.count) && make(&name, entry));
      imap_entry_format(&name, entry);
    }
  }
  imap_names_free(&names);
  text_free(&name);
  return is_found;
}

void imap_plus_find(const char *detail, bool makes, text *entry)
{
  text utf7 = TEXT_ZERO;

  if (!*detail || !imap_utf7_encode(detail, strlen(detail), &utf7) || !find(text_string(&utf7), makes, entry)) text_copy(entry, ".");
  text_string(entry);
  text_free(&utf7);
}
