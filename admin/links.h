/* links: one-time links to set a password (S-10). A link is a token that whoever has it may set the password with, once, until it ends.
   Stored is its SHA-256 alone: the name of a file in state/links, with the mailbox and the end. The page that takes tokens calls
   mailadm passwd --link. */

#ifndef ADMIN_LINKS_H
#define ADMIN_LINKS_H

#include "lib/text.h"

extern bool links_is_wanted, links_is_given, links_resets; /* passwd --link; link --given, --reset */

void links_make(const char *const *arguments, bool is_json);   /* USER: the token, or the link with it, on fd 1 */
void links_list(const char *const *arguments, bool is_json);   /* "USER TIME" a line */
void links_passwd(const char *const *arguments, bool is_json); /* fd 0: the token, and the password in the next line */
void links_forget(const char *key);                            /* those of a mailbox: it has another password */

#endif
