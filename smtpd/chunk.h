/* chunk: reads the content that follows BDAT (RFC 3030), without I/O: as smtpd/data does with DATA's, but nothing in it ends
   it, and no dot is stuffed. The bytes may come in any pieces, a line in several chunks. */

#ifndef SMTPD_CHUNK_H
#define SMTPD_CHUNK_H

#include "smtpd/data.h"

void smtpd_chunk_feed(struct smtpd_data *d, const char *bytes, size_t length, text *out);

/* Nothing follows the last chunk: a line without its CRLF gets it, for lines are what is sent on. */
void smtpd_chunk_end(struct smtpd_data *d, text *out);

#endif
