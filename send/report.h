/* report: the text of a delivery status notification, RFC 3464 in multipart/report (RFC 6522): first what a person
   understands, then the same for programs, then the header of the message, or all of it. Struct in, bytes out, no I/O.

   No byte from outside stands in it as it came, except of the message, which has a part of its own, and UTF-8 of addresses
   in the part for people; for programs they are spelled in ASCII, unless whom it is for has such an address himself (RFC 6533 3). */

#ifndef SEND_REPORT_H
#define SEND_REPORT_H

#include "lib/said.h"
#include "send/wording.h"

#define SEND_OPERATOR_WORDS "returned by the operator of this mail system" /* who says nothing else */
#define SEND_STATUS_OPERATOR "5.0.0" /* and no host that said it: the operator returned the message */
#define SEND_REPORT_HEADER_MAX 32768 /* so much of the message's header is returned, in whole lines */

enum send_report_action { SEND_REPORT_FAILED, SEND_REPORT_DELIVERED, SEND_REPORT_RELAYED, SEND_REPORT_DELAYED, SEND_REPORT_EXPANDED };

struct send_report_recipient {
  enum send_report_action action;
  const char *address;
  const char *original;    /* orcpt: "TYPE;ADDRESS"; 0: none */
  const struct said *said; /* its last outcome; 0: not known any more */
  bool is_here;            /* in a mailbox of ours, or not */
};

struct send_report {
  const char *host;       /* control/me */
  const char *from;       /* whose the report is: MAILER-DAEMON@ME */
  const char *to;         /* the sender, or the postmaster */
  bool is_to_postmaster;  /* the message could not be returned: it has no sender */
  const char *id;         /* of the report */
  const char *message;    /* id of what failed */
  const char *message_id; /* its Message-ID; "" if it has none */
  const struct send_wordings *wordings;
  const char *custom;     /* control/custombouncetext; 0 or "": none */
  const char *received_from; /* the host that it came from, "NAME (ADDRESS)" (RFC 3464 2.2.4); 0 or "": a person's program */
  const char *envid;      /* what the sender calls the message (RFC 3461 4.4); "": nothing */
  uint64_t birth_seconds; /* of what failed */
  uint64_t now_seconds;
  uint64_t until_seconds; /* when what is late will be given up */
  bool is_tls_optional;   /* it said TLS-Required: No, and so does its report (RFC 8689 5) */
  bool is_utf8;           /* it was sent with SMTPUTF8: its header may hold UTF-8 */
  bool is_full;           /* header is the whole message, and is returned so */
  const char *header;     /* the beginning of the message: its header, or as much as was read of it */
  size_t header_length;
  const struct send_report_recipient *recipients;
  size_t count;
};

/* The status (RFC 3463) of what was said, in the class that the action has. */
const char *send_report_status(const struct send_report_recipient *r);

void send_report_format(const struct send_report *r, text *out); /* adds the message, lines end with CRLF */

#endif
