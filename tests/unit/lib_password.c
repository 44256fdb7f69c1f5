/* lib/password, lib/scheme: every stored form that we promise to check. The hashes were made with Python's hashlib and crypt, not by this code. */

#include <stdlib.h>
#include <unistd.h>

#include "lib/password.h"
#include "lib/saslprep.h"
#include "lib/scheme.h"
#include "lib/scramkeys.h"
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
  { "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,bpq6mgw3iSqp1KV8rJl0GL6U7zFUFmok4g9ad338qAA=,0lCV+0qJolGHhrHx1tm7nVErmY0Neq9ZEJyq74xtC8g=",
    "{SCRAM-SHA-256}" },
  { "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$bpq6mgw3iSqp1KV8rJl0GL6U7zFUFmok4g9ad338qAA=:0lCV+0qJolGHhrHx1tm7nVErmY0Neq9ZEJyq74xtC8g=",
    "SCRAM-SHA-256$, as RFC 5803 writes it" },
};

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define KEYS "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void check_refused(const char *stored, const char *what)
{
  struct scramkeys k = SCRAMKEYS_ZERO;

  check(!scramkeys_parse(&k, stored) && password_check(stored, "pencil") == PASSWORD_UNKNOWN, what);
  scramkeys_free(&k);
}

static void check_scramkeys(void)
{
  struct scramkeys k = SCRAMKEYS_ZERO;
  text again = TEXT_ZERO;
  const char *stored = "{scram-sha-256}4096," SALT "," KEYS;

  check(scramkeys_parse(&k, stored) && k.iterations == 4096 && k.salt.len == 16, "RFC 7677 3: the keys of the example");
  scramkeys_make(&k, "pencil");
  scramkeys_format(&k, &again);
  check_is(text_string(&again), "{SCRAM-SHA-256}4096," SALT "," KEYS, "... made of its password, and written");
  check_refused("{SCRAM-SHA-256}4095," SALT "," KEYS, "too few iterations");
  check_refused("{SCRAM-SHA-256}1000001," SALT "," KEYS, "so many that a try would take seconds");
  check_refused("{SCRAM-SHA-256}4096,," KEYS, "no salt");
  check_refused("{SCRAM-SHA-256}4096:" SALT "$" KEYS, "a mixture of both forms");
  check_refused("{SCRAM-SHA-256}4096," SALT "," KEYS ",", "more behind it");
  check_refused("{SCRAM-SHA-256}4096," SALT ",WG5d," KEYS, "a key that is too short");
  check_refused("{SCRAM-SHA-256}4096," SALT, "no keys");
  check_refused("{SCRAM-SHA-1}4096," SALT "," KEYS, "another hash");
  scramkeys_free(&k);
  text_free(&again);
}

static void check_prepared(const char *password, const char *expected, const char *what)
{
  text prepared = TEXT_ZERO;

  saslprep(&prepared, password);
  check_is(prepared.s, expected, what);
  text_free(&prepared);
}

static void check_saslprep(void)
{
  check_prepared("I\xc2\xadX", "IX", "RFC 4013 3: SOFT HYPHEN mapped to nothing");
  check_prepared("user", "user", "... no transformation");
  check_prepared("USER", "USER", "... case preserved");
  check_prepared("\xc2\xaa", "a", "... output is NFKC");
  check_prepared("\xe2\x85\xa8", "IX", "... output is NFKC, and as the first");
  check_prepared("\x07", "\x07", "... a prohibited character: as it is");
  check_prepared("\xd8\xa7" "1", "\xd8\xa7" "1", "... a bidirectional one: as it is");
  check_prepared("a\xc2\xa0" "b\xe3\x80\x80", "a b ", "other spaces");
  check_prepared("u\xcc\x88\xf0\x9f\x90\xb4", "\xc3\xbc\xf0\x9f\x90\xb4", "an umlaut in two characters; one of a later Unicode");
  check_prepared("\xd8\xa7\xc2\xaa\xd8\xa7", "\xd8\xa7\xc2\xaa\xd8\xa7", "both directions: as it is, not half mapped");
  check_prepared("a\xff", "a\xff", "no UTF-8");
  check_prepared("\xc2\xad", "\xc2\xad", "nothing would be left");
  check_prepared("", "", "nothing");
}

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
  text_clear(&stored);
  check(password_scram(&stored, "secret") && !strncmp(text_string(&stored), "{SCRAM-SHA-256}25000,", 21), "and the keys for SCRAM");
  check(password_check(stored.s, "secret") == PASSWORD_RIGHT && password_check(stored.s, "secret2") == PASSWORD_WRONG, "... by which PLAIN is checked, too");
  text_clear(&stored);
  password_scram(&stored, "I\xc2\xadX\xc2\xaa");
  check(password_check(text_string(&stored), "\xe2\x85\xa8" "a") == PASSWORD_RIGHT, "... and every spelling that SASLprep makes one");
  check_scramkeys();
  check_saslprep();
  if (chdir("/") == -1 || rmdir(home) == -1) return 111;
  return check_done();
}
