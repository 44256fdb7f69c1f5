/* folder: one IMAP mailbox, which is a Maildir: its messages with uids and flags as this session has them, kept in step
   with the disk by imap_folder_sync. The one place where an index will go: what the commands ask for, they ask here.

   Messages stay in the order of their uids, and stay in the list, marked is_gone, when their file has gone, until
   imap_folder_forget: so the client's message numbers hold between two answers.
   Whatever this session, another or another program does goes through the names of files, so each step is atomic and
   nothing has to be repaired after a crash. Our own sessions take the folder's lock for it. */

#ifndef IMAP_FOLDER_H
#define IMAP_FOLDER_H

#include <sys/stat.h>
#include <time.h>

#include "imap/bases.h"
#include "imap/filename.h"
#include "imap/keywords.h"
#include "imap/seen.h"
#include "imap/uids.h"
#include "imap/watch.h"

struct imap_message {
  uint32_t uid;
  uint32_t base;     /* length of the base in name */
  char *name;        /* of the file */
  imap_marks marks;  /* flags as they are */
  imap_marks told;   /* as the client has them */
  uint64_t wire;     /* size with CRLF at the end of each line; IMAP_SIZE_UNKNOWN until somebody asked */
  bool is_new;       /* the file lies in new/ */
  bool is_gone;
  bool is_missing;   /* not seen in the scan that runs */
};

struct imap_stray {  /* a file whose uid is not known yet */
  char *name;
  uint32_t base;
  uint32_t uid;
  bool is_new;
};

struct imap_folder {
  text disk;         /* its entry in the mailbox, "." for INBOX, with a NUL behind it */
  int fd, new, cur, tmp, lock;
  unsigned int locks; /* how often it is held */
  bool is_writable;  /* SELECT: what is in new/ is moved to cur/, and is recent here */
  bool is_stale;     /* everything has to be looked at again */
  struct timespec scanned, new_time, cur_time; /* when that was done last, and how old the folders were then */
  struct imap_uids uids;
  struct imap_keywords keywords;
  struct stat keywords_status; /* of the file that was read */
  struct imap_watch watch;
  struct imap_seen seen; /* if \Seen is one user's own (imap/seen.h): then marks have it from there */
  uint64_t changes;  /* counts every change of messages */
  struct imap_message *messages;
  size_t count, room;
  struct imap_stray *strays;
  size_t stray_count, stray_room;
  struct imap_bases bases; /* of the messages, if has_bases */
  bool has_bases;
};

enum imap_folder_result { IMAP_FOLDER_BROKEN = -1 /* errno */, IMAP_FOLDER_ABSENT, IMAP_FOLDER_DONE };

/* disk: from imap_name_to_disk. Open with its messages (after it, imap_folder_close), or, for a folder that is only
   added to, without looking at them. */
enum imap_folder_result imap_folder_open(struct imap_folder *f, const char *disk, bool is_writable);
enum imap_folder_result imap_folder_open_to_add(struct imap_folder *f, const char *disk);
void imap_folder_close(struct imap_folder *f);

/* What has happened on the disk since the last time. BROKEN with errno ESTALE: the folder is not what it was (another
   uidvalidity, removed): the client has to begin anew. Places in messages stay, pointers do not. */
enum imap_folder_result imap_folder_sync(struct imap_folder *f);

/* Takes the messages that are gone out of the list; each must have been reported. */
void imap_folder_forget(struct imap_folder *f);

/* Sets and clears marks of messages[place] on the disk, whatever others it has by now. ABSENT: it has gone. */
enum imap_folder_result imap_folder_change_marks(struct imap_folder *f, size_t place, imap_marks set, imap_marks clear);

/* What changes of \Seen have not been written yet, if it is one user's own: after all of a command's. False with errno. */
bool imap_folder_keep_seen(struct imap_folder *f);

/* Removes the file of messages[place] if it still has the marks that this session knows; then it is gone. ABSENT: not
   now: after a sync it may be tried again. */
enum imap_folder_result imap_folder_remove(struct imap_folder *f, size_t place);

/* The mark of a keyword, made if there is none yet: 0 with errno, ENOBUFS if all letters are taken. */
imap_marks imap_folder_keyword(struct imap_folder *f, const char *name, size_t length);
bool imap_folder_read_keywords(struct imap_folder *f); /* what other sessions added */

/* The file of messages[place], read only; -1 with errno, ENOENT: it has gone (and is marked so). */
int imap_folder_open_message(struct imap_folder *f, size_t place);

/* Held by our sessions while they look at all files, give uids or change names; a lock inside a lock counts. Waits at
   most 30 s; false with errno. */
bool imap_folder_lock(struct imap_folder *f);
void imap_folder_unlock(struct imap_folder *f);

/* inside: what the parts of this module share */
imap_marks imap_folder_own_marks(imap_marks marks, bool is_seen);                   /* of the name of a file, for this user */
imap_marks imap_folder_file_marks(const struct imap_message *m, imap_marks marks);  /* for the name of its file */
bool imap_folder_read_seen(struct imap_folder *f);
struct imap_message *imap_folder_find(struct imap_folder *f, const char *base, size_t length);
void imap_folder_add_message(struct imap_folder *f, const struct imap_stray *stray);
void imap_folder_add_stray(struct imap_folder *f, const char *name, size_t length, bool is_new);
bool imap_folder_start_uids(struct imap_folder *f); /* a folder that has no uidlist: uidvalidity and guid; then it is written */
enum imap_folder_result imap_folder_place_strays(struct imap_folder *f); /* gives them uids; the lock is held */
void imap_folder_rename_message(struct imap_folder *f, struct imap_message *m, const char *name, size_t length, bool is_new);

#endif
