/* session: one client's SMTP session: what was said, read and agreed so far. One struct, made by smtp-receive and passed
   down; the commands (commands.c) are its verbs. */

#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include "lib/authenticate.h"
#include "lib/peer.h"
#include "lib/policy.h"
#include "lib/secure.h"
#include "smtpd/client_check.h"
#include "smtpd/command.h"
#include "smtpd/input.h"
#include "smtpd/pace.h"
#include "smtpd/role.h"

struct session_settings {
  text me;
  uint64_t size_max;       /* control/databytes; 0: no limit */
  uint64_t recipients_max; /* control/maxrcptcount */
  unsigned int timeout_seconds; /* control/timeoutsmtpd */
  char delimiter;               /* control/recipientdelimiter; 0: none */
};

/* What a transaction has so far; session_reset forgets it. */
struct transaction {
  bool has_sender;
  bool is_null;           /* the sender is <> */
  struct address sender;
  struct policy_standing standing; /* who the client is, for this transaction's tables */
  const char *bypass;     /* of its client or sender: "yes", "av" or "" (N-63) */
  struct policy_decision sender_decision; /* told at RCPT */
  struct smtpd_parameters said; /* with MAIL */
  bool is_utf8;           /* SMTPUTF8 was said */
  uint64_t hold_until;    /* since 1970; 0: not held (RFC 4865) */
  uint64_t recipients;    /* accepted RCPTs */
  struct policy_destinations destinations;
  text asked;             /* NOTIFY and ORCPT of each RCPT, for its destinations (smtpd/message_head.c) */
  struct message *chunks; /* what BDAT brought so far; 0: nothing */
  bool is_refused;        /* a chunk was; the others are dropped */
  text shares;            /* LMTP: which of them belong to which RCPT (smtpd/lmtp.c) */
};

struct session {
  const struct role *role;
  struct session_settings settings;
  const struct peer *peer;
  const char *connected_ip; /* who is at the other end, whomever it speaks for (XCLIENT) */
  struct tables *tables;
  text output;
  bool is_socket;  /* time-outs are the kernel's, TLS is possible */
  bool is_over;    /* no further command */
  bool is_extended; /* EHLO, not HELO */
  unsigned int extensions; /* that were offered at HELO or EHLO: a mask of enum role_extension */
  text helo;       /* empty: not yet */
  text tls;        /* protocol and cipher; empty: in clear */
  text bindings;   /* of TLS: what a login can be bound to (lib/secure) */
  text login;      /* empty: nobody */
  text mailbox;    /* KEY of the login */
  text backend;    /* NAME of control/backends, if the login is a backend's */
  struct secure_certificate certificate; /* the client's */
  bool was_backend; /* by that certificate, at the last MAIL */
  struct authenticate authenticate;
  unsigned int failed_logins;
  unsigned int errors; /* commands that were wrong */
  unsigned int idle;   /* commands that led nowhere, since the last message */
  struct transaction mail;
  struct pace pace;
  struct client_check check;
  struct smtpd_input input; /* last: a child touches the pages of what it uses only */
};

/* Runs a session on fd 0 and 1, from the banner to the end. tables: opened or not, opened anew at each MAIL. */
void session_run(const struct role *role, const struct peer *peer, struct tables *tables);

void session_greet(struct session *s); /* 220 */
void session_settings_read(struct session_settings *settings);
void session_reset(struct session *s); /* RSET, EHLO, end of DATA */
void session_set_timeouts(struct session *s); /* on a new fd 0 */

/* The next line: it stands until the next one. False at the end of the session (which is then over). */
bool session_line(struct session *s, size_t max, enum smtpd_line *kind, const char **line, size_t *length);
bool session_read(struct session *s); /* more bytes into input; before that the answers go out */

bool session_is_tls(const struct session *s);
const char *session_login(const struct session *s); /* 0: nobody */

/* Answers are collected; session_read sends them. text: "250 2.0.0 Ok" without its line end. */
void reply(struct session *s, const char *text);
void reply_decision(struct session *s, const struct policy_decision *d);
void reply_error(struct session *s, const char *text); /* the client did something wrong: it may not often */
void reply_count_error(struct session *s);             /* the same for an answer that was given otherwise */
void reply_last(struct session *s, const char *text);  /* and the session is over */
bool reply_flush(struct session *s);

#endif
