/* record: what a domain says at _smtp._tls.DOMAIN about where it wants reports (RFC 8460 3), without I/O. */

#ifndef TLSRPT_RECORD_H
#define TLSRPT_RECORD_H

#include "lib/record.h"

/* All TXT records of the name, each ended by a NUL: adds mail=ADDRESS or post=URI to *endpoints for each place that is
   understood, in their order; others (unknown schemes, broken URIs) are passed over. False with a sentence in *error if there is
   none, or not exactly one record. */
bool tlsrpt_record_parse(const text *records, text *endpoints, const char **error);

/* The host and the port of an https URI as above. False: it is none. */
bool tlsrpt_uri_parse(const char *uri, size_t length, text *host, unsigned int *port);

#endif
