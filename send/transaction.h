/* transaction: one message to its recipients on a connection that is ready: MAIL, RCPT, DATA (RFC 5321 3.3), in as few
   round trips as the server allows (RFC 2920). */

#ifndef SEND_TRANSACTION_H
#define SEND_TRANSACTION_H

#include "send/client.h"
#include "send/message.h"

struct transaction {
  struct client *client;
  struct message *message;
  const char *sender;
  const char **recipients;
  struct outcome *outcomes; /* of each recipient, in their order; all open at first */
  size_t count;
};

/* Decides all outcomes that are open. False: this was a kept connection, and it was found dead before the server answered
   MAIL: what is open may be tried on a new one. */
bool send_transaction_run(struct transaction *t);

/* The same outcome for all that are open. */
void send_transaction_decide(struct transaction *t, const struct outcome *o);

#endif
