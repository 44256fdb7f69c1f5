/* options: "--word" options of the operator's programs. */

#ifndef LIB_OPTIONS_H
#define LIB_OPTIONS_H

#include <stdbool.h>

struct option_word {
  const char *word; /* "--json"; the last one is 0 */
  bool *is_given;
};

/* Reads the options that stand before, between or behind the arguments; "--" ends them. The arguments that remain are moved
   together, ended by 0, and counted. An unknown option ends the program with the usage. */
int options_read(const char **argv, const struct option_word *words, const char *usage);

/* Takes "option VALUE" out of the arguments; 0 if it is not there. A value that is missing or empty ends the program. */
const char *options_take(const char **argv, const char *option, const char *usage);

#endif
