/* sts_record: the TXT record _mta-sts.DOMAIN (RFC 8461 3.1), without I/O. */

#ifndef SEND_STS_RECORD_H
#define SEND_STS_RECORD_H

#include "lib/text.h"

enum { STS_ID_MAX = 32 };

enum sts_record_result {
  STS_RECORD_INVALID = -1, /* there is one, or several, that cannot be used */
  STS_RECORD_ABSENT,       /* none of the records is about MTA-STS */
  STS_RECORD_FOUND
};

/* records: each ended by a NUL (lib/dns_text). What does not begin with "v=STSv1" is not looked at; of the rest there
   must be one alone. id: room for STS_ID_MAX and a NUL; "" if none is found. error: why it is invalid. */
enum sts_record_result send_sts_record_find(const text *records, char *id, const char **error);

#endif
