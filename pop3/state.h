/* state: what a session knows, and what its commands share. A message's number is its place in the folder and one, from the first look at it to the end: what comes
   later is not shown, what others remove keeps its number and is told to have gone. */

#ifndef POP3_STATE_H
#define POP3_STATE_H

#include "imap/message.h"
#include "imap/state.h"
#include "pop3/listen.h"
#include "pop3/uidl.h"

enum { POP3_DELETED = 1, POP3_READ = 2 }; /* bits of what the client has done to a message */

struct pop3_state {
  struct imap_state box;     /* of it: the start, the connection and the folder */
  struct imap_loaded loaded; /* the message that was looked at last */
  struct pop3_line line;
  struct pop3_command command;
  struct pop3_uidl uidl;
  unsigned char *done;       /* of each message: these bits */
  size_t count;              /* of messages; the folder may have more by now */
  unsigned int useless;      /* commands that were none */
  bool ends;
};

void pop3_ok(struct pop3_state *s, const char *words);
void pop3_no(struct pop3_state *s, const char *words);                  /* "-ERR words" */
void pop3_no_errno(struct pop3_state *s, const char *what);             /* "-ERR [SYS/TEMP]", the reason from errno, a line in the log */

/* The place of the command's message; false: -ERR was answered. */
bool pop3_place(struct pop3_state *s, size_t *place);

void pop3_cmd_stat(struct pop3_state *s);
void pop3_cmd_list(struct pop3_state *s);
void pop3_cmd_uidl(struct pop3_state *s);
void pop3_cmd_retr(struct pop3_state *s); /* and TOP */
void pop3_cmd_dele(struct pop3_state *s);
void pop3_cmd_rset(struct pop3_state *s);
void pop3_cmd_quit(struct pop3_state *s);

#endif
