/* What a tokencommand writes: a token in a line, JSON of RFC 6749 5.1, and all that is neither. */

#include "send/token_answer.h"
#include "tests/check.h"

static const struct {
  const char *bytes, *token;
  uint64_t seconds;
} cases[] = {
  { "abc\n", "abc", 0 },
  { "abc", "abc", 0 },
  { "abc\r\nmore\n", "abc", 0 },
  { "", 0, 0 },
  { "\n", 0, 0 },
  { "a b\n", 0, 0 },
  { "a\001\n", 0, 0 },
  { "a\303\244\n", 0, 0 },
  { "{\"access_token\":\"abc\",\"expires_in\":3600}", "abc", 3600 },
  { " {\n \"expires_in\" : \"60\" , \"access_token\" : \"a\\/b\\u002bc\" }\n", "a/b+c", 60 },
  { "{\"access_token\":\"abc\",\"expires_in\":3599.5}", "abc", 3599 },
  { "{\"access_token\":\"abc\",\"expires_in\":-1}", "abc", 0 },
  { "{\"access_token\":\"abc\",\"expires_in\":99999999999999}", "abc", 0 },
  { "{\"access_token\":\"abc\",\"expires_in\":null,\"x\":true,\"y\":[],\"z\":{}}", "abc", 0 },
  { "{\"x\":{\"access_token\":\"no\"},\"access_token\":\"yes\"}", "yes", 0 },
  { "{\"x\":[{\"a\":[1,2,{\"b\":\"}\"}]}],\"access_token\":\"yes\"}", "yes", 0 },
  { "{\"access_token\":\"a b\"}", 0, 0 },
  { "{\"access_token\":\"a\\u0000b\"}", 0, 0 },
  { "{\"access_token\":\"a\\u00e4b\"}", 0, 0 },
  { "{\"access_token\":\"a\\nb\"}", 0, 0 },
  { "{\"access_token\":\"a\nb\"}", 0, 0 },
  { "{\"access_token\":\"\"}", 0, 0 },
  { "{}", 0, 0 },
  { "{\"error\":\"invalid_grant\"}", 0, 0 },
  { "{\"access_token\":\"abc\"", 0, 0 },
  { "{\"access_token\":\"abc\"} x", 0, 0 },
  { "{\"access_token\":\"abc\",}", 0, 0 },
  { "{\"access_token\" \"abc\"}", 0, 0 },
  { "{\"access_token\":\"abc", 0, 0 },
  { "{\"access_token\":\"abc\\", 0, 0 },
  { "{\"access_token\":\"abc\\x\"}", 0, 0 },
  { "{\"access_token\":\"abc\\u00\"}", 0, 0 },
  { "{\"x\":[[[[\"access_token\":\"abc\"}", 0, 0 },
  { "{", 0, 0 },
};

int main(void)
{
  static char longest[TOKEN_BYTES_MAX + 1];
  text token = TEXT_ZERO;
  uint64_t seconds;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *wrong = send_token_answer_parse(cases[i].bytes, strlen(cases[i].bytes), &token, &seconds);
    if (cases[i].token)
      check(!wrong && text_is(&token, cases[i].token) && seconds == cases[i].seconds, cases[i].bytes);
    else
      check(wrong && !token.len, *cases[i].bytes ? cases[i].bytes : "nothing");
  }
  memset(longest, 'x', sizeof longest);
  check(!send_token_answer_parse(longest, TOKEN_BYTES_MAX, &token, &seconds), "8192 bytes");
  check(send_token_answer_parse(longest, TOKEN_BYTES_MAX + 1, &token, &seconds) != 0, "one more");
  check(send_token_answer_parse("a\0b", 3, &token, &seconds) != 0, "a NUL");
  return check_done();
}
