/* lib/mac's long keys and stretching, and SCRAM-SHA-256 with the example of RFC 7677 3; all that a server may not say. */

#include "send/scram.h"
#include "tests/check.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define FULL NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SALT "s=W22ZaJ0SNY7soEsUEjb6gQ=="

static const char *hex_of(const unsigned char *bytes)
{
  static text hex = TEXT_ZERO;

  text_clear(&hex);
  for (int i = 0; i < MAC_SIZE; i++) text_add_format(&hex, "%02x", bytes[i]);
  return text_string(&hex);
}

static void check_mac(void)
{
  unsigned char mac[MAC_SIZE];
  char key[131];

  memset(key, 0xaa, sizeof key);
  mac_bytes(mac, "Jefe", 4, "what do ya want for nothing?", 28);
  check_is(hex_of(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "RFC 4231 4.3: a short key");
  mac_bytes(mac, key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54);
  check_is(hex_of(mac), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "RFC 4231 4.7: a key longer than a block");
  mac_stretch(mac, "password", 8, "salt", 4, 4096);
  check_is(hex_of(mac), "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a", "PBKDF2 of 4096 iterations, as Python's");
  mac_stretch(mac, "password", 8, "salt", 4, 1);
  check_is(hex_of(mac), "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b", "... and of one");
}

static void check_example(void)
{
  static const char end[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", wrong[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=";
  static const char challenge[] = "r=" FULL "," SALT ",i=4096";
  struct scram s = SCRAM_ZERO;
  text message = TEXT_ZERO;

  send_scram_first(&s, "user", NONCE, &message);
  check_is(text_string(&message), "n,,n=user,r=" NONCE, "RFC 7677 3: what we say first");
  check(!send_scram_last(&s, "pencil", challenge, strlen(challenge), &message), "its challenge is taken");
  check_is(text_string(&message), "c=biws,r=" FULL ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "and proved");
  check(send_scram_check(&s, end, strlen(end)), "the server has proved that it knows the password");
  check(!send_scram_check(&s, wrong, strlen(wrong)), "this one has not");
  check(!send_scram_check(&s, "e=other-error", 13) && !send_scram_check(&s, "", 0) && !send_scram_check(&s, "v=", 2), "nor these");
  send_scram_first(&s, "user", NONCE, &message);
  check(!send_scram_check(&s, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 46), "nobody has, before we have proved something");
  send_scram_first(&s, "a=b,c", NONCE, &message);
  check_is(text_string(&message), "n,,n=a=3Db=2Cc,r=" NONCE, "RFC 5802 5.1: a comma in the login");
  send_scram_free(&s);
  text_free(&message);
}

static void check_refused(const char *challenge, const char *what)
{
  struct scram s = SCRAM_ZERO;
  text message = TEXT_ZERO;

  send_scram_first(&s, "user", NONCE, &message);
  check(send_scram_last(&s, "pencil", challenge, strlen(challenge), &message) && !message.len, what);
  send_scram_free(&s);
  text_free(&message);
}

int main(void)
{
  check_mac();
  check_example();
  check_refused("", "an empty challenge");
  check_refused("r=" FULL, "a nonce alone");
  check_refused("r=" NONCE "," SALT ",i=4096", "nothing added to our nonce");
  check_refused("r=another" FULL "," SALT ",i=4096", "another nonce");
  check_refused("r=" FULL ",s=,i=4096", "an empty salt");
  check_refused("r=" FULL ",s=W22ZaJ0,i=4096", "a salt that is not base64");
  check_refused("r=" FULL "," SALT ",i=4095", "too few iterations: the password would be cheap to guess");
  check_refused("r=" FULL "," SALT ",i=1000001", "so many that we would be busy for long");
  check_refused("r=" FULL "," SALT ",i=-1", "a count that is none");
  check_refused("r=" FULL "," SALT, "no count");
  check_refused("m=new,r=" FULL "," SALT ",i=4096", "RFC 5802 5.1: an extension that must be known, and is not");
  check_refused("r=" FULL "\x01," SALT ",i=4096", "a control character");
  return check_done();
}
