/* fixup: what submission does to a header (RFC 6409 8), bytes to bytes, without I/O: Date, Message-ID and From are added
   where they are missing, before the first field; Bcc, Return-Path and Content-Length go; addresses without a domain get
   one. A header with a DKIM-Signature keeps all that stays as it is. */

#ifndef SMTPD_FIXUP_H
#define SMTPD_FIXUP_H

#include "lib/text.h"

enum { FIXUP_HEADER_MAX = 1024 * 1024 }; /* bytes of a header that is fixed up */

struct smtpd_fixup {
  const char *from;   /* the address of who has logged in */
  const char *domain; /* of addresses without one */
  const char *me;     /* for Message-ID: <id@me> */
  const char *id;
  uint64_t seconds;   /* since 1970 */
};

/* header: the fields, without the empty line; it is added. */
void smtpd_fixup(const struct smtpd_fixup *f, const char *header, size_t length, text *out);

#endif
