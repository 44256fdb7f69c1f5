/* extensions: what a server offers in its answer to EHLO, RFC 5321 4.1.1.1. No I/O. */

#ifndef SEND_EXTENSIONS_H
#define SEND_EXTENSIONS_H

#include "send/reply.h"

struct extensions {
  bool pipelining; /* RFC 2920 */
  bool eightbit;   /* 8BITMIME, RFC 6152 */
  bool utf8;       /* SMTPUTF8, RFC 6531 */
  bool starttls;   /* RFC 3207 */
  bool chunking;   /* RFC 3030 */
  bool dsn;        /* RFC 3461 */
  bool requiretls; /* RFC 8689 */
  bool priority;   /* MT-PRIORITY, RFC 6710 */
  bool size;       /* RFC 1870 */
  uint64_t size_max; /* bytes; 0: no limit told */
  bool auth_plain, auth_login, auth_scram, auth_xoauth2, auth_oauthbearer; /* RFC 4954; SCRAM-SHA-256; RFC 7628 */
};

void send_extensions_parse(struct extensions *e, const struct reply *reply);

#endif
