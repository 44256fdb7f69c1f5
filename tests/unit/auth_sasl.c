/* auth/sasl: PLAIN (RFC 4616) and LOGIN, rule by rule (check 16). */

#include "auth/sasl.h"
#include "tests/check.h"

#define B(string) string, sizeof string - 1

static struct sasl s = SASL_ZERO;

static void check_plain(const char *bytes, size_t length, const char *login, const char *password, const char *rule)
{
  sasl_begin(&s, "PLAIN", 0);
  enum sasl_result result = sasl_step(&s, bytes, length);
  bool good = login ? result == SASL_DONE && !strcmp(s.login.s, login) && !strcmp(s.password.s, password) : result == SASL_MALFORMED;
  check(good, rule);
}

static void check_plain_rules(void)
{
  static char many[SASL_RESPONSE_MAX + 2];

  check_plain(B("\0bob\0secret"), "bob", "secret", "PLAIN: name and password");
  check_plain(B("\0Bob@Example.TEST\0Secret"), "bob@example.test", "Secret", "the name in lower case, the password as it is");
  check_plain(B("\0J\xc3\x96RG@B\xc3\xbc" "cher.example\0\xc3\x84"), "j\xc3\xb6rg@xn--bcher-kva.example", "\xc3\x84",
              "an address that is not ASCII, folded as in the tables; the password as it is");
  check_plain(B("\0J\xc3\x96RG\0x"), "j\xc3\x96rg", "x", "a name that is no address: only ASCII's case");
  check_plain(B("\0B\xff@b\0x"), "b\xff@b", "x", "no UTF-8: as it is");
  check_plain(B("bob\0bob\0secret"), "bob", "secret", "an identity that is the name");
  sasl_begin(&s, "PLAIN", 0);
  check(sasl_step(&s, B("Ann\0bob\0secret")) == SASL_DONE && !strcmp(s.login.s, "bob") && !strcmp(s.acts_for.s, "ann"), "who wants to act for somebody else says so, RFC 4616");
  check_plain(B("Bob\0bob\0secret"), "bob", "secret", "... the same name in another case is nobody else");
  check(!s.acts_for.len, "... and so not said");
  check_plain(B("a\0bob\0secret\0"), 0, 0, "... a NUL too many");
  check_plain(B("bob\0secret"), 0, 0, "one NUL");
  check_plain(B("bob"), 0, 0, "no NUL");
  check_plain(B("\0bob\0sec\0ret"), 0, 0, "three NULs");
  check_plain(B("\0\0"), "", "", "nothing at all is no malformed exchange, but an empty name");
  check_plain("", 0, 0, 0, "an empty response");
  memset(many, 'x', sizeof many);
  check_plain(many, sizeof many, 0, 0, "a response that is too long");
  many[0] = many[4] = 0;
  many[5 + 511] = 0;
  check_plain(many, 5 + 511, "xxx", many + 5, "a password of 511 bytes");
  many[5 + 511] = 'x';
  check_plain(many, 5 + 512, 0, 0, "one of 512");
}

static void check_dialogues(void)
{
  check(!sasl_begin(&s, "CRAM-MD5", 0), "another mechanism");
  check(sasl_begin(&s, "plain", 0) && sasl_step(&s, 0, 0) == SASL_MORE && !*s.challenge, "PLAIN without a first response: an empty challenge");
  check(sasl_step(&s, B("\0bob\0secret")) == SASL_DONE, "... then the response");
  sasl_begin(&s, "PLAIN", 0);
  sasl_step(&s, 0, 0);
  check(sasl_step(&s, 0, 0) == SASL_MALFORMED, "no response to a challenge");
  check(sasl_begin(&s, "LOGIN", 0) && sasl_step(&s, 0, 0) == SASL_MORE && !strcmp(s.challenge, "Username:"), "LOGIN asks for the name");
  check(sasl_step(&s, B("Bob")) == SASL_MORE && !strcmp(s.challenge, "Password:"), "... and the password");
  check(sasl_step(&s, B("secret")) == SASL_DONE && !strcmp(s.login.s, "bob") && !strcmp(s.password.s, "secret"), "... and has both");
  sasl_begin(&s, "LOGIN", 0);
  check(sasl_step(&s, B("bob")) == SASL_MORE && !strcmp(s.challenge, "Password:"), "LOGIN with the name at once");
  check(sasl_step(&s, B("se\0ret")) == SASL_MALFORMED, "a NUL in the password");
  sasl_begin(&s, "LOGIN", 0);
  check(sasl_step(&s, B("b\0b")) == SASL_MALFORMED, "a NUL in the name");
  sasl_end(&s);
  check(!s.login.len && !s.password.len && !s.mechanism, "at the end nothing is left");
}

int main(void)
{
  check_plain_rules();
  check_dialogues();
  return check_done();
}
