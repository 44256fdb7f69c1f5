/* auth/bearer, auth/gs2 and auth/sasl: OAUTHBEARER (RFC 7628), XOAUTH2 and EXTERNAL, what a client says and what it is answered. */

#include "auth/gs2.h"
#include "auth/sasl.h"
#include "tests/check.h"

#define END "\1\1"

static void check_parse(bool (*parse)(struct bearer *, const char *, size_t), const char *said, const char *token, const char *acts_as, const char *rule)
{
  struct bearer b = BEARER_ZERO;
  bool good = parse(&b, said, strlen(said));

  if (!check(good == (token != 0), rule) || !token) {
    bearer_free(&b);
    return;
  }
  check_is(text_string(&b.token), token, "... the token");
  check_is(text_string(&b.acts_as), acts_as, "... and who he says he is");
  bearer_free(&b);
}

static void check_oauth(const char *said, const char *token, const char *acts_as, const char *rule) { check_parse(bearer_parse_oauth, said, token, acts_as, rule); }
static void check_xoauth2(const char *said, const char *token, const char *acts_as, const char *rule) { check_parse(bearer_parse_xoauth2, said, token, acts_as, rule); }

static void check_oauths(void)
{
  check_oauth("n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==" END,
              "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "user@example.com", "RFC 7628 4.1: its example");
  check_oauth("n,,\1auth=bearer abc" END, "abc", "", "nobody is named; the scheme is any case");
  check_oauth("y,,\1auth=Bearer   abc" END, "abc", "", "more than one space (RFC 7235 2.1)");
  check_oauth("n,a=a=3Db=2Cc,\1auth=Bearer abc" END, "abc", "a=b,c", "RFC 5802 5.1: = and , in a name");
  check_oauth("n,,\1auth=" END, "", "", "RFC 7628 4.3: no token, he asks what we want");
  check_oauth("n,,\1auth=Bearer abc\1mthd=POST\1path=/x\1qs=a=b" END, "abc", "", "other keys say nothing");
  check_oauth("p=tls-exporter,,\1auth=Bearer abc" END, 0, 0, "it binds no channel");
  check_oauth("n,,auth=Bearer abc" END, 0, 0, "no separator behind the header");
  check_oauth("n,,\1auth=Bearer abc\1", 0, 0, "one separator lacks at the end");
  check_oauth("n,,\1auth=Bearer abc" END "x", 0, 0, "something behind the end");
  check_oauth("n,,\1host=x" END, 0, 0, "no auth at all");
  check_oauth("n,,\1auth=Bearer abc\1auth=Bearer def" END, 0, 0, "two tokens");
  check_oauth("n,,\1auth=\1auth=Bearer def" END, 0, 0, "none and one");
  check_oauth("n,,\1auth=Basic abc" END, 0, 0, "another scheme");
  check_oauth("n,,\1auth=Bearer a b" END, 0, 0, "a token has no spaces");
  check_oauth("n,,\1auth=Bearer =abc" END, 0, 0, "... and = at its end alone");
  check_oauth("n,,\1auth=Bearer " END, 0, 0, "the scheme, and no token");
  check_oauth("n,,\1ho3t=x\1auth=Bearer abc" END, 0, 0, "a key is letters");
  check_oauth("n,,\1host=\2\1auth=Bearer abc" END, 0, 0, "a value has no control characters");
  check_oauth("n,user,\1auth=Bearer abc" END, 0, 0, "an authzid without a=");
  check_oauth("n,a=,\1auth=Bearer abc" END, 0, 0, "an empty one");
  check_oauth("n,a=x=3,\1auth=Bearer abc" END, 0, 0, "half an escape");
  check_oauth("", 0, 0, "nothing");
  check_oauth("\1", 0, 0, "what is an answer to a refusal");
  check_oauth("user=bob\1auth=Bearer abc" END, 0, 0, "XOAUTH2's");
}

static void check_xoauth2s(void)
{
  check_xoauth2("user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==" END, "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==",
                "someuser@example.com", "Google's example");
  check_xoauth2("auth=Bearer abc" END, 0, 0, "nobody is named");
  check_xoauth2("user=\1auth=Bearer abc" END, 0, 0, "an empty name");
  check_xoauth2("user=a\1user=b\1auth=Bearer abc" END, 0, 0, "two names");
  check_xoauth2("user=a\1auth=Bearer abc\1", 0, 0, "one separator lacks");
  check_xoauth2("n,a=b,\1auth=Bearer abc" END, 0, 0, "OAUTHBEARER's");
}

static void check_long(void)
{
  text said = TEXT_ZERO;
  struct bearer b = BEARER_ZERO;

  for (size_t length = BEARER_TOKEN_MAX; length <= BEARER_TOKEN_MAX + 1; length++) {
    text_copy(&said, "n,,\1auth=Bearer ");
    for (size_t i = 0; i < length; i++) text_add_char(&said, 'a');
    text_add(&said, END);
    check(bearer_parse_oauth(&b, said.s, said.len) == (length == BEARER_TOKEN_MAX), "a token has a length");
  }
  text_free(&said);
  bearer_free(&b);
}

static void check_refusals(void)
{
  struct bearer_refusal r = { false, "mail", "https://a.example/x" }, bare = { true, "", "" };
  text json = TEXT_ZERO;

  bearer_refuse_oauth(&json, &r);
  check_is(text_string(&json), "{\"status\":\"invalid_token\",\"scope\":\"mail\",\"openid-configuration\":\"https://a.example/x\"}", "RFC 7628 3.2.2: a refusal");
  bearer_refuse_oauth(&json, &bare);
  check_is(text_string(&json), "{\"status\":\"insufficient_scope\"}", "... that says nothing more");
  bearer_refuse_xoauth2(&json, &r);
  check_is(text_string(&json), "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}", "XOAUTH2's form");
  bearer_refuse_xoauth2(&json, &bare);
  check_is(text_string(&json), "{\"status\":\"403\",\"schemes\":\"bearer\"}", "... without a scope");
  text_free(&json);
}

static enum sasl_result say(struct sasl *s, const char *words) { return sasl_step(s, words, strlen(words)); }

static void check_sasl(void)
{
  struct sasl s = SASL_ZERO;
  struct bearer_refusal r = { false, "", "" };

  check(sasl_begin(&s, "oauthbearer", 0) && sasl_step(&s, 0, 0) == SASL_MORE && !*s.challenge, "without a first response: an empty challenge");
  check(say(&s, "n,a=Bob@Example.TEST,\1auth=Bearer abc" END) == SASL_TOKEN, "then the token");
  check_is(s.login.s, "bob@example.test", "... the name is folded as PLAIN's");
  check_is(s.token.s, "abc", "... and it is there");
  sasl_refuse(&s, &r);
  check_is(s.challenge, "{\"status\":\"invalid_token\"}", "... a refusal is a challenge");
  check(say(&s, "n,,\1auth=Bearer abc" END) == SASL_MALFORMED, "... a second token is not looked at");
  check(sasl_begin(&s, "XOAUTH2", 0) && say(&s, "user=bob\1auth=Bearer abc" END) == SASL_TOKEN, "XOAUTH2");
  sasl_refuse(&s, &r);
  check_is(s.challenge, "{\"status\":\"401\",\"schemes\":\"bearer\"}", "... its refusal");
  check(sasl_begin(&s, "OAUTHBEARER", 0) && say(&s, "") == SASL_MALFORMED, "an empty response");
  check(sasl_begin(&s, "EXTERNAL", 0) && sasl_step(&s, 0, 0) == SASL_MORE && sasl_step(&s, "", 0) == SASL_CERTIFICATE && !s.login.len, "EXTERNAL: nothing is said");
  check(sasl_begin(&s, "EXTERNAL", 0) && say(&s, "BOB") == SASL_CERTIFICATE && !strcmp(s.login.s, "bob"), "... or who he wants to be");
  check(sasl_begin(&s, "EXTERNAL", 0) && sasl_step(&s, "a\0b", 3) == SASL_MALFORMED, "... without a NUL");
  check(sasl_means("oauthbearer") == SASL_BY_TOKEN && sasl_means("XOAUTH2") == SASL_BY_TOKEN && sasl_means("EXTERNAL") == SASL_BY_CERTIFICATE, "what each goes by");
  sasl_end(&s);
  check(!s.token.len && !s.login.len, "at the end nothing is left");
}

static void check_gs2(const char *said, size_t length, char flag, const char *binding, const char *acts_as, const char *rule)
{
  struct gs2 g = GS2_ZERO;

  check(gs2_parse(&g, said, strlen(said)) == length, rule);
  if (length) check(g.flag == flag && text_is(&g.binding, binding) && text_is(&g.acts_as, acts_as), "... what it says");
  gs2_free(&g);
}

static void check_headers(void)
{
  check_gs2("n,,rest", 3, 'n', "", "", "no binding, nobody");
  check_gs2("y,a=x,rest", 6, 'y', "", "x", "somebody");
  check_gs2("p=tls-exporter,,", 16, 'p', "tls-exporter", "", "a binding");
  check_gs2("p=a,a=b=2Cc,", 12, 'p', "a", "b,c", "both");
  check_gs2("p,,", 0, 0, 0, 0, "p without a name");
  check_gs2("nn,,", 0, 0, 0, 0, "two letters");
  check_gs2("x,,", 0, 0, 0, 0, "another letter");
  check_gs2(",,", 0, 0, 0, 0, "none");
  check_gs2("n,", 0, 0, 0, 0, "cut off");
  check_gs2("n", 0, 0, 0, 0, "more of it");
  check_gs2("", 0, 0, 0, 0, "nothing");
}

int main(void)
{
  check_oauths();
  check_xoauth2s();
  check_long();
  check_refusals();
  check_sasl();
  check_headers();
  return check_done();
}
