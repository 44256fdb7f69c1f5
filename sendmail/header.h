/* header: the header of a message that a local program gives to sendmail: who is meant by it (-t), and the
   From that it lacks: only here the person's name is known. The rest is done by smtp-receive (smtpd/fixup). No I/O. */

#ifndef SENDMAIL_HEADER_H
#define SENDMAIL_HEADER_H

#include "lib/text.h"

struct sendmail_recipients {
  text strings; /* each ended by a NUL */
  size_t count;
};
#define SENDMAIL_RECIPIENTS_ZERO { TEXT_ZERO, 0 }

/* Adds the addresses of a list: "Ann <a@x.test>, bob"; what has no domain gets this one. False: error names what is none. */
bool sendmail_addresses_add(struct sendmail_recipients *all, const char *list, size_t length, const char *domain, text *error);

/* -t: those of To, Cc and Bcc; or, if it is sent again (RFC 5322 3.6.6), those of Resent-To, Resent-Cc and Resent-Bcc. */
bool sendmail_header_recipients(const text *header, struct sendmail_recipients *all, const char *domain, text *error);

struct sendmail_from {
  const char *address;  /* for From, if there is none */
  const char *name;     /* of the person; may be empty */
};

/* Adds the header, with From, and the empty line behind it. */
void sendmail_header_format(const text *header, const struct sendmail_from *from, text *out);

#endif
