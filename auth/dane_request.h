/* dane_request: what tls-client is asked with verify=dane: name= (the first is asked for by SNI) and tlsa="U S M HEX". No I/O. */

#ifndef AUTH_DANE_REQUEST_H
#define AUTH_DANE_REQUEST_H

#include "lib/record.h"
#include "lib/tls.h"

enum { DANE_NAMES_MAX = 8, DANE_RECORDS_MAX = 64 }; /* send/tlsplan says no more */

struct dane_request {
  const char *names[DANE_NAMES_MAX];
  struct tls_tlsa records[DANE_RECORDS_MAX];
  size_t name_count, count;
  text bytes; /* of the records */
};

/* What cannot be understood is left out: fewer certificates fit then, never more. The names are the request's. */
void auth_dane_parse(struct dane_request *d, const text *request);

#endif
