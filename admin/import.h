/* import: mailadm's command for the files of another mail system (W-10, W-11, W-12): all of a file, or nothing of it. */

#ifndef ADMIN_IMPORT_H
#define ADMIN_IMPORT_H

#include "lib/text.h"

extern bool import_skips; /* --skip: a line that cannot be taken over is said and passed over */
extern int import_start; /* the folder that FILE is named from, open */

bool import_read(const char *path, text *bytes); /* named from there; false with errno */

void import_run(const char *const *arguments, bool is_json); /* KIND FILE [DOMAIN [SHADOW]] */

#endif
