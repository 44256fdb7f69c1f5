/* message: what delivery does to the bytes of a message. No I/O. */

#ifndef DELIVER_MESSAGE_H
#define DELIVER_MESSAGE_H

#include "lib/text.h"

enum { DELIVER_MESSAGE_HEAD_LINES = 2 };

/* Return-Path and Delivered-To, as lines of a file. A control byte in an address becomes '?'. */
void deliver_message_head(text *head, const char *sender, const char *recipient);

/* Was it delivered to this recipient before? Then its header has a Delivered-To that says so. */
bool deliver_message_loops(const char *bytes, size_t length, const char *recipient);

/* Adds the bytes with each CRLF as LF. Returns how many it took: one less than all if the last is a CR. */
size_t deliver_message_lines(text *to, const char *bytes, size_t length);

#endif
