/* password-hash: the password on fd 0 (one line) as a {CRYPT} value for userPassword, on fd 1. */

#include <skalibs/buffer.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/password.h"
#include "lib/secret.h"

int main(int argc, const char *const *argv)
{
  text password = TEXT_ZERO, stored = TEXT_ZERO;

  (void)argv;
  PROG = "password-hash";
  if (argc != 1) die_usage("password-hash");
  home_enter();
  secret_read(&password);
  password_hash(&stored, password.s);
  text_wipe(&password);
  text_add_char(&stored, '\n');
  if (buffer_put(buffer_1, stored.s, stored.len) == -1 || !buffer_flush(buffer_1)) die_unable("write to fd 1");
  return END_DONE;
}
