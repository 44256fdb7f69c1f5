/* wire: lines of SMTP to the server and its replies, for client.h. What is said is collected and goes out
   before a reply is read. */

#ifndef SENDMAIL_WIRE_H
#define SENDMAIL_WIRE_H

#include "lib/text.h"

struct sendmail_wire {
  int fd;
  bool is_verbose;  /* the dialogue is shown on stderr */
  bool is_broken;   /* writing failed; errno of then */
  int error;
  bool is_at_start; /* of a line of the message */
  text out;
  text in;
  size_t at;        /* what was read from in */
  unsigned int code;
  text reply;       /* its last line, ended by a NUL */
  text lines;       /* all lines of it, each ended by a NUL */
  text offers;      /* those of the reply to EHLO */
};
#define SENDMAIL_WIRE_ZERO { .fd = -1, .out = TEXT_ZERO, .in = TEXT_ZERO, .reply = TEXT_ZERO, .lines = TEXT_ZERO, .offers = TEXT_ZERO }

void sendmail_wire_begin(struct sendmail_wire *w, int fd, bool is_verbose);
void sendmail_wire_say(struct sendmail_wire *w, const char *words, ...) __attribute__((sentinel)); /* a line of them */
void sendmail_wire_data(struct sendmail_wire *w, const char *bytes, size_t length); /* of the message; dots are stuffed */
bool sendmail_wire_file(struct sendmail_wire *w, int fd, uint64_t length); /* the same from a file. False with errno */
bool sendmail_wire_hello(struct sendmail_wire *w); /* EHLO, and its reply */
bool sendmail_wire_reply(struct sendmail_wire *w); /* false with errno: there is none, code is 0; or it is a 421: the end */
const char *sendmail_wire_status(const struct sendmail_wire *w); /* the enhanced status of the reply, cut off there; "" */
bool sendmail_wire_offers(const struct sendmail_wire *w, const char *extension);
void sendmail_wire_end(struct sendmail_wire *w); /* QUIT, and closes */

#endif
