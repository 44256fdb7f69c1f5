/* file: the small files of a folder, read whole and replaced whole. Names are relative to an open folder; a symlink is
   never followed. */

#ifndef IMAP_FILE_H
#define IMAP_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/text.h"

#define IMAP_FILE_MAX (1024 * 1024) /* bytes of one that is read whole: more is a fault */

/* The bytes of the file; empty if there is none. False with errno. */
bool imap_file_read(int folder, const char *name, text *bytes);

/* Written aside, synced, renamed; the folder is synced. False with errno: then the old file stands. */
bool imap_file_replace(int folder, const char *name, const text *bytes);

bool imap_file_write(int fd, const char *bytes, size_t length); /* all of it */
bool imap_folder_open_at(int folder, const char *name, int *fd); /* a folder, no symlink */

#endif
