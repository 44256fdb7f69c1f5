#include <stdint.h>
#include <string.h>

#include "imap/name.h"
#include "imap/utf7.h"
#include "lib/text.h"

/* C0, DEL and C1 (U+0080 to U+009F) in UTF-8. */
static bool has_control(const text *utf8)
{
  for (size_t i = 0; i < utf8->len; i++) {
    unsigned char c = (unsigned char)utf8->s[i];
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < utf8->len && (unsigned char)utf8->s[i + 1] < 0xa0) return true;
  }
  return false;
}

static const char *level_problem(const char *level, size_t length, char separator)
{
  if (!length) return "a mailbox name has no empty level";
  if (level[0] == '.' && (length == 1 || (length == 2 && level[1] == '.')))
    return "a level of a mailbox name is not \".\" or \"..\"";
  if (memchr(level, '/', length)) return "a mailbox name has no \"/\" in it";
  if (separator != '.' && memchr(level, '.', length)) return "a mailbox name has no \".\" in it";
  return 0;
}

const char *imap_name_problem(const char *name, char separator)
{
  text utf8 = TEXT_ZERO;
  bool is_utf7, is_clean;

  if (!*name) return "a mailbox name is not empty";
  if (strlen(name) > IMAP_NAME_MAX) return "the mailbox name is too long";
  is_utf7 = imap_utf7_decode(name, strlen(name), &utf8);
  is_clean = is_utf7 && !has_control(&utf8);
  text_free(&utf8);
  if (!is_utf7) return "the mailbox name is not in modified UTF-7";
  if (!is_clean) return "a mailbox name has no control characters in it";
  if (strpbrk(name, "*%")) return "a mailbox name has no \"*\" or \"%\" in it";
  for (const char *level = name;; level++) {
    const char *end = strchr(level, separator);
    const char *problem = level_problem(level, end ? (size_t)(end - level) : strlen(level), separator);
    if (problem || !end) return problem;
    level = end;
  }
}

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
