/* header_address: the addresses of a From, To, Cc ... field, one by one, in linear time and with the memory of one.
   Groups, comments, quoted strings, routes and the obsolete forms of RFC 5322 4.4 are understood; what is not an
   address at all is given with what could be read of it (domain empty), so that a reader sees that something is there. */

#ifndef LIB_HEADER_ADDRESS_H
#define LIB_HEADER_ADDRESS_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/text.h"

enum header_address_kind {
  HEADER_ADDRESS_MAILBOX,
  HEADER_ADDRESS_GROUP,    /* a group begins: its name is in name */
  HEADER_ADDRESS_GROUP_END
};

struct header_address {
  enum header_address_kind kind;
  bool has_name, has_route; /* else the text is empty because nothing was there */
  text name;                /* the display name, or the comment of "a@b (name)"; RFC 2047 words as they are */
  text route;               /* "@a,@b" of <@a,@b:user@host> */
  text local;               /* the local part, unquoted */
  text domain;
  /* the reader's */
  text comment;
  struct bytes value;
  size_t at;
  bool in_group;
};
#define HEADER_ADDRESS_ZERO \
  { HEADER_ADDRESS_MAILBOX, false, false, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, \
    BYTES_ZERO, 0, false }

void header_address_start(struct header_address *a, struct bytes value); /* value as header_field has it, folded */
bool header_address_next(struct header_address *a);                      /* false at the end */
void header_address_free(struct header_address *a);

/* As the path of an envelope: "local"@domain, the local part quoted whatever it is. domain: of an address without one. */
void header_address_path(const struct header_address *a, const char *domain, text *path);

#endif
