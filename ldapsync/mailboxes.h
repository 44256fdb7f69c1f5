/* mailboxes: control/mailboxes: a file "NAME@DOMAIN" has settings of that user's mailbox, by its primary address; a file "NAME" is
   a public mailbox (N-26, N-27 to N-31, N-35). */

#ifndef LDAPSYNC_MAILBOXES_H
#define LDAPSYNC_MAILBOXES_H

#include "ldapsync/build.h"
#include "ldapsync/map.h"

/* The public mailboxes become accounts: key, name and the settings are their facts. Dies if a file cannot be understood. */
void mailboxes_read_public(struct accounts *accounts);

/* The keys and values of one file, or dies. */
void mailboxes_fields(const char *path, text *fields);

/* Settings of people, over what the directory says. Reports those of nobody. settings gets each file's path by its address. */
void mailboxes_read_settings(const struct build *b, struct map *settings);

/* One file's fields to facts: receive, submit, imap, pop3, sieve, forwarding (one "no" is no), forward, keep, quota, spamretention, language; what is said takes the
   place of what is there. False with the key and a sentence in error. No I/O. */
bool mailbox_settings(text *facts, const text *fields, const char **key, text *error);

/* The same for one, who has just come. settings: a file's path by the address; files that are not of this address. */
void mailboxes_settle(struct account *a, const struct map *settings);

/* What the directory says of quota and forward is reported if it cannot be; it is then as if it were not said. */
void mailboxes_check(struct build *b);

/* Forwards to addresses of ours that nobody has are reported. */
void mailboxes_check_forward(const struct account *a, const struct leads *l, const struct domains *d);
void mailboxes_check_forwards(const struct build *b, const struct leads *l, const struct domains *d);

#endif
