/* remember: logins that were found right a short while ago, so that a client which logs in again and again does not
   cost a slow hash each time. What is kept is an HMAC under a random key of the parent: over the mailbox's key, the
   stored hash, the client's network and the password. A new stored hash makes it another HMAC; nothing can be read
   from the memory but "this very password was right", and only while the parent lives. Reasons: doc/auth-server.md. */

#ifndef AUTH_REMEMBER_H
#define AUTH_REMEMBER_H

#include <stdbool.h>
#include <stdint.h>

struct remember;

struct remember *remember_make(const unsigned char *key, unsigned int seconds); /* 0 seconds: remembers nothing */

struct remember_login {
  const char *mailbox, *stored, *network, *password;
};

bool remember_has(struct remember *r, const struct remember_login *l, uint64_t now);
void remember_add(struct remember *r, const struct remember_login *l, uint64_t now);

#endif
