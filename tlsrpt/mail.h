/* mail: a report as a message (RFC 8460 5.3), and the file of both that queue-add takes (doc/queue.md). */

#ifndef TLSRPT_MAIL_H
#define TLSRPT_MAIL_H

#include "tlsrpt/store.h"

struct tlsrpt_mail {
  const char *id, *from, *to, *submitter;
  const struct tlsrpt_report *report;
  const text *gzip;
  uint64_t now;
};

void tlsrpt_mail_format(const struct tlsrpt_mail *m, text *message);

/* Envelope and message in a file that nobody can change; -1 with errno. */
int tlsrpt_mail_file(const struct tlsrpt_mail *m);

#endif
