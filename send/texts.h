/* texts: the words of a report, from control/texts and HOME/texts, in the language of whom it is for (doc/texts.md). What cannot
   be read, or is broken, is English from the program itself: no report fails because of its words. */

#ifndef SEND_TEXTS_H
#define SEND_TEXTS_H

#include "lib/tables.h"
#include "send/wording.h"

struct send_texts {
  struct send_wordings wordings;
  text language; /* of them */
  text custom;   /* control/custombouncetext, lines end with LF; "" */
};

/* For a report to this address. header: of the message that it is about, if that is by the same person; else empty. */
void send_texts_read(struct send_texts *t, struct tables *tables, const char *to, const char *header, size_t header_length);
void send_texts_free(struct send_texts *t);

#endif
