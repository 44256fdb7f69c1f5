/* options: the command line of sendmail, as other programs have called it for decades, into a struct. No I/O. */

#ifndef SENDMAIL_OPTIONS_H
#define SENDMAIL_OPTIONS_H

#include "lib/text.h"

enum sendmail_mode {
  SENDMAIL_SEND,
  SENDMAIL_VERIFY,  /* -bv: what would be answered for each recipient */
  SENDMAIL_SESSION, /* -bs: SMTP on fd 0 and 1 */
  SENDMAIL_LIST,    /* -bp, mailq */
  SENDMAIL_ALIASES, /* -bi, -I, newaliases */
  SENDMAIL_FLUSH    /* -q */
};

struct sendmail_options {
  enum sendmail_mode mode;
  const char *sender;    /* -f, -r; 0: the caller */
  const char *full_name; /* -F; 0: as /etc/passwd has it */
  const char *notify;    /* -N, for RCPT; 0 */
  const char *ret;       /* -R: "FULL", "HDRS"; 0 */
  const char *envid;     /* -V; 0 */
  const char *body;      /* -B: "7BIT", "8BITMIME"; 0: as the message is */
  const char *flush_id;  /* -qI; 0: all */
  bool reads_recipients; /* -t */
  bool ignores_dots;     /* -i: a line with a dot alone is text */
  bool is_verbose;       /* -v */
  const char *const *recipients; /* what stands behind the options, ended by 0 */
};

/* name: argv[0] without its folder. False: error is a sentence. */
bool sendmail_options_parse(struct sendmail_options *o, const char *name, int argc, char *const *argv, text *error);

#endif
