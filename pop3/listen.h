/* listen: the next line of a client, from the connection that IMAP's sessions use too (imap/wire). */

#ifndef POP3_LISTEN_H
#define POP3_LISTEN_H

#include "imap/wire.h"
#include "pop3/command.h"
#include "pop3/line.h"

enum pop3_heard {
  POP3_HEARD_NOTHING, /* wire->end says why */
  POP3_HEARD_LINE,    /* it is in line->bytes */
  POP3_HEARD_TOO_LONG
};

enum pop3_heard pop3_listen(struct imap_wire *wire, struct pop3_line *line);

/* The same, understood. False: "-ERR" was answered, or (wire->end) there is nothing more. */
bool pop3_listen_command(struct imap_wire *wire, struct pop3_line *line, struct pop3_command *command);

void pop3_answer(struct imap_wire *wire, const char *status, const char *words); /* "+OK words" */

#endif
