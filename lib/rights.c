#include "lib/rights.h"

#include <string.h>

bool rights_scan(const char *letters, size_t length, unsigned int *rights)
{
  *rights = 0;
  for (size_t i = 0; i < length; i++) {
    const char *letter = letters[i] ? strchr(RIGHTS_LETTERS, letters[i]) : 0;
    if (letter) *rights |= 1u << (letter - RIGHTS_LETTERS);
    else if (letters[i] == 'c') *rights |= RIGHT_CREATE;
    else if (letters[i] == 'd') *rights |= RIGHT_MARK_DELETED | RIGHT_EXPUNGE | RIGHT_DELETE;
    else return false;
  }
  return true;
}

bool rights_parse(const char *word, unsigned int *rights)
{
  if (!strcmp(word, "ro")) word = "lrs";
  if (!strcmp(word, "rw")) word = "lrswitk";
  if (!strcmp(word, "full")) word = RIGHTS_LETTERS;
  return *word && rights_scan(word, strlen(word), rights);
}

void rights_format(unsigned int rights, text *letters)
{
  for (unsigned int i = 0; i < sizeof RIGHTS_LETTERS - 1; i++)
    if (rights & 1u << i) text_add_char(letters, RIGHTS_LETTERS[i]);
}
