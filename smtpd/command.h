/* command: the bytes of an SMTP command line into a struct, without I/O (RFC 5321 4.1, and the extensions of
   parameter.c). */

#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "lib/address.h"
#include "smtpd/role.h"

enum smtpd_command_result {
  COMMAND_GOOD,
  COMMAND_BAD_BYTE,      /* a control byte, or 8-bit where no address stands */
  COMMAND_BAD_SYNTAX,    /* not FROM:<...>, or no space before a parameter */
  COMMAND_BAD_ADDRESS,
  COMMAND_EIGHT_BIT,     /* an address in UTF-8, without SMTPUTF8 */
  COMMAND_BAD_UTF8,      /* bytes over 0x7f that are no UTF-8 */
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

/* What MAIL or RCPT says besides the address. */
struct smtpd_parameters {
  bool is_null; /* the sender is <> */
  bool has_size;
  uint64_t size_bytes;
  const char *body;  /* "7BIT", "8BITMIME"; "" if it was not said */
  bool is_utf8;      /* SMTPUTF8 */
  bool requires_tls; /* REQUIRETLS */
  const char *ret;   /* "full", "hdrs"; "" */
  text envid;        /* what it means; empty: none. These texts are ended by a NUL unless they are empty. */
  enum { HOLD_NOT, HOLD_FOR, HOLD_UNTIL } hold;
  uint64_t hold_seconds; /* from now, or since 1970 */
  int priority;
  text notify; /* "never", "success,failure,delay" or some of them */
  text orcpt;  /* TYPE;ADDRESS */
};
enum { PRIORITY_NONE = 100 };

void smtpd_parameters_clear(struct smtpd_parameters *p); /* keeps the memory */

/* The argument of MAIL and of RCPT. extensions: a mask of enum role_extension, whose parameters are known. is_utf8: MAIL
   said SMTPUTF8. */
enum smtpd_command_result smtpd_mail_parse(struct smtpd_parameters *p, struct address *sender, const char *argument,
                                           size_t length, unsigned int extensions);
enum smtpd_command_result smtpd_rcpt_parse(struct smtpd_parameters *p, struct address *recipient, const char *argument,
                                           size_t length, unsigned int extensions, bool is_utf8);

/* The parameters alone, separated by spaces (parameter.c). */
enum smtpd_command_result smtpd_parameters_of_mail(struct smtpd_parameters *p, const char *bytes, size_t length,
                                                   unsigned int extensions);
enum smtpd_command_result smtpd_parameters_of_rcpt(struct smtpd_parameters *p, const char *bytes, size_t length,
                                                   unsigned int extensions);

/* The argument of BDAT (RFC 3030 2): "SIZE" or "SIZE LAST". */
struct smtpd_chunk {
  uint64_t size_bytes;
  bool is_last;
};
enum smtpd_command_result smtpd_chunk_parse(struct smtpd_chunk *c, const char *argument, size_t length);

/* The argument of VRFY and EXPN: a string, and SMTPUTF8 behind it if it has bytes over 0x7f (RFC 6531 3.7.4.2). */
enum smtpd_command_result smtpd_verify_parse(const char *argument, size_t length);

/* The answer to a result that is not COMMAND_GOOD. */
const char *command_syntax_reply(enum smtpd_command_result result, const char *bad_syntax, const char *bad_address);

#endif
