/* message: the content of one DATA, on its way to queue-add: in memory while it is small, then in a memfd, above 1 MiB
   in an unnamed file that queue-add opened on the queue's disk. The envelope and our Received field stand before it
   (doc/queue.md), so that what is handed over is the queue file. */

#ifndef SMTPD_MESSAGE_H
#define SMTPD_MESSAGE_H

#include "smtpd/data.h"
#include "smtpd/header.h"
#include "smtpd/lines.h"
#include "smtpd/session.h"

struct message {
  text id;
  uint64_t birth_seconds;
  text senders;        /* of destinations elsewhere (smtpd/rewrite) */
  text raw;            /* of a submitted message: what came and is not in pending yet */
  text pending;        /* what is not in fd yet */
  size_t seen;         /* so much of it was looked at */
  int fd;              /* -1 */
  bool is_file;        /* fd is queue-add's file, not a memfd */
  uint64_t written;    /* bytes in fd */
  uint64_t head;       /* of these, what stands before the content */
  uint64_t size_bytes; /* of the content, as the client means it */
  struct smtpd_data data;
  struct smtpd_lines lines;
  struct smtpd_header header;
  bool is_submitted;    /* RFC 6409: lines and header are put right */
  bool is_holding;      /* the header is not whole yet: nothing is written before it is put right */
  bool has_nul, has_long_header;
  struct policy_decision from; /* refused: the From field names whom it may not (smtpd/from); then answer says so */
  text answer;
  const char *failure; /* the answer, if it cannot be kept; what still comes is read and dropped */
  const char *rule;    /* of a refusal */
};

void message_check_settings(void); /* at the start: what cannot be right ends the program */
void message_begin(struct session *s, struct message *m);
bool message_feed(struct session *s, struct message *m); /* takes from the session's input; true: the data ended */

/* The same of a chunk (RFC 3030), of which *left bytes are to come; and what is behind the last one. */
void message_feed_chunk(struct session *s, struct message *m, uint64_t *left);
void message_end_chunks(struct session *s, struct message *m);

/* A refusal that is sure before the end: the answer, else 0. */
const char *message_early_refusal(const struct session *s, struct message *m);

/* All has come. The answer if it is refused, else 0: then it is kept. */
const char *message_refusal(struct session *s, struct message *m);
const char *message_keep(struct session *s, struct message *m); /* all of it is in fd, and stays as it is: 0, else the answer */

/* To queue-add: 0 if it has it, else the answer. _behind: another head, and the message from the byte `from` on. */
const char *message_hand_over(struct message *m);
const char *message_hand_over_behind(struct message *m, const text *head, size_t from);

/* Signs the message if it is to be (smtpd/sign.c), and hands it over: 0, else the answer. */
const char *message_sign_and_hand_over(struct session *s, struct message *m);

/* The end of a transaction (command_data.c): all has come, and is accepted or refused; it is refused before; the client went
   away, so nothing is said and nothing kept. */
void message_finish(struct session *s, struct message *m);
void message_refuse(struct session *s, struct message *m, const char *answer);
void message_drop(struct session *s, struct message *m);

/* What stands before the content: the envelope and our Received field. Made when the first bytes are written, so that it
   knows the Message-ID. */
void message_head_add(const struct session *s, const struct message *m, text *head);

void message_write(struct session *s, struct message *m); /* what is pending, into fd */
void message_end(struct message *m); /* keeps the memory */

#endif
