/* quota: what a session does to the count of its mailbox (lib/maildirsize). Nothing, if it has no quota. */

#ifndef IMAP_QUOTA_H
#define IMAP_QUOTA_H

#include "imap/state.h"
#include "lib/maildirsize.h"

void imap_quota_begin(struct imap_state *s); /* others deleted meanwhile: then it is not full any more */
bool imap_quota_fits(struct imap_state *s, uint64_t more); /* false: NO [OVERQUOTA] is the reply */

/* What came, or what went (is_gone). */
void imap_quota_change(struct imap_state *s, const struct maildirsize *sum, bool is_gone);

/* Adds one message of a folder to a sum. */
void imap_quota_measure(const struct imap_state *s, const struct imap_folder *f, size_t place, struct maildirsize *sum);

#endif
