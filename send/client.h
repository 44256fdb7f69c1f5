/* client: a connection to an SMTP server: bytes out, replies in, each within its time. What went wrong is kept in words. */

#ifndef SEND_CLIENT_H
#define SEND_CLIENT_H

#include <sys/uio.h>

#include "send/extensions.h"
#include "send/outcome.h"

struct client {
  int fd;                   /* -1: not connected */
  int asker;                /* the call that all this is for; -1: none */
  text remote;              /* HOST[ADDRESS]:PORT */
  text tls;                 /* protocol and cipher, or empty */
  text fingerprint;         /* SHA-256 of its certificate, in hex, or empty */
  text certificate;         /* the names in it, for people */
  const char *policy;       /* of TLS, which applied (send/tlspolicy); 0: nothing was connected to */
  bool is_verified;         /* its certificate is what that wants */
  bool is_way_secure;       /* ... and nobody but the domain whose mail it is can have named it (RFC 8689 4.2.1) */
  char far_ip[46], near_ip[46]; /* of the connection, "" if it is none of TCP */
  text login;               /* as whom we are logged in, and how; or empty */
  text offered;             /* the lines of its last answer to EHLO behind the first */
  unsigned int seconds;     /* for each reply, and for each part of a message to be taken */
  unsigned int end_seconds; /* for the reply to the end of the data */
  bool may_chunk;           /* control/sendchunking */
  bool cannot_chunk;        /* a host that offered it did not know BDAT */
  int64_t until_ms;         /* by the monotonic clock: nothing is waited for any longer; 0: no limit */
  bool is_lmtp;             /* it speaks LMTP (RFC 2033): a reply for each recipient behind the data */
  struct extensions offers;
  struct reply reply;       /* the last one */
  text out;                 /* said, but not yet sent */
  bool needs_reset;         /* a transaction was begun and not ended */
  bool was_late;            /* the time was over at least once since it was connected to */
  bool is_used;             /* a transaction was tried on this connection before */
  const char *trouble;      /* why the last of the functions below said false */
  char in[4096];
  size_t in_start, in_end;
};
#define CLIENT_ZERO                                                                                                    \
  { .fd = -1, .asker = -1, .remote = TEXT_ZERO, .tls = TEXT_ZERO, .fingerprint = TEXT_ZERO, .certificate = TEXT_ZERO, .login = TEXT_ZERO, .offered = TEXT_ZERO, .reply = REPLY_ZERO, .out = TEXT_ZERO }

/* control/sendchunking; control/timeoutremote for all replies, or what RFC 5321 4.5.3.2 says. */
void send_client_init(struct client *c);

/* So long may all of what follows take, however slowly the other side moves. */
void send_client_limit(struct client *c, unsigned int seconds);
unsigned int send_client_left(const struct client *c, unsigned int seconds); /* so many, or fewer: at least 1 */

/* What is tried next: it is closed, and nothing that was known before counts. host: its name, for people. */
void send_client_aim(struct client *c, const char *host, const char *address, unsigned int port);
void send_client_miss(struct client *c, const char *trouble, bool was_late); /* there was no connection */
void send_client_take(struct client *c, int fd);                            /* there is one: non-blocking, and the client's from now on */
bool send_client_is_own(const struct client *c); /* both ends of the connection are the same address: it is this host */

/* The plaintext socket that tls-client gave instead of the connected one: nothing that was read or offered before counts. */
void send_client_go_on(struct client *c, int plain);

void send_client_say(struct client *c, const char *command, const char *argument); /* adds a line to out */
bool send_client_flush(struct client *c);
bool send_client_send(struct client *c, struct iovec *parts, int count); /* changes the parts */

/* The next reply, within so many seconds. False: none came, or it is 421, with which the server ends the connection. */
bool send_client_hear(struct client *c, unsigned int seconds);
bool send_client_ask(struct client *c, const char *command, const char *argument); /* say, flush, hear */

/* Nothing was said that nobody asked for: before a command; in the middle of a message. False: as from send_client_hear. */
bool send_client_is_quiet(struct client *c);
bool send_client_is_patient(struct client *c);
bool send_client_is_wanted(struct client *c); /* who asked is still there; the second of the two looks for that, too */
bool send_client_has_words(const struct client *c); /* there are bytes that were not asked for */

/* After a false: what it means for the recipients: later, with the server's words or ours. when: "after MAIL". */
void send_client_explain(const struct client *c, const char *when, struct outcome *o);

void send_client_quit(struct client *c);
void send_client_close(struct client *c);

#endif
