/* purge: a mailbox's folder and all in it are removed. */

#ifndef ADMIN_PURGE_H
#define ADMIN_PURGE_H

/* path: below mail/, DOMAIN/USER. Symlinks are removed, and never followed: the folder is its owner's. Dies if it cannot. */
void purge_mail(const char *path);

#endif
