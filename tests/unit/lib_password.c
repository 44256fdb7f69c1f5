/* lib/password, lib/scheme: every stored form that we promise to check. The hashes were made with Python's hashlib and crypt, not by this code. */

#include <stdlib.h>
#include <unistd.h>

#include "lib/password.h"
#include "lib/scheme.h"
#include "tests/check.h"

static const struct {
  const char *stored, *name;
} hashes[] = {
  { "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==",
    "{SSHA}" },
  { "{SSHA256}oBmrdHcA6OZEkkCLeXh71YAerbvhXz1qqwjrPsXmEtNzYWx0c2FsdA==",
    "{SSHA256}" },
  { "{SSHA512}aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6XNhbHRzYWx0",
    "{SSHA512}" },
  { "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "{SHA}" },
  { "{CRYPT}$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
    "{CRYPT} sha512" },
  { "{CRYPT}$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
    "{CRYPT} sha256" },
  { "{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
    "{CRYPT} md5" },
  { "{CRYPT}$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "{CRYPT} bcrypt" },
  { "{CRYPT}$y$j75$abcdefghijklmnopqrstu.$cQjAYfMwB51ACkjNBqV7OEAUemp/TRZgJmoQ3b5QsN8",
    "{CRYPT} yescrypt" },
  { "{CRYPT}abNANd1rDfiNc",
    "{CRYPT} DES" },
  { "{SHA512-CRYPT}$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
    "{SHA512-CRYPT}" },
  { "{BLF-CRYPT}$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "{BLF-CRYPT}" },
};

int main(void)
{
  const char *hash;
  text stored = TEXT_ZERO;
  char home[] = "/tmp/password.XXXXXX";

  for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
    check(password_check(hashes[i].stored, "secret") == PASSWORD_RIGHT, hashes[i].name);
    check(password_check(hashes[i].stored, "Secret") == PASSWORD_WRONG, "... another password is wrong");
    check(password_check(hashes[i].stored, "") == PASSWORD_WRONG, "... an empty one too");
  }
  check(password_check("{PLAIN}secret", "secret") == PASSWORD_UNKNOWN, "T18: {PLAIN} is never right");
  check(password_check("{CLEARTEXT}secret", "secret") == PASSWORD_UNKNOWN, "T18: nor is {CLEARTEXT}");
  check(password_check("secret", "secret") == PASSWORD_UNKNOWN, "T18: nor is a value without a scheme");
  check(password_check("{CRYPT}", "secret") == PASSWORD_UNKNOWN, "an empty hash");
  check(password_check("{CRYPT}*", "secret") != PASSWORD_RIGHT, "a locked account");
  check(password_check("{CRYPT}!$6$x$y", "secret") != PASSWORD_RIGHT, "a locked account, the other way");
  check(password_check("{SSHA}c2hvcnQ=", "secret") == PASSWORD_UNKNOWN, "a salted hash that is too short");
  check(password_check("{SSHA}!!", "secret") == PASSWORD_UNKNOWN, "a salted hash that is no base64");
  check(password_check("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQAAAA=", "secret") == PASSWORD_UNKNOWN, "{SHA} has no salt");
  check(scheme_parse("{ssha512}x", &hash) == SCHEME_SSHA512 && !strcmp(hash, "x"), "schemes without regard to case");

  if (!mkdtemp(home) || chdir(home) == -1) return 111;
  password_hash(&stored, "secret");
  check(!strncmp(text_string(&stored), "{CRYPT}$y$", 10), "a new password is hashed with yescrypt");
  check(password_check(stored.s, "secret") == PASSWORD_RIGHT && password_check(stored.s, "secret2") == PASSWORD_WRONG, "... and can be checked");
  if (chdir("/") == -1 || rmdir(home) == -1) return 111;
  return check_done();
}
