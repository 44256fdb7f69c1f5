/* state: what a session knows, and what its commands share. A command is a function in cmd_NAME.c that gives exactly one
   of the replies; the loop in session.c adds what has changed in the folder, then sends the reply. */

#ifndef IMAP_STATE_H
#define IMAP_STATE_H

#include "imap/command.h"
#include "imap/folder.h"
#include "imap/session.h"
#include "imap/wire.h"

struct imap_state {
  const struct imap_start *start;
  struct imap_wire wire;
  struct imap_command command;
  text reply;               /* "OK done": what follows the tag */
  bool ends;                /* LOGOUT */
  struct imap_relay *relay; /* a public mailbox is selected, in another process; is_selected is false then */

  bool is_selected;
  struct imap_folder folder;
  text name;                /* of the folder, ended by a NUL */
  size_t exists;            /* so many messages the client knows of: messages[0 .. exists-1] */
  uint64_t seen_changes;    /* of the folder, told to the client */
  unsigned int rights;      /* lib/rights: what may be done with the folder that is selected */
  imap_marks keywords_told; /* the letters that have a meaning to the client */
};

/* --- the reply: one a command --- */
void imap_ok(struct imap_state *s, const char *words);
void imap_no(struct imap_state *s, const char *words);
void imap_bad(struct imap_state *s, const char *words);
bool imap_reply_is_ok(const struct imap_state *s);
void imap_no_errno(struct imap_state *s, const char *what); /* NO, the reason from errno, a line in the log */

/* --- the folder that is selected --- */
void imap_unselect(struct imap_state *s);
bool imap_is_changeable(struct imap_state *s); /* or NO [READ-ONLY] is the reply */

/* Sends what has changed on the disk: EXISTS, RECENT, FLAGS and, if allowed, EXPUNGE. */
void imap_announce(struct imap_state *s, bool with_expunges);

void imap_announce_new(struct imap_state *s); /* EXISTS and RECENT, whatever they are */

void imap_marks_format(const struct imap_state *s, imap_marks marks, text *names); /* adds "\Seen work" */
void imap_add_flags(struct imap_state *s, imap_marks marks);       /* "(\Seen work)" */
imap_marks imap_named_keywords(const struct imap_state *s);            /* the letters that have a name */
void imap_tell_flag_names(struct imap_state *s);                   /* FLAGS and PERMANENTFLAGS */
void imap_tell_flags(struct imap_state *s, size_t place, bool with_uid); /* "* 4 FETCH (FLAGS (...))" */

/* Removes the messages that are marked deleted (for UID EXPUNGE: those of the set). False with errno. */
bool imap_expunge_deleted(struct imap_state *s);

/* Removes those of the command's sequence set, which have copies elsewhere. False with errno. */
bool imap_remove_set(struct imap_state *s);

/* The messages of the command's sequence set, one after another: at starts as { 0 }. imap_sequence_ready first: false
   (BAD is the reply) if it names messages that there are not. */
struct imap_walk {
  size_t range, next;
};
bool imap_sequence_ready(struct imap_state *s);
bool imap_walk_next(struct imap_state *s, struct imap_walk *at, size_t *place);

void imap_uids_of_command(struct imap_state *s, text *uids);             /* for the log: of the messages in the set */
void imap_flags_format(const struct imap_flags *flags, text *names);      /* for the log */

/* The marks of the command's flags; a keyword that is new is made if makes, else left out. False: the reply is given. */
bool imap_marks_of(struct imap_state *s, struct imap_folder *f, const struct imap_flags *flags, bool makes, imap_marks *marks);

/* The name of a folder as the client wrote it; false: NO is the reply. */
bool imap_take_name(struct imap_state *s, const char *given, text *name);
void imap_shown_name(const struct imap_state *s, const text *name, text *shown); /* and back: as the client knows it */

/* One line in the log (N-46): what was done to which messages. Values may be 0. */
void imap_log(struct imap_state *s, const char *event, const char *folder, const char *uids, const char *key, const char *value);

#endif
