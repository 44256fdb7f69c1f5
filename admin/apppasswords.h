/* apppasswords: a user's app passwords: a password for each of his programs and devices, made here, shown once, for some services alone.
   control/apppasswords/KEY, whoever owns the user's entry. */

#ifndef ADMIN_APPPASSWORDS_H
#define ADMIN_APPPASSWORDS_H

#include <stdbool.h>

void apppasswords_add(const char *const *arguments, bool is_json);    /* USER SERVICES NAME: the password on fd 1 */
void apppasswords_list(const char *const *arguments, bool is_json);   /* USER: "SERVICES MADE USED NAME" a line */
void apppasswords_delete(const char *const *arguments, bool is_json); /* USER NAME */

/* All of a mailbox: its account goes. */
void apppasswords_forget(const char *key);

#endif
