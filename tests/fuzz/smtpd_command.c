/* smtpd/input and smtpd/command: any bytes as what a client sends, in pieces of any size: lines, commands, and the
   arguments of MAIL and RCPT. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void parse(const char *line, size_t length)
{
  static struct address address = ADDRESS_ZERO;
  struct smtpd_command command;
  struct smtpd_mail mail;

  if (smtpd_command_parse(&command, line, length) != COMMAND_GOOD) return;
  if (command.argument < line || command.argument + command.length > line + length) abort();
  if (smtpd_mail_parse(&mail, &address, command.argument, command.length) == COMMAND_GOOD && !mail.is_null && !*address.domain) abort();
  smtpd_rcpt_parse(&address, command.argument, command.length);
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
    while ((kind = smtpd_input_line(&in, 100, &line, &line_length)) != LINE_INCOMPLETE)
      if (kind == LINE_TAKEN) {
        if (line_length > 100 || memchr(line, '\r', line_length) || memchr(line, '\n', line_length)) abort();
        parse(line, line_length);
      }
  }
  return 0;
}
