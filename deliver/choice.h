/* choice: settings of a delivery that are one of a few words. Die of another word. */

#ifndef DELIVER_CHOICE_H
#define DELIVER_CHOICE_H

#include <stdbool.h>

enum plus { PLUS_EXISTING, PLUS_CREATE, PLUS_OFF };

enum plus deliver_choice_plus(void);     /* control/plusfolders */
bool deliver_choice_defers_full(void);   /* control/quotafull */

#endif
