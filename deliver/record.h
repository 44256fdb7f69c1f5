/* record: what policy.cdb has of a mailbox. */

#ifndef DELIVER_RECORD_H
#define DELIVER_RECORD_H

#include "deliver/place.h"
#include "lib/tables.h"

/* Where it is, and its record; false with a sentence, and perhaps errno. */
bool deliver_record_find(struct tables *policy, struct place *place, text *mailbox, const char *key, const char **error);

uint64_t deliver_record_quota(const text *mailbox); /* its own, or control/defaultquotasize */

#endif
