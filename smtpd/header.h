/* header: looks at a message's header as it passes, without I/O: how many hosts it came through, and its Message-ID. */

#ifndef SMTPD_HEADER_H
#define SMTPD_HEADER_H

#include "lib/text.h"

struct smtpd_header {
  unsigned int hops; /* Received fields */
  text message_id;   /* as it stands there, at most HEADER_ID_MAX bytes, without spaces */
  bool is_over;      /* the empty line came */
  size_t column;     /* where in its line the next byte stands */
  bool may_be_received, may_be_message_id; /* the line begins like that so far */
  bool is_in_id;
  bool has_id;
  char last;
};
enum { HEADER_ID_MAX = 250 };

void smtpd_header_begin(struct smtpd_header *h); /* keeps the memory */
void smtpd_header_feed(struct smtpd_header *h, const char *bytes, size_t length);

#endif
