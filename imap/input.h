/* input: collects the commands of a client out of the bytes it sends (RFC 3501 2.2, RFC 7888), without I/O. A command
   is its line, with each literal inline: "a LOGIN {3}\r\nbob {3+}\r\n123" (without the last line end), ready for
   imap_command_parse. Memory is what has arrived, never what was announced. Lines may end with LF alone.

   The session's loop:

     while (length) {
       size_t used;
       switch (imap_input_add(&input, bytes, length, &used)) { ... }
       bytes += used, length -= used;
     }

   IMAP_INPUT_MORE      all bytes are taken, read more
   IMAP_INPUT_CONTINUE  a synchronising literal is awaited: send "+ OK", then go on
   IMAP_INPUT_STREAM    the message of an APPEND follows: literal_size bytes. The command so far, up to its "{N}", is in
                        command and can be parsed. If literal_waits, send "+ OK" first. Then take literal_size bytes
                        from the connection (not through imap_input_add) and go on with imap_input_add: the next
                        IMAP_INPUT_DONE has what follows the literal, which must be empty. Or refuse it: answer NO, call
                        imap_input_refuse, and give all further bytes to imap_input_add.
   IMAP_INPUT_DONE      a command is complete
   IMAP_INPUT_REFUSED   answer "TAG BAD " error; the rest of the command is swallowed without another word
   IMAP_INPUT_LOST      the client cannot be followed any more: "* BYE " error, close */

#ifndef IMAP_INPUT_H
#define IMAP_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

#define IMAP_COMMAND_MAX (64 * 1024)
#define IMAP_LITERAL_MAX_BEFORE_LOGIN (8 * 1024)

enum imap_input_result {
  IMAP_INPUT_LOST = -1,
  IMAP_INPUT_MORE,
  IMAP_INPUT_CONTINUE,
  IMAP_INPUT_STREAM,
  IMAP_INPUT_DONE,
  IMAP_INPUT_REFUSED
};

enum imap_input_state {
  IMAP_INPUT_IN_LINE,
  IMAP_INPUT_IN_LITERAL,
  IMAP_INPUT_SKIPS_LINE,
  IMAP_INPUT_SKIPS_LITERAL
};

struct imap_input {
  text command;          /* complete at IMAP_INPUT_DONE; it is emptied by the next imap_input_add */
  const char *error;     /* at IMAP_INPUT_REFUSED and IMAP_INPUT_LOST; constant text */
  uint64_t literal_size; /* at IMAP_INPUT_STREAM */
  bool literal_waits;    /* at IMAP_INPUT_STREAM: it is synchronising */

  size_t command_max;
  size_t literal_max;
  bool may_append;
  bool may_append_more;  /* set by who wants several messages, one behind the other (RFC 3502): IMAP_INPUT_STREAM may come again, with what
                            stands between two of them in command */
  bool is_behind;        /* a message of an APPEND was just streamed */
  enum imap_input_state state;
  bool is_line;          /* the next line has no literals */
  bool is_full;          /* a command was given out */
  size_t line_at;        /* where the current line begins in command */
  uint64_t left;         /* bytes of the literal still to come */
  text tail;             /* the end of a line that is being skipped, to see the literal that it may announce */
};
#define IMAP_INPUT_ZERO { .command = TEXT_ZERO, .tail = TEXT_ZERO }

/* command_max: bytes of a command with its literals; literal_max: bytes of one literal; may_append: the message of an
   APPEND is streamed (after login), else it is a literal like others. Can be called again, between two commands. */
void imap_input_limit(struct imap_input *i, size_t command_max, size_t literal_max, bool may_append);

enum imap_input_result imap_input_add(struct imap_input *i, const char *bytes, size_t length, size_t *used);

/* The next line is plain: an answer to "+" of AUTHENTICATE, or IDLE's DONE. It comes as IMAP_INPUT_DONE. */
void imap_input_expect_line(struct imap_input *i);

void imap_input_refuse(struct imap_input *i); /* after IMAP_INPUT_STREAM or IMAP_INPUT_CONTINUE */

/* The tag of the command being collected, "*" if it has none yet. For the answer to a refused command. */
void imap_input_tag(const struct imap_input *i, text *tag);

void imap_input_free(struct imap_input *i);

#endif
