/* auth/jwt, auth/jwk, auth/claims, auth/oauth: signed tokens, the keys they are signed with, what they have to say, and what control/oauth may say.
   Keys and tokens were made by tests/jose.py. */

#include <stdint.h>

#include "auth/base64url.h"
#include "auth/claims.h"
#include "auth/jwk.h"
#include "auth/jwt.h"
#include "auth/kept.h"
#include "lib/base64.h"
#include "tests/check.h"

#define KEYS \
  "{\"kty\":\"RSA\",\"n\":\"0IfmOH1iNjyxmtK7thCmXEigxOaB1dEiOygAV2_9n-3Ys8VQ-GDHzu1Hcw2D2Q-XAYJpZ6O-zbkBZmZmuL4xCixkoTsb3IokCm4JidOMd" \
  "E6Gw5My4JZcQttsu2jo4kcblIsUpISe7PVZrVb7fPkRUvvR0FqhMTkj-q1MblECwo7W1L0v0uDNxUTNpb0hihfFeLnW9JAWhy1Ta2uVv_bJuf_p51NrOXBbTPX0bw0JmkM" \
  "2hipl7bRQAWDMnhJzWg2s5SgrNA6GQpZPamM5RqRrdLUWD8HwThuHPchnRIkoZLHYOWaHYvtEWvopXHR_QxwV_RWOOTqt14SSkf6Eb7SLgw\",\"e\":\"AQAB\",\"alg" \
  "\":\"RS256\",\"kid\":\"rsa\"},{\"kty\":\"RSA\",\"n\":\"5HKgsCfvIKGowrdQMjt51vqiAG0ysK7coDKkbVATXE2tFZFY1nbsd4S3E4ou1jiHoWpIKdZF-KJ" \
  "58T1-XhwB7YDx_OLu363WXU7v8ZqJByUcdJFyNvo7C-3lZ70IJNJKNNJ8VxOnlLw06Y55sixVqpyPWi9NcxtmOeZyOTYwqUtlJG3uIZ07P102Jxw2er4vVuy3KXLukURh-" \
  "2Ru2IHzOo1EWKC2FtynKQjCztKe1uvKtkehY-O0pqNxCzdO0GBJyaact1BiYq5dQbyZv6bLOyKlc51fgVKn5PPpwPk038ap75V3G16jbKfDI5TOAV2lZm4Ry9FhUUYSKBc" \
  "4_nX0Rw\",\"e\":\"AQAB\",\"alg\":\"PS256\",\"kid\":\"pss\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"6QWzH2l5r32Yc9elmdDbsJ3Tq4pD" \
  "OstE09EUe9qQQ50\",\"y\":\"wn-PyXpPbZ1VoqQdoYtabRK9JXUH5Q7Nkpfx_QDZB9I\",\"alg\":\"ES256\",\"kid\":\"ec\"},{\"kty\":\"OKP\",\"crv\"" \
  ":\"Ed25519\",\"x\":\"NzY9vR5gVe41dzObovethaL9Mjp9xB1-eXY8CDZBgqI\",\"alg\":\"EdDSA\",\"kid\":\"ed\"}"

#define BY_RS256 \
  "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogImF0K2p3dCIsICJraWQiOiAicnNhIn0.eyJpc3MiOiAiaHR0cHM6Ly9hLmV4YW1wbGUiLCAiYXVkIjogIm1haWwiLCAiZXhwIj" \
  "ogMjAwMCwgImVtYWlsIjogImJvYkBleGFtcGxlLnRlc3QifQ.hc5ncdg_CGQGVkMUV_ciWtZuvJqJwHEcvBao9lw1l_jO2qFFu0xK_6cCCSWE8EAIQevO1krFZkUH2PGOm" \
  "ECd6uqAel1MaaZlJG4rXWBepR9qPCm54iUd_CKKMPcXAFmEbkys6EhMZYeRZWGpW_q1w_JCzxaC8ZcxtK-g6CtlJWTREkOw7Pq8ZLC45pmbNsYF1fRku7G-gPuJ-CoMvZF" \
  "7Oay_IhiL3AZ59lBFfPsbexncvZ84W1-jwp7jZkv755lSfuMYpnSekQH5csj1eS72MuKzr8mHhFWw409y4TUPONxiBDmlop91FGu_VZamz8Ax_7NkPTGw9Mcgaua1uAVhM" \
  "w"

#define BY_PS256 \
  "eyJhbGciOiAiUFMyNTYiLCAidHlwIjogImF0K2p3dCIsICJraWQiOiAicHNzIn0.eyJpc3MiOiAiaHR0cHM6Ly9hLmV4YW1wbGUiLCAiYXVkIjogIm1haWwiLCAiZXhwIj" \
  "ogMjAwMCwgImVtYWlsIjogImJvYkBleGFtcGxlLnRlc3QifQ.P1J8mEKwFOzX0nKwbNa4DnliZu25GPH6pNg6MJGQpX6RcqiX8eYsFcMWut9rZlj5CmjrpVgKr2kHgbNeG" \
  "_W_pntq1nGlTt_g9OWJnrlTejddP5eDy3so7Sa1IV6SRNE54OQvZmSetejR3VUbfjla3b0Li5MXW6yFIaGj0_e92mO3OfpntEKxI2obnmG1drCJNvYOHwjpKGC7y-AOEJm" \
  "e4mN4zxQfEmT5c7TLImyQUE-iBUlqVwp5bFuJpNC5IQKpQoQZ2FWU14ryFGR6QrIhVTk98oMAsJiZ-Jm6HTlFCWDp4_qntT3Zj5psD48gqfrbZswpYEvk7xLFkW_cp0nEi" \
  "g"

#define BY_ES256 \
  "eyJhbGciOiAiRVMyNTYiLCAidHlwIjogImF0K2p3dCIsICJraWQiOiAiZWMifQ.eyJpc3MiOiAiaHR0cHM6Ly9hLmV4YW1wbGUiLCAiYXVkIjogIm1haWwiLCAiZXhwIjo" \
  "gMjAwMCwgImVtYWlsIjogImJvYkBleGFtcGxlLnRlc3QifQ.3tovQriQOAcg491R-BzdjQuHt9xiszsAELXwySaqSvY-PidZzoSBU7Ucd2XoGgKuBFg55ylUFm_dWhADj8" \
  "1X5w"

#define BY_EDDSA \
  "eyJhbGciOiAiRWREU0EiLCAidHlwIjogImF0K2p3dCIsICJraWQiOiAiZWQifQ.eyJpc3MiOiAiaHR0cHM6Ly9hLmV4YW1wbGUiLCAiYXVkIjogIm1haWwiLCAiZXhwIjo" \
  "gMjAwMCwgImVtYWlsIjogImJvYkBleGFtcGxlLnRlc3QifQ.UDK708s5AkbgF670F90IJ-ZC2nEY9FeYf57lAaa5xIuYnjZyNR4ucsQD95e3BcdJWpxlrX1nAcB8nc5qGu" \
  "nUDg"

#define SET(keys) "{\"keys\":[" keys "]}"

static struct jwk_set *keys;

static void check_signed(const char *token, enum jwt_algorithm algorithm, const char *name)
{
  struct jwt j = JWT_ZERO;
  text wrong = TEXT_ZERO;

  check(jwt_has_form(token, strlen(token)) && jwt_parse(&j, token, strlen(token)) && j.algorithm == algorithm, name);
  check(jwk_check(keys, &j) == JWK_RIGHT, "... its signature is right");
  for (size_t i = 0; i < 3; i++) { /* a byte of the header, the claims, the signature */
    const char *part = i == 0 ? token + 2 : i == 1 ? strchr(token, '.') + 3 : strrchr(token, '.') + 3;
    text_copy(&wrong, token);
    wrong.s[part - token] = wrong.s[part - token] == 'A' ? 'B' : 'A';
    check(!jwt_parse(&j, wrong.s, wrong.len) || jwk_check(keys, &j) != JWK_RIGHT, "... with another byte it is not");
  }
  text_free(&wrong);
  jwt_free(&j);
}

/* A token with this header and the claims and signature of another one. */
static void make(text *token, const char *header, const char *from)
{
  text encoded = TEXT_ZERO;

  base64_add(&encoded, header, strlen(header));
  text_clear(token);
  for (size_t i = 0; i < encoded.len && encoded.s[i] != '='; i++)
    text_add_char(token, encoded.s[i] == '+' ? '-' : encoded.s[i] == '/' ? '_' : encoded.s[i]);
  text_add(token, strchr(from, '.'));
  text_free(&encoded);
}

static void check_header(const char *header, bool is_one, enum jwk_result expected, const char *rule)
{
  struct jwt j = JWT_ZERO;
  text token = TEXT_ZERO;

  make(&token, header, BY_RS256);
  bool good = jwt_parse(&j, token.s, token.len);
  check(good == is_one && (!good || jwk_check(keys, &j) == expected), rule);
  text_free(&token);
  jwt_free(&j);
}

static void check_headers(void)
{
  check_header("{\"alg\":\"none\"}", false, 0, "RFC 8725 3.2: alg none");
  check_header("{\"alg\":\"None\"}", false, 0, "... however it is written");
  check_header("{\"alg\":\"HS256\",\"kid\":\"rsa\"}", false, 0, "RFC 8725 2.1: HMAC, which would take the public key for a secret");
  check_header("{\"alg\":\"RS512\"}", false, 0, "an algorithm that is not taken");
  check_header("{\"alg\":5}", false, 0, "one that is no name");
  check_header("{}", false, 0, "none");
  check_header("[]", false, 0, "no object");
  check_header("{\"alg\":\"RS256\",\"alg\":\"none\"}", false, 0, "one twice");
  check_header("{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", false, 0, "RFC 7515 4.1.11: what is critical");
  check_header("{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}", false, 0, "RFC 8725 3.11: another kind of token");
  check_header("{\"alg\":\"RS256\",\"kid\":7}", false, 0, "a kid that is no name");
  check_header("{\"alg\":\"RS256\",\"kid\":\"ec\"}", true, JWK_NO_KEY, "RSA by the key of another kind");
  check_header("{\"alg\":\"RS256\",\"kid\":\"pss\"}", true, JWK_NO_KEY, "... by a key that is for PS256 alone");
  check_header("{\"alg\":\"ES256\",\"kid\":\"rsa\"}", true, JWK_NO_KEY, "ECDSA by an RSA key");
  check_header("{\"alg\":\"RS256\",\"kid\":\"nobody\"}", true, JWK_NO_KEY, "a key that is not known");
  check_header("{\"alg\":\"RS256\",\"typ\":\"JWT\"}", true, JWK_WRONG, "no kid: the keys of the algorithm are tried");
}

static void check_forms(void)
{
  static const char *const none[] = { "", "a", "a.b", "a.b.c.d", ".", "..", "...", "e30.e30", "e30.e30.", 0 };
  struct jwt j = JWT_ZERO;
  text out = TEXT_ZERO;

  for (size_t i = 0; none[i]; i++) check(!jwt_parse(&j, none[i], strlen(none[i])), none[i]);
  check(jwt_has_form("a.b.c", 5) && !jwt_has_form("a.b", 3) && !jwt_has_form("abc", 3), "three parts");
  check(base64url_decode(&out, "-_8", 3) && out.len == 2 && !memcmp(out.s, "\xfb\xff", 2), "RFC 4648 5: - and _");
  check(!base64url_decode(&out, "+/8", 3) && !base64url_decode(&out, "-_8=", 4) && !base64url_decode(&out, "a", 1) && !base64url_decode(&out, "-_9", 3),
        "... no + and /, no padding, no bits too many");
  text_free(&out);
  jwt_free(&j);
}

static void check_set(const char *bytes, bool is_one, const char *rule)
{
  text error = TEXT_ZERO;
  struct jwk_set *s = jwk_parse(bytes, strlen(bytes), &error);

  check((s != 0) == is_one && (error.len == 0) == is_one, rule);
  jwk_free(s);
  text_free(&error);
}

static void check_sets(void)
{
  check_set(SET("{\"kty\":\"oct\",\"k\":\"AAAA\"}," KEYS), true, "a secret key is passed over");
  check_set(SET("{\"kty\":\"oct\",\"k\":\"AAAA\"}"), false, "... and is none by itself");
  check_set(SET("{\"kty\":\"RSA\",\"n\":\"4Q\",\"e\":\"AQAB\"}"), false, "RFC 7518 3.3: RSA below 2048 bits");
  check_set(SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"),
            false, "a point that is not on the curve");
  check_set(SET("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"), false, "a key for something else");
  check_set("{\"keys\":{}}", false, "no list");
  check_set("[]", false, "no object");
  check_set("{", false, "no JSON");
  check_set("", false, "nothing");
}

static const char settings[] = "issuer: https://a.example\naudience: mail\naudience: other\nscope: imap\nscope: smtp\nuser: email\n";
static struct oauth o = OAUTH_ZERO;

static void check_claims(const char *json, enum claims_verdict expected, const char *rule)
{
  struct claims c = CLAIMS_ZERO;

  if (!check(claims_judge_jwt(&c, json, strlen(json), &o, 1000) == expected, rule)) printf("# %s\n", c.reason);
  if (expected == CLAIMS_GOOD) check_is(text_string(&c.user), "Bob@example.test", "... whose it is");
  else check(*c.reason && !c.user.len, "... and why");
  claims_free(&c);
}

#define USER "\"email\":\"Bob@example.test\","
#define SCOPE "\"scope\":\"smtp imap x\","
#define FOR "\"iss\":\"https://a.example\",\"aud\":\"mail\""
#define CLAIMS(more) "{" USER SCOPE FOR more "}"

static void check_jwt_claims(void)
{
  check_claims(CLAIMS(",\"exp\":1001"), CLAIMS_GOOD, "all is right");
  check_claims(CLAIMS(",\"exp\":971"), CLAIMS_GOOD, "a clock that is a little wrong");
  check_claims(CLAIMS(",\"exp\":970"), CLAIMS_REFUSED, "RFC 7519 4.1.4: expired");
  check_claims(CLAIMS(",\"exp\":1e300"), CLAIMS_GOOD, "for ever");
  check_claims(CLAIMS(",\"exp\":-1e300"), CLAIMS_REFUSED, "never");
  check_claims(CLAIMS(",\"exp\":970.5"), CLAIMS_REFUSED, "a fraction of a second");
  check_claims(CLAIMS(""), CLAIMS_REFUSED, "no exp");
  check_claims(CLAIMS(",\"exp\":\"1001\""), CLAIMS_REFUSED, "one that is no number");
  check_claims(CLAIMS(",\"exp\":1001,\"exp\":1"), CLAIMS_REFUSED, "two of them");
  check_claims(CLAIMS(",\"exp\":2000,\"nbf\":1030"), CLAIMS_GOOD, "nbf: a little ahead");
  check_claims(CLAIMS(",\"exp\":2000,\"nbf\":1031"), CLAIMS_REFUSED, "RFC 7519 4.1.5: not yet");
  check_claims(CLAIMS(",\"exp\":2000,\"nbf\":\"x\""), CLAIMS_REFUSED, "an nbf that is no number");
  check_claims("{" USER SCOPE "\"aud\":\"mail\",\"exp\":2000}", CLAIMS_REFUSED, "no issuer");
  check_claims("{" USER SCOPE "\"iss\":\"https://a.example/\",\"aud\":\"mail\",\"exp\":2000}", CLAIMS_REFUSED, "another issuer");
  check_claims("{" USER SCOPE "\"iss\":[\"https://a.example\"],\"aud\":\"mail\",\"exp\":2000}", CLAIMS_REFUSED, "a list of issuers");
  check_claims("{" USER SCOPE "\"iss\":\"https://a.example\",\"exp\":2000}", CLAIMS_REFUSED, "no audience");
  check_claims("{" USER SCOPE "\"iss\":\"https://a.example\",\"aud\":\"mail2\",\"exp\":2000}", CLAIMS_REFUSED, "another audience");
  check_claims("{" USER SCOPE "\"iss\":\"https://a.example\",\"aud\":\"mail other\",\"exp\":2000}", CLAIMS_REFUSED, "an audience is one string");
  check_claims("{" USER SCOPE "\"iss\":\"https://a.example\",\"aud\":[\"x\",\"other\"],\"exp\":2000}", CLAIMS_GOOD, "one of several audiences");
  check_claims("{" USER FOR ",\"exp\":2000}", CLAIMS_LACK_SCOPE, "no scope");
  check_claims("{" USER FOR ",\"scope\":\"imap\",\"exp\":2000}", CLAIMS_LACK_SCOPE, "one scope of two");
  check_claims("{" USER FOR ",\"scope\":\"imaps smtp\",\"exp\":2000}", CLAIMS_LACK_SCOPE, "a longer word");
  check_claims("{" USER FOR ",\"scope\":[\"imap\",\"smtp\"],\"exp\":2000}", CLAIMS_GOOD, "a list of scopes");
  check_claims("{" USER FOR ",\"scp\":\"smtp imap\",\"exp\":2000}", CLAIMS_GOOD, "Microsoft's name of it");
  check_claims("{" SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "nobody's");
  check_claims("{\"email\":5," SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "a number's");
  check_claims("{\"email\":\"\"," SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "an empty name");
  check_claims("{\"email\":\"\\u212aate@example.test\"," SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "a name that would be folded to kate's");
  check_claims("{\"email\":\"ro\u017fa@example.test\"," SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "... to rosa's");
  check_claims("{\"email\":\"a\\u0000b\"," SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "a name with a NUL");
  check_claims("{\"email\":\"a\\nb\"," SCOPE FOR ",\"exp\":2000}", CLAIMS_REFUSED, "with an end of line");
  check_claims(CLAIMS(",\"exp\":2000,\"email_verified\":false"), CLAIMS_REFUSED, "an address that nobody has verified");
  check_claims(CLAIMS(",\"exp\":2000,\"email_verified\":true"), CLAIMS_GOOD, "... that somebody has");
  check_claims("[]", CLAIMS_REFUSED, "no object");
  check_claims("{", CLAIMS_REFUSED, "no JSON");
  check_claims("", CLAIMS_REFUSED, "nothing");
}

static void check_answer(const char *json, enum claims_verdict expected, const char *rule)
{
  struct claims c = CLAIMS_ZERO;

  if (!check(claims_judge_introspection(&c, json, strlen(json), &o, 1000) == expected, rule)) printf("# %s\n", c.reason);
  claims_free(&c);
}

static void check_answers(void)
{
  check_answer("{\"active\":false}", CLAIMS_REFUSED, "RFC 7662 2.2: not active");
  check_answer(CLAIMS(",\"exp\":2000"), CLAIMS_REFUSED, "whether it is active is not said");
  check_answer(CLAIMS(",\"active\":\"true\""), CLAIMS_REFUSED, "active is no string");
  check_answer(CLAIMS(",\"active\":true"), CLAIMS_GOOD, "active; no exp");
  check_answer(CLAIMS(",\"active\":true,\"exp\":900"), CLAIMS_REFUSED, "expired all the same");
  check_answer("{" USER SCOPE "\"aud\":\"mail\",\"active\":true}", CLAIMS_GOOD, "RFC 7662: the issuer need not be said");
  check_answer("{" USER SCOPE "\"aud\":\"mail\",\"iss\":\"x\",\"active\":true}", CLAIMS_REFUSED, "... but is right where it is");
  check_answer("{" USER SCOPE "\"active\":true}", CLAIMS_REFUSED, "an audience is wanted, and not said");
  check_answer("{" USER "\"aud\":\"mail\",\"active\":true}", CLAIMS_LACK_SCOPE, "no scope");
}

static void check_setting(const char *lines, bool good, const char *rule)
{
  struct oauth one = OAUTH_ZERO;
  text error = TEXT_ZERO;

  check(oauth_parse(&one, lines, strlen(lines), &error) == good && (error.len == 0) == good, rule);
  text_free(&error);
  oauth_free(&one);
}

static void check_settings(void)
{
  check(o.skew == 30 && o.keep == 60 && !strcmp(o.scope.s, "imap smtp"), "what is not said has a default");
  check_setting("introspect: https://a.example/x?y=z\nskew: 0\nkeep: 0\n", true, "a URL, numbers");
  check_setting("introspect: http://a.example/x\n", false, "in clear");
  check_setting("introspect: https://name:secret@a.example/x\n", false, "a password in the URL");
  check_setting("introspect: https:///x\n", false, "no host");
  check_setting("skew: 301\n", false, "much skew");
  check_setting("keep: 1h\n", false, "no number");
  check_setting("scope: a b\n", false, "two scopes in a line");
  check_setting("algorithm: none\n", false, "a key that there is not");
}

static void check_kept(void)
{
  struct kept *k = kept_make();
  text record = TEXT_ZERO, found = TEXT_ZERO, other = TEXT_ZERO;

  text_copy(&record, "user=bob");
  text_add(&other, "x");
  kept_add(k, "token", &o.fields, 1010, &record);
  check(kept_find(k, "token", &o.fields, 1009, &found) && found.len == record.len && !memcmp(found.s, record.s, found.len), "what is kept is found");
  check(!kept_find(k, "token", &o.fields, 1010, &found), "... until then");
  check(!kept_find(k, "tokem", &o.fields, 1000, &found) && !kept_find(k, "token", &other, 1000, &found), "... for this token, and these settings");
  for (unsigned int i = 0; i < 20000; i++) {
    text name = TEXT_ZERO;
    text_add_number(&name, i);
    kept_add(k, text_string(&name), &o.fields, 2000 + i, &record);
    text_free(&name);
  }
  check(kept_find(k, "19999", &o.fields, 1000, &found) && !kept_find(k, "1", &o.fields, 1000, &found), "so much is kept and no more");
  text_ready(&record, 1000);
  record.len = 1000;
  kept_add(k, "long", &o.fields, 2000, &record);
  check(!kept_find(k, "long", &o.fields, 1000, &found), "what is long is not kept");
  text_free(&record);
  text_free(&found);
  text_free(&other);
}

int main(void)
{
  text error = TEXT_ZERO;

  check((keys = jwk_parse(SET(KEYS), strlen(SET(KEYS)), &error)) != 0, "a set of four keys");
  check(oauth_parse(&o, settings, strlen(settings), &error), "settings");
  check_signed(BY_RS256, JWT_RS256, "RS256");
  check_signed(BY_PS256, JWT_PS256, "PS256");
  check_signed(BY_ES256, JWT_ES256, "ES256");
  check_signed(BY_EDDSA, JWT_EDDSA, "EdDSA");
  check_headers();
  check_forms();
  check_sets();
  check_jwt_claims();
  check_answers();
  check_settings();
  check_kept();
  jwk_free(keys);
  oauth_free(&o);
  text_free(&error);
  return check_done();
}
