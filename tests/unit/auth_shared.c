/* lib/mac, auth/remember: what the processes of one auth-server know in common. */

#include "lib/mac.h"
#include "auth/remember.h"
#include "lib/text.h"
#include "tests/check.h"

static unsigned char key[MAC_KEY_SIZE];

/* HMAC-SHA256 of "what do ya want for nothing?" NUL under "Jefe" padded with NULs, by Python's hmac. */
static void check_mac(void)
{
  static const char expected[] = "4fd2cd52032b7d4c8c0faac64edd70d083ded8a88aaf5bb3b60c8e40a83de008";
  unsigned char mac[MAC_SIZE], jefe[MAC_KEY_SIZE] = "Jefe", other[MAC_SIZE];
  text hex = TEXT_ZERO;

  mac_strings(mac, jefe, "what do ya want for nothing?", (char *)0);
  for (unsigned int i = 0; i < MAC_SIZE; i++) text_add_format(&hex, "%02x", mac[i]);
  check_is(text_string(&hex), expected, "HMAC-SHA256");
  mac_strings(mac, jefe, "ab", "c", (char *)0);
  mac_strings(other, jefe, "a", "bc", (char *)0);
  check(memcmp(mac, other, MAC_SIZE), "two lists of strings never look alike");
  text_free(&hex);
}

static void check_remember(void)
{
  struct remember *r = remember_make(key, 300), *none = remember_make(key, 0);
  struct remember_login l = { "key-1", "{CRYPT}$6$a", "192.0.2.1", "secret" }, other = l;

  check(!remember_has(r, &l, 100), "nothing is remembered at first");
  remember_add(r, &l, 100);
  check(remember_has(r, &l, 100) && remember_has(r, &l, 399), "a login is, for 300 s");
  check(!remember_has(r, &l, 400), "... and then no longer");
  other.password = "Secret";
  check(!remember_has(r, &other, 100), "another password is not");
  other = l;
  other.stored = "{CRYPT}$6$b";
  check(!remember_has(r, &other, 100), "nor is the same after the stored hash was changed");
  other = l;
  other.network = "192.0.2.2";
  check(!remember_has(r, &other, 100), "nor from another network");
  remember_add(none, &l, 100);
  check(!remember_has(none, &l, 100), "control/authremember 0: nothing is");
}

int main(void)
{
  check_mac();
  check_remember();
  return check_done();
}
