/* command: the bytes of an SMTP command line into a struct, without I/O (RFC 5321 4.1, RFC 1870, RFC 6152, RFC 4954). */

#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "lib/address.h"

enum smtpd_command_result {
  COMMAND_GOOD,
  COMMAND_BAD_BYTE,      /* a control byte, or 8-bit where no address stands */
  COMMAND_BAD_SYNTAX,    /* not FROM:<...>, or no space before a parameter */
  COMMAND_BAD_ADDRESS,
  COMMAND_EIGHT_BIT,     /* 8-bit in an address */
  COMMAND_BAD_PARAMETER, /* a parameter that nobody offered */
  COMMAND_BAD_VALUE      /* one whose value cannot be */
};

struct smtpd_command {
  char verb[16]; /* in upper case; empty if it is longer than any verb */
  const char *argument; /* inside the line; spaces around it do not count */
  size_t length;
};

/* A line without its CRLF. */
enum smtpd_command_result smtpd_command_parse(struct smtpd_command *c, const char *line, size_t length);

struct smtpd_mail {
  bool is_null; /* the sender <> */
  bool has_size;
  uint64_t size_bytes;
  const char *body; /* "7BIT", "8BITMIME"; "" if it was not said */
  bool has_auth;    /* AUTH=, whose value decides nothing here (RFC 4954 5) */
};

/* The argument of MAIL and of RCPT. */
enum smtpd_command_result smtpd_mail_parse(struct smtpd_mail *m, struct address *sender, const char *argument,
                                           size_t length);
enum smtpd_command_result smtpd_rcpt_parse(struct address *recipient, const char *argument, size_t length);

/* The answer to a result that is not COMMAND_GOOD. */
const char *command_syntax_reply(enum smtpd_command_result result, const char *bad_syntax, const char *bad_address);

#endif
