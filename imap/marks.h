/* marks: the flags of one message in one word: the system flags are the bits of imap/command.h, the keywords with the
   letters a to z of the file name lie above them. \Recent is a fact of the session, never written. */

#ifndef IMAP_MARKS_H
#define IMAP_MARKS_H

#include <stdint.h>

#include "imap/command.h"

typedef uint64_t imap_marks;

#define IMAP_SYSTEM_MARKS ((imap_marks)0x1f) /* those that a client may set */
#define IMAP_PASSED ((imap_marks)0x40)       /* the Maildir's P; IMAP has no name for it, it is kept */

#define IMAP_KEYWORDS_MAX 26
#define IMAP_KEYWORD(number) ((imap_marks)1 << (8 + (number)))
#define IMAP_KEYWORD_MARKS (IMAP_KEYWORD(IMAP_KEYWORDS_MAX) - IMAP_KEYWORD(0))

#endif
