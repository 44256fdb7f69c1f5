/* import_parse: one line of another mail system's file, bytes to record, without I/O. */

#ifndef ADMIN_IMPORT_PARSE_H
#define ADMIN_IMPORT_PARSE_H

#include "lib/record.h"

enum import_kind {
  IMPORT_USERS,     /* Dovecot's passwd-file: user@domain:{SCHEME}password:uid:gid:gecos:home:shell:extra fields */
  IMPORT_VIRTUAL,   /* Postfix's virtual(5): user@domain DESTINATION..., @domain DESTINATION, domain anything */
  IMPORT_ALIASES,   /* aliases(5): name: DESTINATION, ... */
  IMPORT_DOMAINS,   /* Postfix's virtual_mailbox_domains: domain anything */
  IMPORT_MAILBOXES, /* Postfix's virtual_mailbox_maps: user@domain path */
  IMPORT_PASSWD     /* passwd(5) */
};

/* The next entry from *at: Postfix's maps and aliases continue a line by white space in front of the next one. Comments and empty lines
   are passed over. number: of its first line; counted in *lines. */
bool import_next(const text *bytes, enum import_kind kind, size_t *at, size_t *lines, size_t *number, text *line);

/* What the entry says: domain=D; catchall=D; address=A; name=N (without a domain); to=DESTINATION*; password=STORED or clear=PASSWORD;
   quota=BYTES; uid=N and shell=PATH (passwd). False with a sentence. */
bool import_parse(enum import_kind kind, const text *line, text *record, text *error);

#endif
