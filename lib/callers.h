/* callers: which users may call a service, by their uids. */

#ifndef LIB_CALLERS_H
#define LIB_CALLERS_H

#include <stdbool.h>
#include <sys/types.h>

enum { CALLERS_MAX = 8 };

struct callers {
  uid_t all[CALLERS_MAX];
  unsigned int count;
};

void callers_find(struct callers *c, const char *const *names); /* of service/users, ended by 0; dies of an unknown one. names may be 0 */
bool callers_have(const struct callers *c, uid_t uid);          /* root always may */

#endif
