/* rewrite: senders of mail that is forwarded elsewhere. srs-server knows how (lib/srs_ask); here is when. */

#ifndef SMTPD_REWRITE_H
#define SMTPD_REWRITE_H

#include "smtpd/session.h"

/* Asks for another sender for each destination that needs one: senders becomes a list of them in the order of the destinations,
   each ended by a NUL, "" where it is the envelope's; empty if it is so for all. False if srs-server is out of reach. */
bool rewrite_senders(struct session *s, text *senders);
const char *rewrite_next(const text *senders, size_t *at);

#endif
