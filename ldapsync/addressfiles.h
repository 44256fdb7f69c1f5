/* addressfiles: control/addresses (N-36 to N-40) and control/internal. */

#ifndef LDAPSYNC_ADDRESSFILES_H
#define LDAPSYNC_ADDRESSFILES_H

#include "ldapsync/targets.h"

/* A file's name as the key of its address: "local@domain", or "local@*". False if it is none. */
bool addressfile_key(const char *file, text *key);

/* Which addresses have files: before destinations are looked up. Dies if a name is none. */
void addressfiles_list(struct names *files);

/* Their leads. A destination that is not there is reported; an address without any leads nowhere and is not there. */
void addressfiles_read(const struct targets *t, struct leads *l);

/* control/internal: a "local@domain" or "local" a line. */
void internal_read(struct leads *l);
bool internal_parse(struct names *internal, const char *path, const text *bytes, text *error);

/* After sorting: what control/internal says of one address of a generic one needs a record of its own: adds it, and is true
   if the leads must be sorted again. Reports addresses that nobody has. */
bool internal_complete(struct leads *l, const struct domains *d);

/* After sorting: destinations and catchalls that are addresses of ours that nobody has are reported. */
void addressfiles_check(const struct leads *l, const struct domains *d);

/* After sorting: a postmaster (unless control/doublebounceto is one) and an abuse desk that are missing are reported (N-42). */
void addressfiles_check_duties(const struct leads *l, const struct domains *d);

#endif
