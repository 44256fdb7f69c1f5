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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static struct smtpd_input in;
  size_t piece = length ? bytes[0] % 50 + 1 : 1, room, line_length;
  enum smtpd_line kind;
  const char *line;

  smtpd_input_forget(&in);
  for (size_t at = 0; at < length; at += piece) {
    size_t left = length - at < piece ? length - at : piece;
    char *to = smtpd_input_room(&in, &room);
    if (room < left) abort();
    memcpy(to, bytes + at, left);
    in.end += left;
    while ((kind = smtpd_input_line(&in, 400, &line, &line_length)) != LINE_INCOMPLETE)
      if (kind == LINE_TAKEN) {
        if (line_length > 400 || memchr(line, '\r', line_length) || memchr(line, '\n', line_length)) abort();
        parse(line, line_length);
      }
  }
  return 0;
}
