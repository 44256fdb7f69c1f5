/* lib/password, lib/scheme: every stored form that we promise to check. The hashes were made with Python's hashlib and crypt and the tools that are named, not by this code. */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cryptcost.h"
#include "lib/password.h"
#include "lib/phc.h"
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
  { "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$9Jc9upX7swPlYIjbXNaQfg$Rof/rOxwySXTDfPNHf6CT65eZiUT1rbI1dv3fgZM4dw",
    "{ARGON2ID} of doveadm pw" },
  { "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$vuvTpkeszgqDYogJILqULw$WUGxO2PHQ65maVeu/50b1C2dtbV6tFnNvzEdTBR0o8U",
    "{ARGON2I} of doveadm pw" },
  { "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$w8NKrZ66Huy6iHQ3b+tYDw$BHdYId1+iS2z5AbCKz0uXcKW8rKjXFkpbwrZk1I7zjU",
    "{ARGON2} of slappasswd" },
  { "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$HGYLTCV6ZTbFUqBz1nLFCmdiA5YOh/5T9b12mYeqJ0s",
    "{ARGON2ID} of argon2, with four lanes" },
  { "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,bpq6mgw3iSqp1KV8rJl0GL6U7zFUFmok4g9ad338qAA=,0lCV+0qJolGHhrHx1tm7nVErmY0Neq9ZEJyq74xtC8g=",
    "{SCRAM-SHA-256}" },
  { "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$bpq6mgw3iSqp1KV8rJl0GL6U7zFUFmok4g9ad338qAA=:0lCV+0qJolGHhrHx1tm7nVErmY0Neq9ZEJyq74xtC8g=",
    "SCRAM-SHA-256$, as RFC 5803 writes it" },
};

static void write_scheme(const char *scheme)
{
  FILE *file;

  mkdir("control", 0755);
  if (!(file = fopen("control/passwordscheme", "w"))) exit(111);
  fprintf(file, "%s\n", scheme);
  fclose(file);
}

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

#define SALT_HASH "$c2FsdHNhbHRzYWx0$HGYLTCV6ZTbFUqBz1nLFCmdiA5YOh/5T9b12mYeqJ0s"

static void check_phc(void)
{
  static const char *const bad[] = {
    "$argon2d$v=19$m=4096,t=3,p=1" SALT_HASH, "$argon2id$v=18$m=4096,t=3,p=1" SALT_HASH, "$argon2id$v=19$m=262145,t=1,p=1" SALT_HASH,
    "$argon2id$v=19$m=4294967295,t=1,p=1" SALT_HASH, "$argon2id$v=19$m=99999999999999999999,t=1,p=1" SALT_HASH, "$argon2id$v=19$m=262144,t=5,p=1" SALT_HASH,
    "$argon2id$v=19$m=8,t=4294967295,p=1" SALT_HASH, "$argon2id$v=19$m=4096,t=0,p=1" SALT_HASH, "$argon2id$v=19$m=4096,t=1,p=17" SALT_HASH,
    "$argon2id$v=19$m=15,t=1,p=2" SALT_HASH, "$argon2id$v=19$m=4096,t=3" SALT_HASH, "$argon2id$v=19$m=4096,t=3,p=1$c2Fs$HGYLTCV6ZTbFUqBz1nLFCg",
    "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0$HGYL", "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0", "$argon2id$v=19$m=4096,t=3,p=1" SALT_HASH "$", "", "$argon2id",
  };
  struct phc p = PHC_ZERO;
  text again = TEXT_ZERO;

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!phc_parse(&p, bad[i]), *bad[i] ? bad[i] : "nothing");
  check(phc_parse(&p, "$argon2id$v=19$m=262144,t=4,p=1" SALT_HASH), "the most memory, and the most work");
  check(phc_parse(&p, "$argon2i$m=4096,t=3,p=1" SALT_HASH) && p.version == 16, "without a version it is the first");
  phc_format(&p, &again);
  check_is(text_string(&again), "$argon2i$v=16$m=4096,t=3,p=1" SALT_HASH, "... written again");
  check(password_check("{ARGON2ID}$argon2id$v=19$m=4194304,t=1,p=1" SALT_HASH, "secret") == PASSWORD_UNKNOWN, "4 GiB: refused, not tried");
  check(!scramkeys_may_store("{ARGON2ID}$argon2id$v=19$m=4194304,t=1,p=1" SALT_HASH) && scramkeys_may_store("{ARGON2ID}$argon2id$v=19$m=4096,t=1,p=1" SALT_HASH), "... nor stored");
  phc_free(&p);
  text_free(&again);
}

static void check_costs(void)
{
  static const char *const good[] = { "$6$x$y", "$6$rounds=100000$x$y", "$2b$14$x", "$y$j9T$x$y", "$y$j75$x$y", "$gy$j9T$x$y", "$7$CU..../....x$y", "abNANd1rDfiNc", "$1$x$y", "_G2..abcdabc", "$sha1$40000$x$y" };
  static const char *const bad[] = { "$6$rounds=2000001$x$y", "$5$rounds=999999999$x$y", "$6$rounds=99999999999999999999$x", "$6$rounds=$x", "$2y$31$x", "$2b$15$x", "$2b$x", "$y$jUT$x$y", "$y$j9zz$x$y", "$y$", "$y$j",
                                     "$7$zU..../....x$y", "$7$C", "_zzzzabcd", "$sha1$4000000$x$y" };

  for (size_t i = 0; i < sizeof good / sizeof *good; i++) check(cryptcost_is_bearable(good[i]), good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!cryptcost_is_bearable(bad[i]), bad[i]);
  check(password_check("{CRYPT}$6$rounds=999999999$salt$x", "secret") == PASSWORD_UNKNOWN && !scramkeys_may_store("{CRYPT}$2y$31$x"), "what would take hours is refused, not tried");
}

/* A hash of each kind, and what control/passwordscheme must say for it to be as new ones are. */
static void check_current(const char *scheme)
{
  static const char *const names[] = { "yescrypt", "argon2id", "sha512", "bcrypt" };
  text stored = TEXT_ZERO;

  write_scheme(scheme);
  password_hash(&stored, "secret");
  check(password_check(text_string(&stored), "secret") == PASSWORD_RIGHT && password_check(stored.s, "Secret") == PASSWORD_WRONG, scheme);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    write_scheme(names[i]);
    check(password_is_current(stored.s) == !strcmp(names[i], scheme), names[i]);
  }
  text_free(&stored);
}

static void check_kinds(void)
{
  check_current("yescrypt");
  check_current("argon2id");
  check_current("sha512");
  check_current("bcrypt");
  check(!password_is_current("{BLF-CRYPT}$2y$10$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW") && !password_is_current("{SSHA}x") && !password_is_current("x"), "what is not as new ones are");
  write_scheme("argon2id");
  check(!password_is_current("{ARGON2ID}$argon2id$v=19$m=4096,t=3,p=1" SALT_HASH), "... nor of another cost");
  unlink("control/passwordscheme");
  rmdir("control");
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
  check_phc();
  check_costs();
  check_kinds();
  check_saslprep();
  if (chdir("/") == -1 || rmdir(home) == -1) return 111;
  return check_done();
}
