/* syncvalue: the values that LDAP content synchronization (RFC 4533) adds to LDAP's messages, written and read in BER.
   Bytes to struct, no I/O. What is read points into the bytes. */

#ifndef LDAPSYNC_SYNCVALUE_H
#define LDAPSYNC_SYNCVALUE_H

#include "lib/text.h"

#define SYNCVALUE_REQUEST "1.3.6.1.4.1.4203.1.9.1.1"
#define SYNCVALUE_STATE "1.3.6.1.4.1.4203.1.9.1.2"
#define SYNCVALUE_DONE "1.3.6.1.4.1.4203.1.9.1.3"
#define SYNCVALUE_INFO "1.3.6.1.4.1.4203.1.9.1.4"

enum {
  SYNCVALUE_UUID = 16,               /* bytes */
  SYNCVALUE_REFRESH_REQUIRED = 4096  /* the result code e-syncRefreshRequired */
};

struct syncvalue_bytes {
  const unsigned char *bytes; /* 0: absent */
  size_t length;
};

enum syncvalue_state { SYNCVALUE_PRESENT, SYNCVALUE_ADD, SYNCVALUE_MODIFY, SYNCVALUE_DELETE };

/* 2.3: beside an entry */
struct syncvalue_entry {
  enum syncvalue_state state;
  const unsigned char *uuid;
  struct syncvalue_bytes cookie;
};

enum syncvalue_kind { SYNCVALUE_NEW_COOKIE, SYNCVALUE_REFRESH_DELETE, SYNCVALUE_REFRESH_PRESENT, SYNCVALUE_ID_SET };

/* 2.5: between entries */
struct syncvalue_info {
  enum syncvalue_kind kind;
  struct syncvalue_bytes cookie;
  bool is_done;                /* the refresh; of the two in the middle */
  bool is_deleted;             /* the ids are those of entries that have gone, not of those that are there */
  struct syncvalue_bytes ids;  /* an id set for syncvalue_next_id */
};

/* 2.2: what asks for refresh and then for every change; cookie 0: from nothing */
void syncvalue_request(text *value, const text *cookie);

bool syncvalue_entry_parse(const void *bytes, size_t length, struct syncvalue_entry *e);
bool syncvalue_info_parse(const void *bytes, size_t length, struct syncvalue_info *i);
const unsigned char *syncvalue_next_id(struct syncvalue_bytes *ids); /* 0 at the end */

#endif
