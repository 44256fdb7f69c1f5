/* tls_inside: what lib/tls.c and lib/tls_client.c share. Nobody else includes it. */

#ifndef LIB_TLS_INSIDE_H
#define LIB_TLS_INSIDE_H

#include <openssl/ssl.h>

#include "lib/tls.h"

/* TLS 1.2: forward secrecy and authentication always. */
#define TLS_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL:!PSK:!SRP:!RC4:!3DES:!MD5"

struct tls_context {
  SSL_CTX *ssl;
  bool looks; /* the certificate is compared with a name; SSL_VERIFY_PEER is set if it must fit */
};

struct tls {
  SSL *ssl;
  char sni[256];
};

/* OpenSSL's own words for the last failure, or the system's. */
void tls_add_reason(text *error, const char *otherwise);

struct tls_context *tls_context_new(const SSL_METHOD *method, const char *ciphers);
struct tls_context *tls_context_fail(struct tls_context *c, text *error, const char *what, const char *path); /* frees it */
struct tls *tls_connection_new(struct tls_context *c, int socket);
bool tls_handshake(struct tls *t, int socket, unsigned int seconds, text *error);

#endif
