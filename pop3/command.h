/* command: one line of a client, understood (RFC 1939, 2449, 2595, 5034, 6856). No I/O. */

#ifndef POP3_COMMAND_H
#define POP3_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

/* What CAPA says in both states (RFC 2449, 3206, 6856). Mail in an INBOX does not expire, and logins are not made to wait. */
#define POP3_CAPABILITIES "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nEXPIRE NEVER\r\nUTF8 USER\r\nIMPLEMENTATION postroom\r\n"

enum pop3_verb {
  POP3_CAPA, POP3_NOOP, POP3_QUIT,                       /* before the login, and after it but for NOOP */
  POP3_STLS, POP3_UTF8, POP3_USER, POP3_PASS, POP3_AUTH, /* before it */
  POP3_STAT, POP3_LIST, POP3_UIDL, POP3_RETR, POP3_TOP, POP3_DELE, POP3_RSET,
  POP3_VERBS
};

struct pop3_command {
  enum pop3_verb verb;
  const char *argument; /* USER, PASS: all that follows one space; AUTH: the mechanism in upper case, "" if none is named */
  const char *initial;  /* AUTH: the initial response, BASE64 or "="; 0: none */
  uint32_t number;      /* of a message; 0: LIST and UIDL without one */
  uint64_t lines;       /* TOP */
  const char *error;    /* a sentence for -ERR, when pop3_command_parse is false */
};

/* line: as from pop3_line_add. It is changed, and the command points into it. */
bool pop3_command_parse(struct pop3_command *c, text *line);

#endif
