/* password-hash: the password on fd 0 (one line) as values of userPassword, one a line, on fd 1: a
   {CRYPT} hash, and the keys for SCRAM-SHA-256, and for SCRAM-SHA-1 if control/scramsha1 asks for it. */

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
  text_add_char(&stored, '\n');
  if (password_scram(&stored, password.s)) text_add_char(&stored, '\n');
  if (password_scram_sha1(&stored, password.s)) text_add_char(&stored, '\n');
  text_wipe(&password);
  if (buffer_put(buffer_1, stored.s, stored.len) == -1 || !buffer_flush(buffer_1)) die_unable("write to fd 1");
  return END_DONE;
}
