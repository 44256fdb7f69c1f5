#include "lib/die.h"

void die_usage(const char *usage) { strerr_dief(END_PERMANENT, "usage: ", usage); }

void die_nomem(void) { strerr_dief(END_TEMPORARY, "out of memory"); }
