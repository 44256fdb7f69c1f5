/* report: what is wrong with the directory and the control files, to stderr, once: who looks again because something else has changed
   says only what is new. */

#ifndef LDAPSYNC_REPORT_H
#define LDAPSYNC_REPORT_H

#include <stdbool.h>

#include "lib/die.h"

extern bool report_is_quiet; /* what was said before is not said again (accounts_report: but of entries that have just come) */

#define report_warn(...)                                  \
  do {                                                    \
    if (!report_is_quiet) strerr_warnw(__VA_ARGS__);      \
  } while (0)

#endif
