#include "deliver/choice.h"

#include "lib/conf.h"
#include "lib/die.h"

/* Which of the words a setting has; the first is the default. */
static unsigned int choice(text *value, const char *const *words, const char *error)
{
  unsigned int i = 0;

  while (words[i] && !text_is(value, words[i])) i++;
  if (!words[i]) die_permanent(error, ", but ", text_string(value));
  text_free(value);
  return i;
}

enum plus deliver_choice_plus(void)
{
  static const char *const words[] = { "existing", "create", "off", 0 };
  text value = TEXT_ZERO;

  conf_value("plusfolders", &value, words[0]);
  return (enum plus)choice(&value, words, "control/plusfolders is existing, create or off");
}

bool deliver_choice_defers_full(void)
{
  static const char *const words[] = { "bounce", "defer", 0 };
  text value = TEXT_ZERO;

  conf_value("quotafull", &value, words[0]);
  return choice(&value, words, "control/quotafull is bounce or defer");
}
