/* ldaptable: Postfix's ldap_table(5) files become a profile (tables-build.md, "Profiles") and control files, and a sentence for each
   thing that could not be carried over. No I/O. */

#ifndef ADMIN_LDAPTABLE_H
#define ADMIN_LDAPTABLE_H

#include "lib/record.h"

/* What the table is for, as main.cf says. */
enum ldaptable_role {
  LDAPTABLE_UNKNOWN,
  LDAPTABLE_ALIASES,   /* virtual_alias_maps */
  LDAPTABLE_MAILBOXES, /* virtual_mailbox_maps */
  LDAPTABLE_SENDERS,   /* smtpd_sender_login_maps */
  LDAPTABLE_DOMAINS,   /* virtual_mailbox_domains */
  LDAPTABLE_REJECT,    /* check_sender_access */
  LDAPTABLE_OTHER      /* transport_maps, sender_bcc_maps...: no profile says that */
};

struct ldaptable {
  const char *name;          /* the file's, as it is called in sentences */
  enum ldaptable_role role;
  text parameters;           /* record; "_" of a name is "-" */
  text filter;               /* that finds all entries */
  text uses;                 /* as ldaptable_filter says */
};
#define LDAPTABLE_ZERO { .parameters = TEXT_ZERO, .filter = TEXT_ZERO, .uses = TEXT_ZERO }

/* False with a sentence in error. */
bool ldaptable_parse(struct ldaptable *t, const char *name, const char *bytes, size_t length, text *error);
void ldaptable_free(struct ldaptable *t);

/* The parameter; "" if it is not there. */
const char *ldaptable_get(const struct ldaptable *t, const char *parameter);

/* The role of a name of main.cf: "virtual_alias_maps"; UNKNOWN: none is called so. */
enum ldaptable_role ldaptable_role(const char *word, size_t length);
enum ldaptable_role ldaptable_guess(const struct ldaptable *t); /* by the file's name and what is in it */

/* All tables together. profile: its text. control: a record, NAME=VALUE for each control file, a line of it each. secret: the password.
   ca: the file with the authorities, as the table names it. notes: "FILE: SENTENCE", each ended by a NUL. False with a sentence in error:
   no profile can be made of them. */
struct ldaptable_result {
  text profile, control, secret, ca, notes;
};
#define LDAPTABLE_RESULT_ZERO { TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO }
bool ldaptable_convert(const struct ldaptable *all, size_t count, struct ldaptable_result *r, text *error);
void ldaptable_result_free(struct ldaptable_result *r);

/* Of ldaptable_server.c: the parameters that say which server, how, and below what. */
void ldaptable_server(const struct ldaptable *all, size_t count, struct ldaptable_result *r);
__attribute__((format(printf, 3, 4))) void ldaptable_note(struct ldaptable_result *r, const struct ldaptable *t, const char *format, ...);

#endif
