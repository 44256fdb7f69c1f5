/* removal: mailadm's commands that take accounts and domains away. They say what will go and ask; --yes is the answer beforehand. Mail
   is kept, unless --purge (N-15, W-21). */

#ifndef ADMIN_REMOVAL_H
#define ADMIN_REMOVAL_H

#include <stdbool.h>

extern bool removal_is_sure, removal_purges; /* --yes, --purge */

void removal_account(const char *const *arguments, bool is_json);
void removal_domain(const char *const *arguments, bool is_json);

#endif
