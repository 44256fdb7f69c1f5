/* generations: those that are kept in tables/, which one is current, and going back to one. */

#ifndef LDAPSYNC_GENERATIONS_H
#define LDAPSYNC_GENERATIONS_H

#include "lib/text.h"

void generations_list(text *names);             /* each ended by a NUL, oldest first */
const char *generations_current(text *name);    /* "" if there is none */
uint64_t generations_made(const char *name);    /* seconds since 1970, by its name */
bool generations_have(const text *names, const char *name);
const char *generations_before(const text *names, const char *current); /* the next older one; 0 if none is kept */

/* The generation that NAME, one of changes, needs; "" if it needs none, or cannot be read. */
const char *generations_base(const char *name, text *base);

/* tables/NAME becomes tables/current, by one rename. What it will name is on disk first. */
void generations_switch(const char *name);

struct generations_keep {
  uint64_t newest; /* so many (control/keepgenerations) */
  uint64_t hours;  /* of those before them for so many hours the last one of each (control/keepgenerationhours): changes may come every second */
  uint64_t days;   /* the same for days, of UTC (control/keepgenerationdays) */
};

/* Those stay, the current one always, and whatever one of these is a generation of changes to. The others are removed. */
void generations_prune(const struct generations_keep *keep);

/* state/tables/held: the generation that somebody went back to. Until it is released nothing is published. */
bool generations_held(text *name);
void generations_hold(const char *name);
bool generations_release(void); /* false: none was held */

#endif
