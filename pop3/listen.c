#include "pop3/listen.h"

enum pop3_heard pop3_listen(struct imap_wire *wire, struct pop3_line *line)
{
  enum pop3_line_result result = POP3_LINE_MORE;

  while (result == POP3_LINE_MORE) {
    const char *bytes;
    size_t used, count = imap_wire_take(wire, UINT64_MAX, &bytes);
    if (!count) return POP3_HEARD_NOTHING;
    result = pop3_line_add(line, bytes, count, &used);
    wire->at -= count - used;
  }
  return result == POP3_LINE_DONE ? POP3_HEARD_LINE : POP3_HEARD_TOO_LONG;
}

bool pop3_listen_command(struct imap_wire *wire, struct pop3_line *line, struct pop3_command *command)
{
  switch (pop3_listen(wire, line)) {
  case POP3_HEARD_NOTHING: return false;
  case POP3_HEARD_TOO_LONG: pop3_answer(wire, "-ERR", "the line is too long"); return false;
  case POP3_HEARD_LINE: break;
  }
  if (pop3_command_parse(command, &line->bytes)) return true;
  pop3_answer(wire, "-ERR", command->error);
  return false;
}

void pop3_answer(struct imap_wire *wire, const char *status, const char *words)
{
  imap_wire_add(wire, status);
  imap_wire_add(wire, " ");
  imap_wire_add(wire, words);
  imap_wire_add(wire, "\r\n");
}
