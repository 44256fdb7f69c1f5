#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/types.h>

#include "lib/die.h"
#include "lib/secret.h"

/* Perhaps empty. */
static void read_line(text *secret, const char *what, size_t max)
{
  const char *newline = 0;
  ssize_t got;

  text_clear(secret);
  text_ready(secret, max + 3); /* with the end of the line, and one more to see that it is too long: it never moves, and leaves nothing behind */
  do { /* a terminal gives its line; a pipe its pieces */
    got = fd_read(0, secret->s + secret->len, max + 2 - secret->len);
    if (got == -1) die_unable("read the ", what, " from fd 0");
    secret->len += (size_t)got;
    newline = memchr(secret->s, '\n', secret->len);
  } while (got && secret->len < max + 2 && !newline);
  if (newline) secret->len = (size_t)(newline - secret->s);
  char number[UINT64_FMT];
  number[uint64_fmt(number, max)] = 0;
  if (secret->len > max) die_permanent("the first line of fd 0 is the ", what, ", and it is longer than ", number, " bytes");
  if (memchr(secret->s, 0, secret->len)) die_permanent("the first line of fd 0 is the ", what, ", and it has a NUL byte");
  text_string(secret);
}

static void read_some(text *secret, const char *what, size_t max)
{
  read_line(secret, what, max);
  if (!secret->len) die_permanent("the first line of fd 0 is the ", what, ", and it is empty");
}

void secret_read(text *password) { read_some(password, "password", SECRET_MAX); }

void secret_read_or_none(text *password) { read_line(password, "password", SECRET_MAX); }

void secret_read_token(text *token, size_t max) { read_some(token, "token", max); }
