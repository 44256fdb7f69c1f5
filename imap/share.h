/* share: a public mailbox, for one user: what its folders are called, and what he may do with each (N-32, N-33). The session that
   has one runs under the uid of the public mailbox; who the user is, and what the operator gives him, the tables say, and
   mailbox-spawn has looked them up.

   A folder's rights are what the operator gives (owner lines of control/mailboxes/NAME, the same for all its folders), and what its own
   dovecot-acl adds. IMAP cannot take away what the operator gives: LISTRIGHTS shows it as always granted. */

#ifndef IMAP_SHARE_H
#define IMAP_SHARE_H

#include "imap/acl.h"
#include "lib/tables.h"

#define IMAP_PUBLIC "Public" /* the namespace */

struct imap_share {
  text top;              /* "Public/sales": the mailbox itself, its INBOX */
  text below;            /* what its folders are below: the same, or of the root mailbox "Public" */
  const char *user;      /* KEY of who reads */
  const char *login;     /* his primary address */
  struct tables *policy;
  const text *record;    /* shared:NAME */
  unsigned int base;     /* what the operator gives him */
  bool has_own_seen;     /* \Seen is each user's own (N-94) */
};

/* The mailbox of a name of shared:*; user, login, policy and record are there. False: it has no name that IMAP could show. */
bool imap_share_open(struct imap_share *share, const char *name, bool is_root);
void imap_share_free(struct imap_share *share);

bool imap_share_is_public(const char *folder); /* Public, or below it? */

/* The mailbox that a folder's name is in, as it is called in shared:NAME; false: it is no name of this namespace. */
bool imap_share_mailbox(const char *folder, text *name);

/* "Public/sales/x" to "x", "Public/sales" to "INBOX", and back. False: it is no name of this mailbox. The root mailbox's folders are below
   Public itself, so one that is called as another public mailbox is hidden by that. */
bool imap_share_inner(const struct imap_share *share, const char *outer, text *inner);
void imap_share_outer(const struct imap_share *share, const text *inner, text *outer);

/* Of the root mailbox: another public mailbox has that name, and is what it means. */
bool imap_share_is_hidden(const struct imap_share *share, const char *outer);

/* What the operator gives who is called so: "user=LOGIN", "group=NAME", "anyone". */
unsigned int imap_share_given(const struct imap_share *share, const char *who);

bool imap_share_knows(const struct imap_share *share, const char *who); /* is there such a user or group? */

/* What this user may do with the folder of an entry ("." is INBOX); none if the file cannot be read. */
unsigned int imap_share_rights(const struct imap_share *share, const char *entry);

/* The file of a folder. False with errno. */
bool imap_share_read(const char *entry, struct imap_acl *acl);
bool imap_share_write(const char *entry, const struct imap_acl *acl);

/* Writes to the descriptor the names of all folders that this user may see, each ended by a NUL, then an empty one. False: it could not. */
bool imap_share_tell(const struct imap_share *share, int fd);

#endif
