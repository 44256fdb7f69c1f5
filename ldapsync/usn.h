/* usn: how far a domain controller of Active Directory was followed, and how it is asked for what came later. Each controller counts its
   changes (update sequence numbers), and writes the last one's number on the object: uSNChanged. Bytes in, bytes out, no I/O. */

#ifndef LDAPSYNC_USN_H
#define LDAPSYNC_USN_H

#include "lib/text.h"

enum { USN_ID = 16, USN_SINGLE = 100 };

struct usn_place {
  text controller; /* whose numbers these are: its invocationId in hex; a restored one has another */
  uint64_t usn;    /* all up to this one is known */
};
#define USN_PLACE_ZERO { .controller = TEXT_ZERO }

/* The place as ldap-watch keeps it beside its records. False: these bytes are none; *p is as it was. */
void usn_place_format(const struct usn_place *p, text *bytes);
bool usn_place_parse(struct usn_place *p, const text *bytes);

/* The objects that were changed after one number, up to another one. So many as USN_SINGLE are named one by one: an index answers that at
   once, where Samba looks at every object for a range. */
void usn_filter(text *filter, uint64_t after, uint64_t last);

/* Those of these objectGUIDs (USN_ID bytes each) that fit a filter. */
void usn_id_filter(text *filter, const char *ids, size_t count, const char *and_filter);

/* Of the naming contexts of a server (each ended by a NUL) the one that a DN is in: the longest; 0: none. */
const char *usn_context(const text *contexts, const char *dn);

#endif
