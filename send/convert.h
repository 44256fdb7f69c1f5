/* convert: a message that is sent as seven bits (send/sevenbit.h), read from its file. */

#ifndef SEND_CONVERT_H
#define SEND_CONVERT_H

#include "send/data.h"
#include "send/message.h"
#include "send/sevenbit.h"

/* The message was read again, or is whole in memory; false with errno. */
bool send_convert_read(struct message *m, uint64_t at);

/* Looks whether it can be converted (RFC 6152 3). *fault: why not; 0: it can. Ended by send_convert_close. */
struct sevenbit *send_convert_open(struct message *m, const char **fault);
bool send_convert_is_unreadable(const char *fault); /* the file is to blame, not the message */

/* A part of the message for the wire; s is 0 if it goes as it is. Then the end. */
void send_convert_add(struct sevenbit *s, const text *bytes, struct data *data, text *out);
void send_convert_end(struct sevenbit *s, struct data *data, text *out);

void send_convert_close(struct sevenbit *s); /* s may be 0 */

#endif
