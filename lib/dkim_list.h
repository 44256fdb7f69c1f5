/* dkim_list: control/dkim: whose mail is signed, and with which keys. Lines to selectors, without I/O.

     DOMAIN|* SELECTOR...
     DOMAIN|* off

   A domain's own line holds before that of *. */

#ifndef LIB_DKIM_LIST_H
#define LIB_DKIM_LIST_H

#include "lib/text.h"

enum { DKIM_SELECTORS_MAX = 4 };

enum dkim_list { DKIM_LIST_BAD = -1, DKIM_LIST_OFF, DKIM_LIST_ON };

/* lines: as conf_lines gives them. domain: folded (lib/address). ON: selectors, each ended by a NUL. BAD: error says what is
   wrong, in whichever line it is. */
enum dkim_list dkim_list_find(const text *lines, const char *domain, text *selectors, text *error);

#endif
