/* transaction: one message to its recipients on a connection that is ready: MAIL, RCPT, DATA (RFC 5321 3.3), in as few
   round trips as the server allows (RFC 2920), and what its sender asked of every host: RFC 3461, 6531, 6710, 8689. */

#ifndef SEND_TRANSACTION_H
#define SEND_TRANSACTION_H

#include "send/client.h"
#include "send/message.h"

struct transaction {
  struct client *client;
  struct message *message;
  const char *sender;
  const char *envid;    /* RFC 3461; 0: none. The same for the next two. */
  const char *ret;      /* "full", "hdrs" */
  const char *priority; /* RFC 6710 */
  bool is_utf8;         /* its sender said SMTPUTF8: the header may be UTF-8 */
  bool requires_tls;    /* RFC 8689: only over verified TLS, to who asks the same of the next one */
  bool is_relay;        /* the host was told to us: that it does not know us is our mistake, not the sender's */
  bool is_probe;        /* no message: would these recipients be taken? */
  const char **recipients;
  const char **notify;    /* of each recipient, RFC 3461; 0: nothing was said */
  const char **originals; /* "TYPE;ADDRESS" */
  struct outcome *outcomes; /* of each recipient, in their order; all open at first */
  size_t count;
};

/* Decides all outcomes that are open. False: some are open again, and to be run once more, on a new connection if this one is
   closed: it was a kept one, and found dead or tired, or not to know us any more (530), before the server took MAIL; or the server did not know BDAT; or there were
   too many recipients for one transaction. Each false is a step further, so that there is an end. */
bool send_transaction_run(struct transaction *t);

/* The same outcome for all that are open. */
void send_transaction_decide(struct transaction *t, const struct outcome *o);

#endif
