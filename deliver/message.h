/* message: what delivery does to the bytes of a message. No I/O. */

#ifndef DELIVER_MESSAGE_H
#define DELIVER_MESSAGE_H

#include "lib/bytes.h"
#include "lib/text.h"

/* Return-Path and Delivered-To, as lines of a file, and X-Original-To if another address led to the recipient ("": none did).
   A control byte in an address becomes '?'. Returns how many lines. */
size_t deliver_message_head(text *head, const char *sender, const char *recipient, const char *original);

/* The parts of a message that are kept: all but the Return-Path fields it came with (RFC 5321 4.4). *at starts at 0. False at
   the end. */
bool deliver_message_next(const char *bytes, size_t length, size_t *at, struct bytes *part);

/* Was it delivered to this recipient before? Then its header has a Delivered-To that says so. */
bool deliver_message_loops(const char *bytes, size_t length, const char *recipient);

/* Adds the bytes with each CRLF as LF. Returns how many it took: one less than all if the last is a CR. */
size_t deliver_message_lines(text *to, const char *bytes, size_t length);

#endif
