#include <string.h>

#include "lib/die.h"
#include "lib/options.h"

static bool set(const char *argument, const struct option_word *words)
{
  for (; words->word; words++)
    if (!strcmp(words->word, argument)) {
      *words->is_given = true;
      return true;
    }
  return false;
}

int options_read(const char **argv, const struct option_word *words, const char *usage)
{
  bool are_over = false;
  int count = 0;

  for (int i = 0; argv[i]; i++) {
    if (!are_over && !strcmp(argv[i], "--"))
      are_over = true;
    else if (!are_over && argv[i][0] == '-' && argv[i][1]) {
      if (!set(argv[i], words)) die_usage(usage);
    } else
      argv[count++] = argv[i];
  }
  argv[count] = 0;
  return count;
}

const char *options_take(const char **argv, const char *option, const char *usage)
{
  const char *value;

  while (*argv && strcmp(*argv, "--") && strcmp(*argv, option)) argv++;
  if (!*argv || strcmp(*argv, option)) return 0;
  value = argv[1];
  if (!value || !*value) die_usage(usage);
  for (; (argv[0] = argv[2]); argv++) continue;
  return value;
}
