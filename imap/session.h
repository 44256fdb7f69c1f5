/* session: IMAP after the login, for one mailbox. The process already has the mailbox's uid, and the mailbox's folder
   (mail/DOMAIN/USER) is its working directory: everything is opened below it and nothing else is needed, but for the
   descriptors given here and stderr for the log. mailbox-spawn calls it in a forked child; imap-session in a test. */

#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imap_share;

struct imap_start {
  const char *login;     /* who logged in, for the log */
  const char *tag;       /* of the command that logged in: it is answered first; "" greets with PREAUTH instead */
  const char *ahead;     /* what the client sent behind that command */
  size_t ahead_length;
  const char *ip;        /* of the client, for the log */
  uint64_t quota_bytes;  /* of the mailbox; 0: none, and nothing is counted */
  bool is_noted_full;    /* others were told that it is full */
  void (*report_full)(bool is_full); /* may be 0 */
  const struct imap_share *share; /* not 0: it is a public mailbox, and login is somebody who may use it (imap/share.h) */
  bool has_public;       /* there are public mailboxes: Public/ is theirs, and mailbox-spawn is asked for them (imap/relay.h) */
  uint64_t append_bytes; /* the largest message that APPEND takes (control/databytes); 0: no limit */
};

/* Speaks until LOGOUT, end of input, SIGTERM or 30 minutes of silence; then returns. in and out may be the same
   descriptor; they are made non-blocking. Ends the process (die_*) when the mailbox cannot be used or memory is out.

   What a sandbox must leave it: reading and writing below the working directory, links and renames between its folders
   (Landlock: REFER), inotify, flock, and mmap of files. */
void imap_session(int in, int out, const struct imap_start *start);

#endif
