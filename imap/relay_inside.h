/* What the parts of relay share. */

#ifndef IMAP_RELAY_INSIDE_H
#define IMAP_RELAY_INSIDE_H

#include "imap/follow.h"
#include "imap/state.h"

#define IMAP_RELAY_SINK_MAX (16 * 1024 * 1024)

struct imap_relay {
  int fd;
  text mailbox; /* its name, of shared:NAME */
  text folder;  /* which one of its folders it was asked for */
  bool is_read_only; /* it is selected, but nothing can be changed */
  struct imap_follow follow;
  size_t at, length;
  char bytes[16384];
};

/* Asks mailbox-spawn: one end of a pair of sockets whose other end the process there has; -1. */
int imap_relay_ask(const text *request, text *answer);
void imap_relay_refuse(struct imap_state *s, const text *answer); /* why it did not: NO is the reply */

struct imap_relay *imap_relay_open(struct imap_state *s, const char *folder); /* 0: the reply is NO */
void imap_relay_close(struct imap_relay *r);
bool imap_relay_has(const struct imap_relay *r, const char *folder);          /* is the folder of that mailbox? r may be 0 */
bool imap_relay_send(struct imap_state *s, struct imap_relay *r, const char *bytes, size_t length);

bool imap_relay_fill(struct imap_state *s, struct imap_relay *r); /* bytes, when there are none */

/* Up to the tagged line, or a "+"; all else goes to the client, or to the sink if there is one. MORE is never the answer. */
enum imap_follow_result imap_relay_answer(struct imap_state *s, struct imap_relay *r, text *sink);
void imap_relay_lost(struct imap_state *s, struct imap_relay *r); /* the reply, and perhaps BYE */

/* COPY and MOVE between two mailboxes of which one at least is public. */
void imap_relay_copy(struct imap_state *s, bool to_public);

#endif
