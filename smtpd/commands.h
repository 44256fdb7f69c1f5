/* commands: the verbs of an SMTP session, one table (commands.c), and what each does (command_*.c). */

#ifndef SMTPD_COMMANDS_H
#define SMTPD_COMMANDS_H

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

/* What the session knows, for lib/policy, and a refusal's line in the log (facts.c). */
bool session_know_client(struct session *s); /* anew, by the tables of this moment; false: they cannot be read */
struct policy_facts session_facts(const struct session *s);
void session_log_refused(struct session *s, const struct policy_decision *d, const char *recipient); /* 0: at MAIL */

/* The handshake on fd 0, which then is a socket with the plaintext. False: the session is over. */
bool session_start_tls(struct session *s);
bool session_offers_tls(const struct session *s);
void session_choose_extensions(struct session *s); /* those that are offered from now on */
void session_list_extensions(struct session *s);   /* in the answer to EHLO */
void session_check_extensions(void);               /* reads the settings of all, so that a bad one is told at the start */
uint64_t session_hold_max(void); /* control/holdmax: seconds; 0: nothing is held */
bool session_offers_auth(const struct session *s);
bool session_is_private(const struct session *s); /* a password may be said: TLS, or a role and a client of this host */

#endif
