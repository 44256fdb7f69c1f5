/* file: small files that are there whole or not at all. Written aside as .NAME.PID, synced, renamed, the folder synced. */

#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <sys/types.h>

#include "lib/text.h"

/* What root writes gets the folder's owner and group: these may read it, and the owner may write it anew (doc/uids.md). False with errno, and nothing is left
   behind. file_create fails with EEXIST if the name is taken, whoever took it. */
bool file_replace(const char *folder, const char *name, const text *bytes, mode_t mode);
bool file_create(const char *folder, const char *name, const text *bytes, mode_t mode);

/* All that is in the file. False, and nothing: there is none. Dies if it cannot be read. */
bool file_read(const char *path, text *bytes);

/* A file in memory that nobody who is given it can change. -1 with errno. */
int file_sealed(const char *name, const text *bytes);

bool folder_sync(const char *folder);

/* The names in a folder, each ended by a NUL, sorted by their bytes; those that begin with a dot are left out.
   ending: only names that end so, 0: all. False with errno. */
bool folder_names(const char *folder, const char *ending, text *names);

/* Adds a name as it is safe in a path: [a-z0-9_+=.-] stand for themselves, every other byte, a dot or '-' in front
   and what is upper case, are written %XX. Two names never become one. */
void file_name_add(text *path, const char *name, size_t length);

#endif
