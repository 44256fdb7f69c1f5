#include <stdint.h>
#include <string.h>

#include "imap/name.h"
#include "lib/text.h"

/* INBOX is INBOX in any case (RFC 3501 5.1), alone and as a first level. */
static size_t length_of_inbox(const char *name, char separator)
{
  return !strncmp(name, "INBOX", 5) && (!name[5] || name[5] == separator) ? 5 : 0;
}

/* reached[i]: the pattern so far matches the name's first i bytes. One step of the pattern; false when nothing is
   reached any more. */
static bool step(char p, const char *name, size_t length, size_t inbox, char separator, char *reached)
{
  bool any = false, carried = false;

  for (size_t i = 0; i <= length; i++) {
    bool was = reached[i];
    if (p == '*') reached[i] = was || carried;
    else if (p == '%') reached[i] = was || (carried && name[i - 1] != separator);
    else reached[i] = carried && (p == name[i - 1] || (i <= inbox && ascii_lower(p) == ascii_lower(name[i - 1])));
    carried = p == '*' || p == '%' ? reached[i] : was;
    any = any || reached[i];
  }
  return any;
}

bool imap_name_matches(const char *pattern, const char *name, char separator)
{
  size_t length = strlen(name), inbox = length_of_inbox(name, separator);
  text reached = TEXT_ZERO;
  bool matches = true;

  text_ready(&reached, length + 1);
  memset(reached.s, 0, length + 1);
  reached.s[0] = 1;
  for (char before = 0; *pattern && matches; pattern++) {
    if ((*pattern == '%' || *pattern == '*') && (before == '*' || before == *pattern)) continue; /* adds nothing */
    before = *pattern;
    matches = step(*pattern, name, length, inbox, separator, reached.s);
  }
  matches = matches && reached.s[length];
  text_free(&reached);
  return matches;
}
