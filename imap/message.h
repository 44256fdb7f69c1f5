/* message: the bytes of one message while a command looks at it, and their parts. Loaded when asked for, as little as
   will do; a struct is used for message after message. */

#ifndef IMAP_MESSAGE_H
#define IMAP_MESSAGE_H

#include "imap/folder.h"
#include "lib/mime.h"

struct imap_loaded {
  struct imap_folder *folder;
  size_t place;
  int64_t date_seconds; /* INTERNALDATE, after imap_loaded_stat */
  bool is_stat;
  const char *bytes;    /* after imap_loaded_read */
  size_t length;
  bool is_read, is_mapped;
  text memory;
  struct mime mime;
  enum { IMAP_PARSED_NOTHING, IMAP_PARSED_HEADER, IMAP_PARSED_WHOLE } parsed;
};

void imap_loaded_start(struct imap_loaded *l, struct imap_folder *folder, size_t place); /* lets go of the one before */
void imap_loaded_free(struct imap_loaded *l);

/* Each false with errno, ENOENT: the message has gone. */
bool imap_loaded_stat(struct imap_loaded *l);
bool imap_loaded_read(struct imap_loaded *l);
bool imap_loaded_parse_header(struct imap_loaded *l); /* mime has the header, maybe more */
bool imap_loaded_parse(struct imap_loaded *l);
bool imap_loaded_size(struct imap_loaded *l, uint64_t *wire); /* RFC822.SIZE, kept in the folder */

#endif
