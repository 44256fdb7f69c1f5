/* name: what a message is called in a Maildir. Derived from the queue id and the recipient alone, so that the same
   delivery made twice makes one file: SECONDS.Q<ID>R<16 digits of the recipient's hash>.HOST */

#ifndef DELIVER_NAME_H
#define DELIVER_NAME_H

#include "lib/text.h"

/* host: what is no letter, digit, dot or hyphen in it becomes '_'. */
void deliver_name_make(text *name, const char *id, const char *recipient, const char *host);

/* Is the file of that name the same delivery, whatever HOST was then, and whatever size and flags follow it? */
bool deliver_name_is(const text *name, const char *file);

#endif
