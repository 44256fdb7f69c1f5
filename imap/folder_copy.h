/* folder_copy: messages of one folder into another, all or none, by hard links; keywords keep their names. */

#ifndef IMAP_FOLDER_COPY_H
#define IMAP_FOLDER_COPY_H

#include "imap/folder_add.h"

/* DONE: they are there, durably, with the uids *first, *first + 1 ... in to. ABSENT: one of them has gone. */
enum imap_folder_result imap_folder_copy(struct imap_folder *from, const size_t *places, size_t count, struct imap_folder *to, imap_marks allowed,
                                         uint32_t *first);

#endif
