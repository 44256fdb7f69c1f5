/* recipient: addresses in commands, and what a server's answer to RCPT means. No I/O. */

#ifndef SEND_RECIPIENT_H
#define SEND_RECIPIENT_H

#include "send/outcome.h"

/* The address, a sender's too, can stand between < and > in a command. */
bool send_recipient_is_sayable(const char *address);

/* A refusal. has_others: some were accepted before; then "too many recipients" is not about this one, who is left for the next
   transaction (RFC 5321 4.5.3.1.10). */
void send_recipient_refuse(struct outcome *o, const struct reply *reply, bool has_others);

/* Those who were left are open again. True if there are some. */
bool send_recipient_reopen(struct outcome *all, size_t count);

#endif
