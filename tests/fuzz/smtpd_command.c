/* smtpd/input and smtpd/command: any bytes as what a client sends, in pieces of any size: lines, commands, and the
   arguments of MAIL and RCPT. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

/* What goes into a record and a queue file: printable or UTF-8, ended by a NUL and without another. */
static void check_text(const text *t)
{
  if (t->len && (t->s[t->len] || strlen(t->s) != t->len || !utf8_check(t->s, t->len))) abort();
  for (size_t i = 0; i < t->len; i++)
    if ((unsigned char)t->s[i] < 0x20 || t->s[i] == 0x7f) abort();
}

static void parse(const char *line, size_t length)
{
  static struct address address = ADDRESS_ZERO;
  struct smtpd_command command;
  static struct smtpd_parameters said = { .body = "" };
  struct smtpd_chunk chunk;

  if (smtpd_command_parse(&command, line, length) != COMMAND_GOOD) return;
  if (command.argument < line || command.argument + command.length > line + length) abort();
  if (smtpd_mail_parse(&said, &address, command.argument, command.length, ~0u) == COMMAND_GOOD) {
    if (!said.is_null && !*address.domain) abort();
    if (!said.is_null && address.is_utf8 && !said.is_utf8) abort();
    check_text(&said.envid);
  }
  for (int is_utf8 = 0; is_utf8 < 2; is_utf8++)
    if (smtpd_rcpt_parse(&said, &address, command.argument, command.length, ~0u, is_utf8) == COMMAND_GOOD) {
      if (address.is_utf8 && !is_utf8) abort();
      check_text(&said.notify);
      check_text(&said.orcpt);
    }
  smtpd_chunk_parse(&chunk, command.argument, command.length);
  smtpd_verify_parse(command.argument, command.length);
}

enum { LINE_MAX_BYTES = 400 };

/* RFC 5321 2.3.8 by itself: only CRLF ends a line, and each line has one answer; what has no end yet has one for its bare LF. */
static void expect(const uint8_t *bytes, size_t length, size_t *taken, size_t *refused)
{
  for (size_t at = 0;;) {
    const uint8_t *end = at < length ? memmem(bytes + at, length - at, "\r\n", 2) : 0;
    size_t size = end ? (size_t)(end - bytes) - at : length - at;
    bool has_lf = size && memchr(bytes + at, '\n', size), has_cr = size && memchr(bytes + at, '\r', size);
    if (!end) {
      *refused += has_lf;
      return;
    }
    if (has_lf || has_cr || size > LINE_MAX_BYTES)
      ++*refused;
    else
      ++*taken;
    at += size + 2;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static struct smtpd_input in;
  size_t piece = length ? bytes[0] % 50 + 1 : 1, room, line_length;
  enum smtpd_line kind;
  const char *line;
  size_t taken = 0, refused = 0, expected_taken = 0, expected_refused = 0;

  smtpd_input_forget(&in);
  for (size_t at = 0; at < length; at += piece) {
    size_t left = length - at < piece ? length - at : piece;
    char *to = smtpd_input_room(&in, &room);
    if (room < left) abort();
    memcpy(to, bytes + at, left);
    in.end += left;
    while ((kind = smtpd_input_line(&in, LINE_MAX_BYTES, &line, &line_length)) != LINE_INCOMPLETE)
      if (kind != LINE_TAKEN)
        refused++;
      else {
        taken++;
        if (line_length > LINE_MAX_BYTES || memchr(line, '\r', line_length) || memchr(line, '\n', line_length)) abort();
        parse(line, line_length);
      }
  }
  expect(bytes, length, &expected_taken, &expected_refused);
  if (taken != expected_taken || refused != expected_refused) abort();
  return 0;
}
