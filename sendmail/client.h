/* client: the dialogue of mail-inject with smtp-receive -r inject over run/inject. All or nothing: the message is
   given when every recipient was accepted. */

#ifndef SENDMAIL_CLIENT_H
#define SENDMAIL_CLIENT_H

#include "sendmail/header.h"
#include "sendmail/input.h"
#include "sendmail/options.h"

struct sendmail_job {
  const struct sendmail_options *options;
  const char *sender; /* "" is the null sender */
  const struct sendmail_recipients *recipients;
  text header;        /* as it leaves, with the empty line */
  const struct sendmail_input *input;
};

/* The connected socket; -1 with errno. A server that is being restarted is waited for. */
int sendmail_connect(void);

/* Sends it (-bm), or asks about the recipients (-bv). What goes wrong is said on stderr. The exit code, of sysexits.h. */
int sendmail_run(const struct sendmail_job *job);

/* -bs: fd 0 and 1 become the session. */
int sendmail_pass_through(void);

#endif
