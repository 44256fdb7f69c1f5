/* tlsreport: tells tls-report what came of TLS with an MX, for the report that its domain may want (RFC 8460). */

#ifndef SEND_TLSREPORT_H
#define SEND_TLSREPORT_H

#include "send/tlsplan.h"

/* result: "success", or one of RFC 8460 4.3's; error: the same for people, or "". c: the connection; 0: there was none. Does not wait
   for anybody; a hop that was not found by MX has nobody to report to. */
void send_tlsreport_tell(const struct tls_plan *p, const struct client *c, const char *result, const char *error);

#endif
