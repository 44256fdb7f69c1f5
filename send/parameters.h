/* parameters: what a message's sender asked of every host, as parameters of MAIL and RCPT where the server offers them
   (RFC 3461 4, RFC 6710 3, RFC 8689 2). No I/O. */

#ifndef SEND_PARAMETERS_H
#define SEND_PARAMETERS_H

#include "send/transaction.h"

void transaction_parameters_add(const struct transaction *t, const struct extensions *offers, text *out); /* of MAIL */
void transaction_recipient_parameters_add(const struct transaction *t, const struct extensions *offers, size_t recipient,
                                      bool is_utf8, text *out);

#endif
