#include "imap/mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/random.h>

#include "imap/entry.h"
#include "imap/file.h"
#include "imap/subscriptions.h"

#define LOCK_FILE "postroom-mailbox-lock"
#define PREPARED_FILE "postroom-folders" /* the folders of special use were made once */
#define SUBSCRIPTIONS_FILE "subscriptions"
#define VALIDITY_FILE "dovecot-uidvalidity"
#define REMOVED "..removed."

static const struct {
  const char *name, *use;
} uses[] = {
  { "Drafts", "\\Drafts" }, { "Sent", "\\Sent" }, { "Junk", "\\Junk" }, { "Trash", "\\Trash" }, { "Archive", "\\Archive" },
};
#define USES (sizeof uses / sizeof *uses)

const char *imap_mailbox_use(const char *name)
{
  for (size_t i = 0; i < USES; i++)
    if (!strcmp(uses[i].name, name)) return uses[i].use;
  return 0;
}

/* --- the files of the mailbox itself, under its lock --- */

struct root {
  int fd, lock;
};

static void root_close(struct root *r)
{
  int error = errno;

  if (r->lock != -1) close(r->lock);
  if (r->fd != -1) close(r->fd);
  errno = error;
}

static bool root_open(struct root *r)
{
  r->lock = -1;
  if (!imap_folder_open_at(AT_FDCWD, ".", &r->fd)) return false;
  r->lock = openat(r->fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (r->lock == -1) {
    root_close(r);
    return false;
  }
  while (flock(r->lock, LOCK_EX))
    if (errno != EINTR) {
      root_close(r);
      return false;
    }
  return true;
}

static struct root locked = { -1, -1 };

bool imap_mailbox_lock(void) { return root_open(&locked); }
void imap_mailbox_unlock(void) { root_close(&locked); }

bool imap_mailbox_new_validity(uint32_t *validity)
{
  struct root root;
  text bytes = TEXT_ZERO;
  time_t now = time(0);

  if (!root_open(&root)) return false;
  bool fine = imap_file_read(root.fd, VALIDITY_FILE, &bytes);
  unsigned long last = strtoul(text_string(&bytes), 0, 16);
  *validity = now > (time_t)last ? (uint32_t)now : (uint32_t)last + 1;
  text_clear(&bytes);
  text_add_format(&bytes, "%08x", *validity);
  fine = fine && imap_file_replace(root.fd, VALIDITY_FILE, &bytes);
  root_close(&root);
  text_free(&bytes);
  return fine;
}

static bool read_subscriptions(int root, struct imap_names *names)
{
  text bytes = TEXT_ZERO;
  bool fine = imap_file_read(root, SUBSCRIPTIONS_FILE, &bytes);

  if (fine) imap_subscriptions_parse(names, bytes.s, bytes.len);
  text_free(&bytes);
  return fine;
}

static bool write_subscriptions(int root, const struct imap_names *names)
{
  text bytes = TEXT_ZERO;

  imap_subscriptions_format(names, &bytes);
  bool fine = imap_file_replace(root, SUBSCRIPTIONS_FILE, &bytes);
  text_free(&bytes);
  return fine;
}

bool imap_mailbox_subscriptions(struct imap_names *names)
{
  int root;

  if (!imap_folder_open_at(AT_FDCWD, ".", &root)) return false;
  bool fine = read_subscriptions(root, names);
  close(root);
  return fine;
}

static void take_out(struct imap_names *names, const char *name)
{
  size_t kept = 0;

  for (size_t i = 0; i < names->count; i++)
    if (strcmp(names->list[i], name)) names->list[kept++] = names->list[i];
  names->count = kept;
}

bool imap_mailbox_subscribe(const text *name, bool is_subscribed)
{
  struct imap_names names = IMAP_NAMES_ZERO;
  struct root root;
  text string = TEXT_ZERO;

  if (!root_open(&root)) return false;
  text_add_text(&string, name);
  bool fine = read_subscriptions(root.fd, &names);
  if (fine && imap_names_have(&names, text_string(&string)) != is_subscribed) {
    if (is_subscribed) {
      imap_names_add(&names, name);
      imap_names_sort(&names);
    } else take_out(&names, string.s);
    fine = write_subscriptions(root.fd, &names);
  }
  root_close(&root);
  imap_names_free(&names);
  text_free(&string);
  return fine;
}

/* --- the folders --- */

static bool read_entries(DIR *stream, struct imap_names *names)
{
  text name = TEXT_ZERO;
  struct stat status;

  errno = 0;
  for (const struct dirent *entry; (entry = readdir(stream)); errno = 0) {
    if (!imap_entry_parse(entry->d_name, &name)) continue;
    bool is_folder = entry->d_type == DT_DIR ||
      (entry->d_type == DT_UNKNOWN && !fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) && S_ISDIR(status.st_mode));
    if (is_folder) imap_names_add(names, &name);
  }
  int error = errno;
  text_free(&name);
  errno = error;
  return !error;
}

bool imap_mailbox_list(struct imap_names *names)
{
  DIR *stream = opendir(".");
  text inbox = TEXT_ZERO;

  if (!stream) return false;
  text_add(&inbox, "INBOX");
  imap_names_add(names, &inbox);
  bool fine = read_entries(stream, names);
  int error = errno;
  closedir(stream);
  text_free(&inbox);
  imap_names_sort(names);
  errno = error;
  return fine;
}

static bool make_part(int folder, const char *name)
{
  return !mkdirat(folder, name, 0700) || errno == EEXIST;
}

static bool make_parts(int folder)
{
  return make_part(folder, "tmp") && make_part(folder, "new") && make_part(folder, "cur");
}

/* The marker by which Maildir++ programs know a folder from a mailbox. */
static bool make_marker(int folder)
{
  int fd = openat(folder, "maildirfolder", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

  return fd != -1 && !close(fd);
}

static bool fill_folder(const char *entry)
{
  int folder;

  if (!imap_folder_open_at(AT_FDCWD, entry, &folder)) return false;
  bool fine = make_parts(folder) && make_marker(folder) && !fsync(folder);
  int error = errno;
  close(folder);
  errno = error;
  return fine;
}

bool imap_mailbox_sync(void)
{
  int root;

  if (!imap_folder_open_at(AT_FDCWD, ".", &root)) return false;
  bool fine = !fsync(root);
  close(root);
  return fine;
}

enum imap_mailbox_result imap_mailbox_create(const text *name)
{
  text entry = TEXT_ZERO;
  enum imap_mailbox_result result = IMAP_MAILBOX_BROKEN;

  imap_entry_format(name, &entry);
  if (mkdir(text_string(&entry), 0700)) {
    if (errno == EEXIST) result = IMAP_MAILBOX_THERE;
  } else if (fill_folder(entry.s) && imap_mailbox_sync()) result = IMAP_MAILBOX_DONE;
  text_free(&entry);
  return result;
}

/* Out of sight by one rename, then removed at leisure: what a crash leaves of it goes at the next login. */
enum imap_mailbox_result imap_mailbox_delete(const text *name)
{
  char aside[sizeof REMOVED + 16] = REMOVED;
  text entry = TEXT_ZERO;
  enum imap_mailbox_result result = IMAP_MAILBOX_BROKEN;

  imap_entry_format(name, &entry);
  random_name(aside + sizeof REMOVED - 1, 16);
  aside[sizeof aside - 1] = 0;
  if (rename(text_string(&entry), aside)) {
    if (errno == ENOENT) result = IMAP_MAILBOX_ABSENT;
  } else if (imap_mailbox_sync()) {
    rm_rf(aside);
    result = IMAP_MAILBOX_DONE;
  }
  text_free(&entry);
  return result;
}

static void finish_removals(void)
{
  DIR *stream = opendir(".");

  if (!stream) return;
  for (const struct dirent *entry; (entry = readdir(stream));)
    if (!strncmp(entry->d_name, REMOVED, sizeof REMOVED - 1)) rm_rf(entry->d_name);
  closedir(stream);
}

/* --- login --- */

static bool make_uses(void)
{
  text name = TEXT_ZERO;
  bool fine = true;

  text_copy(&name, "INBOX");
  fine = imap_mailbox_subscribe(&name, true);
  for (size_t i = 0; i < USES && fine; i++) {
    text_copy(&name, uses[i].name);
    fine = imap_mailbox_create(&name) != IMAP_MAILBOX_BROKEN && imap_mailbox_subscribe(&name, true);
  }
  text_free(&name);
  return fine;
}

bool imap_mailbox_make(void)
{
  int root;

  if (!imap_folder_open_at(AT_FDCWD, ".", &root)) return false;
  bool fine = make_parts(root);
  close(root);
  finish_removals();
  return fine;
}

bool imap_mailbox_prepare(void)
{
  int root;
  text nothing = TEXT_ZERO;

  if (!imap_folder_open_at(AT_FDCWD, ".", &root)) return false;
  bool fine = make_parts(root);
  finish_removals();
  if (fine && faccessat(root, PREPARED_FILE, F_OK, AT_SYMLINK_NOFOLLOW))
    fine = errno == ENOENT && make_uses() && imap_file_replace(root, PREPARED_FILE, &nothing);
  int error = errno;
  close(root);
  errno = error;
  return fine;
}
