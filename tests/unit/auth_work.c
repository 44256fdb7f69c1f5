/* auth/work: whatever is stored, a wrong password costs what a stranger's does: counted in hashes, not in seconds. */

#include "auth/work.h"
#include "lib/scheme.h"
#include "tests/check.h"

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define KEYS SALT ",WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define YESCRYPT "{CRYPT}$y$j9T$abcdefghijklmnop$x"
#define SCRAM "{SCRAM-SHA-256}25000," KEYS
#define ARGON "$c2FsdHNhbHRzYWx0$HGYLTCV6ZTbFUqBz1nLFCmdiA5YOh/5T9b12mYeqJ0s"

/* The stranger's hashes that are computed as well, as letters: y, s. */
static const char *missing(const char *first, const char *second)
{
  static text seen = TEXT_ZERO;
  text secret = TEXT_ZERO, stranger = TEXT_ZERO, list = TEXT_ZERO;
  size_t at = 0;

  if (first) record_add(&secret, "password", first);
  if (second) record_add(&secret, "password", second);
  record_add(&stranger, "password", "{CRYPT}$y$j9T$otherotherother$y");
  record_add(&stranger, "password", "{SCRAM-SHA-256}25000," KEYS);
  work_missing(&secret, &stranger, &list);
  text_clear(&seen);
  for (const char *stored; (stored = record_next(&list, "password", &at));) text_add_char(&seen, stored[1] == 'C' ? 'y' : 's');
  text_free(&secret);
  text_free(&stranger);
  text_free(&list);
  return text_string(&seen);
}

static const char *missing_argon(const char *stored)
{
  static text seen = TEXT_ZERO;
  text secret = TEXT_ZERO, stranger = TEXT_ZERO;

  record_add(&secret, "password", stored);
  record_add(&stranger, "password", "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1" ARGON);
  work_missing(&secret, &stranger, &seen);
  text_free(&secret);
  text_free(&stranger);
  return seen.len ? "a" : "";
}

int main(void)
{
  check_is(missing(0, 0), "ys", "a stranger: both forms of password-hash");
  check_is(missing(YESCRYPT, SCRAM), "", "what password-hash writes: nothing more");
  check_is(missing(SCRAM, YESCRYPT), "", "... in any order");
  check_is(missing(YESCRYPT, 0), "s", "a hash without keys: the keys");
  check_is(missing(SCRAM, 0), "y", "keys without a hash: the hash");
  check_is(missing("{SSHA}x", 0), "ys", "a fast hash: all that a stranger's try costs");
  check_is(missing("{CRYPT}$6$salt$x", SCRAM), "y", "an old hash beside keys");
  check_is(missing("{CRYPT}$y$j75$salt$x", 0), "ys", "a cheaper yescrypt is another one");
  check_is(missing("{SCRAM-SHA-256}4096," KEYS, YESCRYPT), "s", "so are keys of fewer iterations");
  check_is(missing("{CRYPT}abNANd1rDfiNc", "{CRYPT}$nonsense$"), "ys", "what cannot be checked costs nothing");
  check_is(missing_argon("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$b3RoZXJvdGhlcg$HGYLTCV6ZTbFUqBz1nLFCmdiA5YOh/5T9b12mYeqJ0s"), "", "Argon2 of the same parameters");
  check_is(missing_argon("{ARGON2ID}$argon2id$v=19$m=4096,t=2,p=1" ARGON), "a", "... of others");
  check_is(missing_argon("{ARGON2I}$argon2i$v=19$m=19456,t=2,p=1" ARGON), "a", "... of another kind");
  return check_done();
}
