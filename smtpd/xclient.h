/* xclient: a host that we trust says whom it speaks for (Postfix's XCLIENT_README): content filters, proxies, tests. */

#ifndef SMTPD_XCLIENT_H
#define SMTPD_XCLIENT_H

#include "smtpd/session.h"

enum xclient_attribute { XCLIENT_NAME, XCLIENT_ADDR, XCLIENT_PORT, XCLIENT_PROTO, XCLIENT_HELO, XCLIENT_LOGIN, XCLIENT_DESTADDR,
                         XCLIENT_DESTPORT, XCLIENT_ATTRIBUTES };

struct xclient {
  bool is_given[XCLIENT_ATTRIBUTES];
  text value[XCLIENT_ATTRIBUTES]; /* ended by a NUL; "" for [UNAVAILABLE] and [TEMPUNAVAIL] */
  struct ip addr, destaddr;       /* if their values are not empty */
  uint64_t port, destport;
};

/* The command's argument, without I/O. False: it is wrong. */
bool xclient_parse(struct xclient *x, const char *argument, size_t length);

void xclient_hosts_read(void);                     /* control/xclienthosts, at the start of the program */
void xclient_offer(struct session *s);             /* the line of EHLO, if who connected is one of them */
void xclient_proceed(struct session *s, const char *argument, size_t length);

#endif
