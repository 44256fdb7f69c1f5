/* session: POP3 after the login, for one mailbox, whose INBOX is the maildrop. The process already has the mailbox's uid, and its folder is the working directory, as
   for imap_session (imap/session.h), whose start it takes. mailbox-spawn calls it in a forked child; pop3-session in a test. */

#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include "imap/session.h"

enum { POP3_SILENCE_SECONDS = 600 }; /* RFC 1939 3: a client may be silent for at least that long */

/* Speaks until QUIT, end of input, SIGTERM or so many seconds of silence; then returns. Only QUIT changes the mailbox. start->tag: the SASL mechanisms that were offered
   before, for CAPA; "" if there was no login. start->append_bytes is not looked at. */
void pop3_session(int in, int out, const struct imap_start *start, unsigned int silence_seconds);

#endif
