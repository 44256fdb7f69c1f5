/* commands: the verbs of an SMTP session, one table (commands.c), and what each does (command_*.c). */

#ifndef SMTPD_COMMANDS_H
#define SMTPD_COMMANDS_H

#include "lib/mechanisms.h"
#include "smtpd/session.h"

size_t command_line_max(const struct session *s); /* bytes, without the CRLF */
void command_run(struct session *s, enum smtpd_line kind, const char *line, size_t length);

/* What DATA and BDAT need and the session has not yet, as the answer; 0 if nothing lacks. */
const char *command_lacks_recipient(const struct session *s);

/* What the table names: the argument is printable, ended by length. */
void helo_proceed(struct session *s, const char *argument, size_t length);
void ehlo_proceed(struct session *s, const char *argument, size_t length);
void mail_proceed(struct session *s, const char *argument, size_t length);
void rcpt_proceed(struct session *s, const char *argument, size_t length);
void bdat_proceed(struct session *s, const char *argument, size_t length);
void data_proceed(struct session *s, const char *argument, size_t length);
void auth_proceed(struct session *s, const char *argument, size_t length);
void starttls_proceed(struct session *s, const char *argument, size_t length);

/* The handshake on fd 0, which then is a socket with the plaintext. False: the session is over. */
bool session_start_tls(struct session *s);
bool session_offers_tls(const struct session *s);
bool session_offers_auth(const struct session *s);
struct mechanisms session_mechanisms(const struct session *s); /* by which one may log in here */
bool session_is_private(const struct session *s); /* a password may be said: TLS, or a role and a client of this host */

#endif
