#include "imap/rights.h"

imap_marks imap_rights_marks(unsigned int rights)
{
  imap_marks marks = 0;

  if (rights & RIGHT_SEEN) marks |= IMAP_SEEN;
  if (rights & RIGHT_MARK_DELETED) marks |= IMAP_DELETED;
  if (rights & RIGHT_WRITE) marks |= (IMAP_SYSTEM_MARKS & ~(imap_marks)(IMAP_SEEN | IMAP_DELETED)) | IMAP_KEYWORD_MARKS | IMAP_PASSED;
  return marks;
}
