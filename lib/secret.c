#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/die.h"
#include "lib/password.h"
#include "lib/secret.h"

void secret_read(text *password)
{
  char bytes[PASSWORD_MAX + 2]; /* and the end of the line, and one more to see that it is too long */
  const char *why;
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
  if (!password_is_fit(password, &why)) die_permanent("the first line of fd 0 is the password: ", why);
  text_string(password);
}

void secret_wipe(text *t)
{
  if (t->s) explicit_bzero(t->s, t->a);
  text_free(t);
}
