/* tell: one session with an MX told to tls-report (RFC 8460), which waits for nothing and can fail nothing: a packet that
   finds no place is counted, logged, and the next one says how many were missed. */

#ifndef SEND_TELL_H
#define SEND_TELL_H

#include "lib/record.h"

/* session: a record, what doc/calls.md says behind what=session. Nothing is done if control/tlsreport says no. */
void send_tell(const text *session);

#endif
