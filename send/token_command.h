/* token_command: runs a rule's tokencommand: with nothing in its environment, no descriptor but its output, and within limits. */

#ifndef SEND_TOKEN_COMMAND_H
#define SEND_TOKEN_COMMAND_H

#include "lib/record.h"

/* rule: command=, argument= for each word behind it. 0 with what it wrote, at most 64 KiB; or what went wrong, in words.
   All that it has started is ended. */
const char *send_token_command_run(const text *rule, unsigned int seconds, text *output);

#endif
