/* owner: root becomes the user that a folder belongs to, before it reads anything. Whoever the folder belongs to may run
   the program as he is; everybody else is told who may. */

#ifndef LIB_OWNER_H
#define LIB_OWNER_H

#include <stdbool.h>

/* groups: names of further groups to be in, ended by 0; only asked for if the folder belongs to USER (service/users):
   a folder of anybody else is a private home, where one uid does everything. True if it belongs to USER.
   Dies if this process can be neither. */
bool owner_become(const char *folder, const char *user, const char *const *groups);

#endif
