#include "deliver/message.h"

#include <string.h>

#include "lib/header.h"

static const char delivered_to[] = "delivered-to:";

static void add_address(text *head, const char *address)
{
  for (; *address; address++) text_add_char(head, (unsigned char)*address < ' ' || *address == 0x7f ? '?' : *address);
}

size_t deliver_message_head(text *head, const char *sender, const char *recipient, const char *original)
{
  bool has_original = *original && strcmp(original, recipient);

  text_copy(head, "Return-Path: <");
  add_address(head, sender);
  text_add(head, ">\nDelivered-To: ");
  add_address(head, recipient);
  if (has_original) {
    text_add(head, "\nX-Original-To: ");
    add_address(head, original);
  }
  text_add_char(head, '\n');
  return 2 + has_original;
}

bool deliver_message_next(const char *bytes, size_t length, size_t *at, struct bytes *part)
{
  size_t begin = *at, next = begin;
  struct header_field field;

  while (header_next(bytes, length, &next, &field)) {
    if (!header_is(&field, "Return-Path")) continue;
    size_t end = (size_t)(field.whole.s - bytes);
    *at = next;
    if (end > begin) {
      *part = (struct bytes){ bytes + begin, end - begin };
      return true;
    }
    begin = next;
  }
  *at = length;
  *part = (struct bytes){ bytes + begin, length - begin };
  return part->len > 0;
}

static bool names(const char *line, size_t length, const char *recipient)
{
  size_t name = sizeof delivered_to - 1, wanted = strlen(recipient);

  if (length < name || !bytes_are_nocase(line, delivered_to, name)) return false;
  line += name;
  length -= name;
  while (length && (ascii_is_space(line[length - 1]) || line[length - 1] == '\r')) length--;
  while (length && ascii_is_space(*line)) line++, length--;
  return length == wanted && bytes_are_nocase(line, recipient, wanted);
}

bool deliver_message_loops(const char *bytes, size_t length, const char *recipient)
{
  const char *end = bytes + length;

  for (const char *line = bytes, *next; line < end; line = next) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    next = newline ? newline + 1 : end;
    if (*line == '\n' || (*line == '\r' && next - line == 2)) return false; /* the header ends */
    if (names(line, (size_t)((newline ? newline : end) - line), recipient)) return true;
  }
  return false;
}

size_t deliver_message_lines(text *to, const char *bytes, size_t length)
{
  const char *at = bytes, *end = bytes + length;

  for (const char *cr; at < end && (cr = memchr(at, '\r', (size_t)(end - at)));) {
    if (cr + 1 == end) {
      text_add_bytes(to, at, (size_t)(cr - at));
      return length - 1;
    }
    text_add_bytes(to, at, (size_t)(cr - at) + (cr[1] != '\n')); /* a CR that ends no line stays */
    at = cr + 1;
  }
  text_add_bytes(to, at, (size_t)(end - at));
  return length;
}
