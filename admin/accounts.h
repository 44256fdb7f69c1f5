/* accounts: mailadm's commands for the entries of directory/NAME.ldif and the domains that they are in. */

#ifndef ADMIN_ACCOUNTS_H
#define ADMIN_ACCOUNTS_H

#include "lib/address.h"

void admin_accounts_add(const char *const *arguments, bool is_json);
void admin_accounts_passwd(const char *const *arguments, bool is_json);

bool admin_accounts_have_domain(const char *domain);

/* "user@domain" of a domain of ours, or dies. */
void admin_accounts_parse(struct address *a, const char *argument);

/* The lines "userPassword: ..." of a password in the clear. */
void admin_accounts_hash(text *lines, const char *password);

/* A new account: its file directory/USER@DOMAIN.ldif. login: its short login, 0: none; passwords: lines of LDIF; more: further lines.
   False if the file is there. */
bool admin_accounts_create(const struct address *a, const char *login, const text *passwords, const char *more, text *file);

#endif
