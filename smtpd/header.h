/* header: looks at a message's header as it passes, without I/O and in whatever pieces: how many hosts it came through,
   whom it was delivered to before, its Message-ID, what it says of TLS, and where it ends. */

#ifndef SMTPD_HEADER_H
#define SMTPD_HEADER_H

#include "lib/text.h"

enum { HOPS_MAX = 100, HEADER_ID_MAX = 250, HEADER_VALUE_MAX = 2000, HEADER_NAME_MAX = 16 };

enum smtpd_header_place {
  HEADER_LINE_START, /* the first byte of a line */
  HEADER_EMPTY_LINE, /* behind the CR of what may be the empty line */
  HEADER_NAME,
  HEADER_BEHIND_NAME, /* white space before the colon (RFC 5322 4.5) */
  HEADER_VALUE
};

struct smtpd_header {
  const char *me;   /* this host's name: Received fields that it wrote are known by it; 0: does not matter */
  bool ends_early;  /* a line that is no field and continues none ends the header too: what follows is text */
  unsigned int hops;       /* Received fields */
  unsigned int own_hops;   /* of these, those that we wrote */
  unsigned int deliveries; /* Delivered-To fields */
  unsigned int tls_fields; /* TLS-Required fields (RFC 8689 5) */
  bool says_no_tls;        /* one of them says No */
  text message_id;  /* as it stands there, at most HEADER_ID_MAX bytes, without spaces */
  text delivered;   /* the values of the first HOPS_MAX Delivered-To fields, each ended by a NUL */
  text passed;      /* of the first HOPS_MAX Received fields that we wrote: whom for, each ended by a NUL */
  bool is_over;     /* length and body are right */
  size_t length;    /* of the fields */
  size_t body;      /* where the text begins: behind the empty line */
  /* the reader's */
  enum smtpd_header_place place;
  size_t at, line;  /* bytes read, and where the line began */
  char name[HEADER_NAME_MAX];
  size_t name_length;
  int field;        /* which one is being collected */
  text value;
};

void smtpd_header_begin(struct smtpd_header *h, const char *me, bool ends_early); /* keeps the memory */
void smtpd_header_feed(struct smtpd_header *h, const char *bytes, size_t length);
void smtpd_header_end(struct smtpd_header *h); /* nothing follows: what there was is the header, unless it is over */

/* Does a header begin here? A line of an mbox file ("From ...") is forgiven. */
bool smtpd_header_begins(const char *bytes, size_t length);

/* How often this host took the message in for that one recipient; and was it delivered to the address before? */
unsigned int smtpd_header_passed(const struct smtpd_header *h, const char *recipient);
bool smtpd_header_is_delivered(const struct smtpd_header *h, const char *recipient);

/* Its sender prefers that it arrives to TLS: one field TLS-Required, which says No. More than one may not be there (RFC 8689 5). */
bool smtpd_header_is_tls_optional(const struct smtpd_header *h);

void smtpd_header_free(struct smtpd_header *h);

#endif
