/* deliver: one message into one Maildir. The process already has the mailbox's uid, and the mailbox's folder
   (mail/DOMAIN/USER) is its working directory. */

#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "deliver/maildir.h"
#include "lib/record.h"

/* Of a mailbox that has one. */
struct deliver_quota {
  uint64_t bytes; /* 0: none, and nothing is counted */
  bool defers;    /* control/quotafull: a full mailbox is no reason to give up */
  enum deliver_fullness { DELIVER_UNCHANGED, DELIVER_FULL, DELIVER_ROOM } fullness; /* what it was seen to be */
};

struct delivery {
  const char *id;
  const char *sender;    /* "" is the null sender */
  const char *recipient; /* as the queue has it */
  const char *original;  /* the address that led to it; "" if none did */
  const char *mailbox;   /* its name, for the log */
  const char *host;      /* control/me */
  int message;           /* the queue file; its offset is shared with others and not used */
  uint64_t offset;       /* of the message in it */
  struct deliver_quota *quota;
  bool is_again;         /* a former attempt may have delivered it without being able to say so */
};

/* maildir: which folder of the mailbox, by deliver_maildir_choose. Opens the folders if they are not open yet (MAILDIR_ZERO). Adds the outcome (doc/calls.md) to the record: done only when
   message and folder are on disk. True if it was done: then the folders are good for the next message. */
bool deliver_run(const struct delivery *d, struct maildir *maildir, text *outcome);

#endif
