/* pop3/line, pop3/command, pop3/shown and pop3/uidl: any bytes as what a client sends, in pieces of any size, and as a message. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pop3/command.h"
#include "pop3/line.h"
#include "pop3/shown.h"
#include "pop3/uidl.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { LINE_MAX_BYTES = 60 };

static void parse(text *line)
{
  struct pop3_command c;

  if (!pop3_command_parse(&c, line)) {
    if (!c.error || !*c.error) abort();
    return;
  }
  if (c.verb >= POP3_VERBS || strlen(c.argument) > line->len || (c.initial && (!*c.initial || strchr(c.initial, ' ')))) abort();
  if ((c.verb == POP3_RETR || c.verb == POP3_DELE || c.verb == POP3_TOP) && !c.number) abort();
}

/* A line's end is an LF, and each line is told once: by the bytes alone. */
static size_t count_lines(const char *bytes, size_t length, size_t *too_long)
{
  size_t lines = 0;

  for (const char *end; (end = length ? memchr(bytes, '\n', length) : 0); lines++) {
    size_t size = (size_t)(end - bytes);
    *too_long += size - (size && end[-1] == '\r') > LINE_MAX_BYTES;
    length -= size + 1;
    bytes = end + 1;
  }
  return lines;
}

static void check_input(const char *bytes, size_t length)
{
  struct pop3_line l = { .max = LINE_MAX_BYTES };
  size_t piece = length ? (unsigned char)*bytes % 50 + 1 : 1, lines = 0, too_long = 0, expected_too_long = 0;

  for (size_t at = 0, used; at < length; at += used) {
    enum pop3_line_result result = pop3_line_add(&l, bytes + at, length - at < piece ? length - at : piece, &used);
    if (l.bytes.len > LINE_MAX_BYTES + 1 || !used) abort();
    lines += result != POP3_LINE_MORE;
    too_long += result == POP3_LINE_TOO_LONG;
    if (result == POP3_LINE_DONE) parse(&l.bytes);
  }
  if (lines != count_lines(bytes, length, &expected_too_long) || too_long != expected_too_long) abort();
  pop3_line_wipe(&l);
}

/* What a client makes of it (RFC 1939 3): lines, no dot alone among them, the first dot of each taken away. */
static void undo(const text *sent, text *octets)
{
  text_clear(octets);
  for (size_t at = 0; at < sent->len;) {
    const char *line = sent->s + at, *end = memmem(line, sent->len - at, "\r\n", 2);
    if (!end || (end == line + 1 && *line == '.')) abort();
    size_t size = (size_t)(end - line) + 2, dot = *line == '.';
    text_add_bytes(octets, line + dot, size - dot);
    at += size;
  }
}

static void check_message(struct pop3_shown s)
{
  static text sent = TEXT_ZERO, octets = TEXT_ZERO, expected = TEXT_ZERO;
  struct bytes run;

  text_clear(&sent);
  text_clear(&expected);
  octets_add(s.octets, &expected);
  if (expected.len && (expected.len < 2 || memcmp(expected.s + expected.len - 2, "\r\n", 2))) text_add(&expected, "\r\n");
  while (pop3_shown_next(&s, &run)) {
    if (!run.len) abort();
    text_add_bytes(&sent, run.s, run.len);
  }
  undo(&sent, &octets);
  if (!text_equal(&octets, &expected)) abort();
}

static void check_uidl(const char *facts, size_t length)
{
  size_t found;
  const char *name = pop3_uidl_find(facts, length, &found);

  if (!found) return;
  if (found > 70 || name <= facts || name + found > facts + length || name[-1] != 'P') abort();
  for (size_t i = 0; i < found; i++)
    if (name[i] < 0x21 || name[i] > 0x7e) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  const char *bytes = (const char *)data;

  check_input(bytes, length);
  check_uidl(bytes, length);
  check_message(pop3_shown_of(bytes, length));
  check_message(pop3_shown_top(bytes, length, length ? *data % 8 : 0));
  return 0;
}
