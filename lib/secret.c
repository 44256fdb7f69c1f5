#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/die.h"
#include "lib/secret.h"

void secret_read(text *password)
{
  char bytes[SECRET_MAX + 2]; /* and the end of the line, and one more to see that it is too long */
  ssize_t got;

  text_clear(password);
  do { /* a terminal gives its line; a pipe its pieces */
    got = fd_read(0, bytes, sizeof bytes - password->len);
    if (got == -1) die_unable("read the password from fd 0");
    text_add_bytes(password, bytes, (size_t)got);
  } while (got && password->len < sizeof bytes && !memchr(password->s, '\n', password->len));
  explicit_bzero(bytes, sizeof bytes);
  const char *newline = password->len ? memchr(password->s, '\n', password->len) : 0;
  if (newline) password->len = (size_t)(newline - password->s);
  if (!password->len) die_permanent("the first line of fd 0 is the password, and it is empty");
  if (password->len > SECRET_MAX) die_permanent("the first line of fd 0 is the password, and it is longer than 511 bytes");
  if (memchr(password->s, 0, password->len)) die_permanent("the first line of fd 0 is the password, and it has a NUL byte");
  text_string(password);
}
