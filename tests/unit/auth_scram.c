/* auth/scram and auth/sasl: SCRAM-SHA-256 as server, with the example of RFC 7677 3; all that a client may not say. auth/stranger:
   the keys of nobody. */

#include "auth/sasl.h"
#include "auth/stranger.h"
#include "lib/base64.h"
#include "lib/record.h"
#include "tests/check.h"

#define STORED "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define THEIRS "rOprNGfwEbeRWgbNEkqO"
#define OURS "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FULL THEIRS OURS
#define PROOF "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define BOUND_PROOF "VdI1MME/WqhcWkqg8Mk/e4MzZ6Ey0hZQSva6rVkN0Us="
#define FINAL "c=biws,r=" FULL "," PROOF

static struct sasl s = SASL_ZERO;

static void check_first(const char *first, enum sasl_result expected, const char *login, const char *rule)
{
  sasl_begin(&s, "SCRAM-SHA-256", 0);
  check(sasl_step(&s, first, strlen(first)) == expected, rule);
  if (login) check_is(s.login.s, login, "... the name");
}

/* From first to last; the example's password. */
static void check_last(const char *first, const char *last, enum sasl_result expected, bool is_proved, const char *rule)
{
  sasl_begin(&s, "SCRAM-SHA-256", 0);
  if (sasl_step(&s, first, strlen(first)) != SASL_KEYS || !scramkeys_parse(&s.keys, STORED)) {
    check(false, rule);
    return;
  }
  sasl_challenge(&s, OURS);
  check(sasl_step(&s, last, strlen(last)) == expected && s.is_proved == is_proved, rule);
  if (!is_proved) check(expected == SASL_MALFORMED || !*s.challenge, "... and gets no proof of ours");
}

static void check_example(void)
{
  sasl_begin(&s, "scram-sha-256", 0);
  check(sasl_step(&s, 0, 0) == SASL_MORE && !*s.challenge, "without a first response: an empty challenge");
  check(sasl_step(&s, "n,,n=user,r=" THEIRS, 12 + strlen(THEIRS)) == SASL_KEYS, "RFC 7677 3: the client's first message");
  check_is(s.login.s, "user", "... the name");
  scramkeys_parse(&s.keys, STORED);
  sasl_challenge(&s, OURS);
  check_is(s.challenge, "r=" FULL ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "... the server's");
  check(sasl_step(&s, FINAL, strlen(FINAL)) == SASL_DONE && s.is_proved, "... the client's proof");
  check_is(s.challenge, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "... and the server's");
  check(sasl_step(&s, "", 0) == SASL_MALFORMED, "after that nothing comes");
  sasl_end(&s);
  check(!s.login.len && !s.keys.salt.len && !s.scram.said.len && !s.message.len && !s.mechanism, "at the end nothing is left");
}

/* RFC 5802 5 */
static void check_sha1(void)
{
  static const char first[] = "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", last[] = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
  struct scramkeys other = SCRAMKEYS_ZERO;
  text stored = TEXT_ZERO;

  check(sasl_begin(&s, "SCRAM-SHA-1", 0) && sasl_step(&s, first, strlen(first)) == SASL_KEYS && s.keys.hash == SCRAMHASH_SHA_1, "RFC 5802 5: the first message of its example");
  s.keys.iterations = 4096;
  base64_decode(&s.keys.salt, "QSXCR+Q6sek8bf92", 16);
  scramkeys_make(&s.keys, "pencil");
  scramkeys_format(&s.keys, &stored);
  check_is(text_string(&stored), "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", "... its keys");
  sasl_challenge(&s, "3rfcNHYJY1ZVvWVs7j");
  check_is(s.challenge, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", "... the server's");
  check(sasl_step(&s, last, strlen(last)) == SASL_DONE && s.is_proved, "... the client's proof");
  check_is(s.challenge, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "... and the server's");
  check(scramkeys_parse_by(&other, stored.s, SCRAMHASH_SHA_1) && scramkeys_parse_any(&other, stored.s) && !scramkeys_parse(&other, stored.s) &&
        !scramkeys_parse_by(&other, STORED, SCRAMHASH_SHA_1) && scramkeys_may_store(stored.s), "keys are of one hash");
  check(!scramkeys_may_store("{SCRAM-SHA-1}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="), "... and as long as that is");
  scramkeys_free(&other);
  text_free(&stored);
}

static void check_firsts(void)
{
  check_first("n,,n=Bob@Example.TEST,r=x", SASL_KEYS, "bob@example.test", "the name is folded as PLAIN's");
  check_first("y,,n=bob,r=x", SASL_KEYS, "bob", "a client that could have bound a channel");
  check_first("n,,n=a=3Db=2Cc,r=x", SASL_KEYS, "a=b,c", "RFC 5802 5.1: = and , in a name");
  check_first("n,a=bob,n=bob,r=x", SASL_KEYS, "bob", "an authzid that is the name");
  check_first("n,a=ann,n=bob,r=x", SASL_FOREIGN, 0, "... and one that is not");
  check_first("n,,n=bob,r=x,e=1,f=y=", SASL_KEYS, "bob", "RFC 5802 5.1: unknown extensions are skipped");
  check_first("n,,m=1,n=bob,r=x", SASL_MALFORMED, 0, "... but not one that must be understood");
  check_first("p=tls-exporter,,n=bob,r=x", SASL_UNBOUND, 0, "a channel is bound by SCRAM-SHA-256-PLUS alone");
  check_first("n,,n=,r=x", SASL_MALFORMED, 0, "no name");
  check_first("n,,n=b=2cb,r=x", SASL_MALFORMED, 0, "=2c is not =2C");
  check_first("n,,n=b=,r=x", SASL_MALFORMED, 0, "= alone");
  check_first("n,,n=bob,r=", SASL_MALFORMED, 0, "an empty nonce");
  check_first("n,,n=bob,r=a b", SASL_MALFORMED, 0, "a blank in the nonce");
  check_first("n,,n=bob", SASL_MALFORMED, 0, "no nonce");
  check_first("n,,r=x,n=bob", SASL_MALFORMED, 0, "the wrong order");
  check_first("n,n=bob,r=x", SASL_MALFORMED, 0, "half a header");
  check_first("n,a=bob", SASL_MALFORMED, 0, "a header alone");
  check_first("x,,n=bob,r=x", SASL_MALFORMED, 0, "another header");
  check_first("n,,n=bob,r=x,,", SASL_MALFORMED, 0, "an extension that is none");
  check_first("", SASL_MALFORMED, 0, "nothing");
  sasl_begin(&s, "SCRAM-SHA-256", 0);
  check(sasl_step(&s, "n,,n=b\0b,r=x", 12) == SASL_MALFORMED, "a NUL");
}

static void check_lasts(void)
{
  static const char first[] = "n,,n=user,r=" THEIRS;

  check_last(first, FINAL, SASL_DONE, true, "the proof of the example");
  check_last(first, "c=biws,r=" FULL ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVU=", SASL_DONE, false, "another proof");
  check_last(first, "c=biws,r=" FULL "x," PROOF, SASL_DONE, false, "a longer nonce");
  check_last(first, "c=biws,r=" THEIRS "," PROOF, SASL_DONE, false, "the client's nonce alone");
  check_last(first, "c=eSws,r=" FULL "," PROOF, SASL_DONE, false, "another header than at first");
  check_last("y,,n=user,r=" THEIRS, FINAL, SASL_DONE, false, "... the other way: what the client said first was changed");
  check_last(first, "c=biws,r=" FULL ",x=y," PROOF, SASL_DONE, false, "an extension that the proof does not cover");
  check_last(first, "c=biws,r=" FULL ",p=dHzb", SASL_MALFORMED, false, "a proof that is too short");
  check_last(first, "c=biws,r=" FULL ",p=!", SASL_MALFORMED, false, "one that is no base64");
  check_last(first, "c=biws,r=" FULL, SASL_MALFORMED, false, "none");
  check_last(first, PROOF, SASL_MALFORMED, false, "a proof alone");
  check_last(first, "r=" FULL ",c=biws," PROOF, SASL_MALFORMED, false, "the wrong order");
  check_last(first, "", SASL_MALFORMED, false, "nothing");
}

static void check_bound(const char *mechanism, const text *channel, const char *first, enum sasl_result expected, const char *rule)
{
  check(sasl_begin(&s, mechanism, channel) && sasl_step(&s, first, strlen(first)) == expected, rule);
}

/* RFC 5802 6. The proofs are another implementation's, Python's hmac. */
static void check_channel(void)
{
  static const char plus[] = "SCRAM-SHA-256-PLUS", last[] = "c=cD10bHMtZXhwb3J0ZXIsLGJvdW5k,r=" FULL ",p=" BOUND_PROOF;
  text channel = TEXT_ZERO, half = TEXT_ZERO;

  record_add(&channel, "exporter", "Ym91bmQ="); /* "bound" */
  record_add(&channel, "endpoint", "ZW5k");
  record_add(&half, "endpoint", "ZW5k");
  check(!sasl_begin(&s, plus, 0) && !sasl_begin(&s, plus, &half), "SCRAM-SHA-256-PLUS only where the channel can be bound");
  check_bound(plus, &channel, "p=tls-exporter,,n=bob,r=x", SASL_KEYS, "RFC 9266: to the connection");
  check_bound(plus, &channel, "p=tls-server-end-point,a=bob,n=bob,r=x", SASL_KEYS, "RFC 5929: to the certificate");
  check_bound(plus, &channel, "p=tls-unique,,n=bob,r=x", SASL_UNBOUND, "... not otherwise");
  check_bound(plus, &channel, "p=,,n=bob,r=x", SASL_UNBOUND, "... to nothing");
  check_bound(plus, &channel, "n,,n=bob,r=x", SASL_UNBOUND, "PLUS, but not bound");
  check_bound(plus, &channel, "y,,n=bob,r=x", SASL_UNBOUND, "... nor as if it were not offered");
  check_bound(plus, &channel, "p=tls-exporter", SASL_MALFORMED, "a header alone");
  check_bound("SCRAM-SHA-256", &channel, "y,,n=bob,r=x", SASL_UNBOUND, "a client that was not told of PLUS, though it is offered: a downgrade");
  check_bound("SCRAM-SHA-256", &half, "y,,n=bob,r=x", SASL_KEYS, "... where it is not offered, it is none");
  check_bound("SCRAM-SHA-256", &channel, "n,,n=bob,r=x", SASL_KEYS, "a client that cannot bind");
  for (int i = 0; i < 2; i++) {
    sasl_begin(&s, plus, &channel);
    sasl_step(&s, "p=tls-exporter,,n=user,r=" THEIRS, 25 + strlen(THEIRS));
    scramkeys_parse(&s.keys, STORED);
    if (i) s.scram.header.s[s.scram.header.len - 1] = 'x';
    sasl_challenge(&s, OURS);
    check(sasl_step(&s, last, strlen(last)) == SASL_DONE && s.is_proved == !i, i ? "... not one that is bound to another channel" : "a proof that is bound to this one");
  }
  sasl_end(&s);
  text_free(&channel);
  text_free(&half);
}

static const char *stranger_of(const char *login, const text *tables)
{
  static text made = TEXT_ZERO;
  struct scramkeys k = SCRAMKEYS_ZERO;

  text_clear(&made);
  if (auth_stranger_keys(&k, tables, login)) scramkeys_format(&k, &made);
  scramkeys_free(&k);
  return text_string(&made);
}

static void check_strangers(void)
{
  text tables = TEXT_ZERO, wider = TEXT_ZERO, zoe = TEXT_ZERO;
  char name[16];
  unsigned int moved = 0, other = 0;

  record_add(&tables, "shape", "25000 16");
  record_add(&tables, "key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  text_copy(&zoe, stranger_of("zoe", &tables));
  check(!strncmp(text_string(&zoe), "{SCRAM-SHA-256}25000,", 21), "a stranger has keys of the kind that all have");
  check(!strcmp(stranger_of("zoe", &tables), zoe.s), "... always the same");
  check(strcmp(stranger_of("zoa", &tables), zoe.s), "... and another one has others");
  record_add(&wider, "shape", "4096 64");
  text_add_text(&wider, &tables);
  for (unsigned int i = 0; i < 200; i++) {
    snprintf(name, sizeof name, "n%u", i);
    text_copy(&zoe, stranger_of(name, &tables));
    text_string(&zoe);
    bool is_new = !strncmp(stranger_of(name, &wider), "{SCRAM-SHA-256}4096,", 20);
    moved += is_new;
    other += !is_new && strcmp(stranger_of(name, &wider), zoe.s);
  }
  check(moved > 50 && moved < 150 && !other, "a second kind is that of some of them; the others stay as they were");
  text_clear(&wider);
  check_is(stranger_of("zoe", &wider), "", "tables without it");
  record_add(&wider, "key", "00");
  record_add(&wider, "shape", "25000 16");
  check_is(stranger_of("zoe", &wider), "", "a key that is none");
  text_free(&tables);
  text_free(&wider);
  text_free(&zoe);
}

int main(void)
{
  check(sasl_means("Scram-Sha-256") == SASL_BY_KEYS && sasl_means("PLAIN") == SASL_BY_PASSWORD, "it needs keys of every login");
  check_example();
  check_sha1();
  check_firsts();
  check_lasts();
  check_channel();
  check_strangers();
  return check_done();
}
