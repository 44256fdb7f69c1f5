/* tls: TLS 1.2 and 1.3 over a socket. Beside the hashing modules the only user of OpenSSL. The context is made once, in
   a long-lived parent, and warmed by one handshake with itself, so that a forked child finds everything loaded. */

#ifndef LIB_TLS_H
#define LIB_TLS_H

#include <time.h>

#include "lib/text.h"

struct tls_context; /* what connections share: certificate and key, or the authorities that are believed */
struct tls;         /* one connection; it does not own its socket */

enum tls_result { TLS_BROKEN = -1, TLS_ENDED, TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE };

/* 0 with a sentence in error. Both files are PEM; the certificate comes first, its chain behind it. */
struct tls_context *tls_context_server(const char *certificate_path, const char *key_path, text *error);

/* authorities: a PEM file, or a folder of c_rehash's names that is read when it is needed; 0: nobody is verified. */
struct tls_context *tls_context_client(const char *authorities, text *error);

/* The same names are looked for, but who does not bear them is taken all the same: the verdict says it. */
struct tls_context *tls_context_observer(const char *authorities, text *error);

/* For a server whose certificate the DNS vouches for (tls_connect_dane). */
struct tls_context *tls_context_dane(text *error);

/* For a server whose certificate is known by its fingerprint: no authority is asked, but no weak suite is taken either. */
struct tls_context *tls_context_pinned(text *error);

/* A client's own certificate, for a server that asks for one: certificate, its chain and key in one PEM file, so that another
   takes its place whole. */
bool tls_context_bear(struct tls_context *c, const char *path, text *error);
void tls_context_free(struct tls_context *c); /* 0 is allowed */

/* A server's: the authorities that are believed when they say which addresses a client has (tls_addresses). */
bool tls_context_believe(struct tls_context *c, const char *path, text *error);

/* Then: their lists of revoked certificates, PEM. From now on they vouch for a certificate only if there is one of each authority above it that has not expired
   and does not name it. False: the file cannot be used; nobody is to be believed. */
struct tls_revocations {
  bool has_expired; /* one of them */
  time_t until;     /* when the next one does; 0: none */
};
bool tls_context_revoke(struct tls_context *c, const char *path, struct tls_revocations *r, text *error);

/* New ticket keys: tickets given before lead to a full handshake from now on. */
void tls_context_rotate(struct tls_context *c);

/* What a handshake of a client came to. */
struct tls_verdict {
  bool is_verified;    /* the certificate bears the name, or is one that the DNS vouches for */
  bool is_unusable;    /* no handshake was made: there is no TLSA record that can be used */
  const char *failure; /* in the words of RFC 8460 4.3; "" if there is none */
  text error;          /* the same for people */
};
#define TLS_VERDICT_ZERO { .failure = "", .error = TEXT_ZERO }

struct tls_tlsa { /* RFC 6698 2.1 */
  uint8_t usage, selector, matching;
  const unsigned char *bytes;
  size_t length;
};

struct tls_dane {
  const char *const *names; /* the first is the TLSA base domain (RFC 7672 2.2.3), at least one */
  size_t name_count;
  const struct tls_tlsa *records;
  size_t count;
};

/* The handshake, within so many seconds; makes the socket non-blocking. 0 with the reason in error.
   asks: the client is asked for a certificate; it may have none, and nobody signs for it (tls_fingerprint). */
struct tls *tls_accept(struct tls_context *c, int socket, bool asks, unsigned int seconds, text *error);

/* The same to a server. name: the host that is asked for (SNI); if the context verifies, its certificate must bear this
   name, or this address. With DANE one of the records fits, or there is no connection. */
struct tls *tls_connect(struct tls_context *c, int socket, const char *name, unsigned int seconds, struct tls_verdict *verdict);
struct tls *tls_connect_dane(struct tls_context *c, int socket, const struct tls_dane *dane, unsigned int seconds, struct tls_verdict *verdict);
void tls_free(struct tls *t); /* says nothing to the other side */

const char *tls_protocol(const struct tls *t);
const char *tls_cipher(const struct tls *t);
const char *tls_sni(const struct tls *t); /* "" if the client sent none */

/* What a login can be bound to, as bytes: of this connection (tls-exporter, RFC 9266; TLS 1.3 alone), and of our certificate
   (tls-server-end-point, RFC 5929 4). False: there is none. */
bool tls_exporter(const struct tls *t, text *bytes);
bool tls_endpoint(const struct tls *t, text *bytes);

/* SHA-256 of the other side's certificate, in lower-case hex; false: it showed none. That it has the key is proved. */
bool tls_fingerprint(const struct tls *t, text *hex);

/* The mail addresses (rfc822Name) in that certificate, each ended by a NUL, if an authority of tls_context_believe vouches for it, for clients, and it has
   not expired. What is no plain address is left out. */
void tls_addresses(const struct tls *t, text *addresses);

/* Why an authority that would vouch for that certificate does not, by the lists: it is revoked, or no good list is there. 0: it is not that. */
const char *tls_revocation(const struct tls *t);

/* The names in that certificate, for people: its DNS names, or else its common name; several are parted by a space. */
void tls_certificate_names(const struct tls *t, text *names);

/* Never block. After TLS_WANTS_* the same call is made again when the socket can do that. TLS_ENDED: the other side
   says, or has shown, that nothing more comes. */
enum tls_result tls_read(struct tls *t, char *bytes, size_t room, size_t *got);
enum tls_result tls_write(struct tls *t, const char *bytes, size_t length, size_t *put);
enum tls_result tls_end(struct tls *t); /* says that nothing more comes from us */
bool tls_has_pending(const struct tls *t); /* bytes were read from the socket that tls_read has not yet given */

#endif
