/* received: the Received field of a message that came in (RFC 5321 4.4), without I/O. */

#ifndef SMTPD_RECEIVED_H
#define SMTPD_RECEIVED_H

#include "lib/text.h"

struct smtpd_received {
  const char *helo;
  const char *reverse; /* the client's name, if it leads back to its address; 0 or "": none is known */
  const char *ip; /* "" if it is not known */
  const char *me;
  const char *tls; /* protocol and cipher; "" in clear */
  const char *id;
  const char *recipient; /* if it is the only one; 0 or "": it is not told */
  const char *login; /* if it is to be told; else 0 */
  bool is_extended;
  bool is_lmtp;
  bool is_authenticated;
  bool is_utf8;     /* SMTPUTF8 was said */
  bool is_hidden;   /* nothing of the client */
  const char *user; /* of this host, who said it over a unix socket (mail-inject); else 0 */
  uint32_t uid;     /* his */
  uint64_t seconds; /* since 1970 */
};

void smtpd_received_add(text *out, const struct smtpd_received *r);

#endif
