#include "send/token_answer.h"

#include <string.h>

struct json {
  const char *at, *end;
};

bool send_token_check(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(bytes[i]) || bytes[i] == ' ') return false;
  return length > 0 && length <= TOKEN_BYTES_MAX;
}

static bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static char peek(struct json *j)
{
  while (j->at < j->end && is_white(*j->at)) j->at++;
  return j->at < j->end ? *j->at : 0;
}

static bool take(struct json *j, char c)
{
  if (peek(j) != c || j->at == j->end) return false;
  j->at++;
  return true;
}

/* Of an escape other than u: what it stands for; 0: it is none. */
static char unescape(char c)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *found = c ? strchr(from, c) : 0;

  return found ? to[found - from] : 0;
}

/* \uXXXX: no token has one that is not ASCII, so that becomes a byte that none has. */
static bool take_code(struct json *j, text *string)
{
  unsigned int code = 0;

  if (j->end - j->at < 4) return false;
  for (int i = 0; i < 4; i++) {
    char c = ascii_lower(*j->at++);
    if (!ascii_is_digit(c) && (c < 'a' || c > 'f')) return false;
    code = code * 16 + (unsigned int)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
  }
  text_add_char(string, code && code < 0x80 ? (char)code : ' ');
  return true;
}

static bool take_string(struct json *j, text *string)
{
  text_clear(string);
  if (!take(j, '"')) return false;
  while (j->at < j->end) {
    char c = *j->at++;
    if (c == '"') return true;
    if ((unsigned char)c < ' ') return false;
    if (c != '\\')
      text_add_char(string, c);
    else if (j->at == j->end)
      return false;
    else if (*j->at == 'u') {
      j->at++;
      if (!take_code(j, string)) return false;
    } else if ((c = unescape(*j->at++)))
      text_add_char(string, c);
    else
      return false;
  }
  return false;
}

/* A number or a word, as it stands. */
static bool take_word(struct json *j, text *word)
{
  text_clear(word);
  peek(j);
  for (; j->at < j->end && !is_white(*j->at) && !strchr(",:]}[{\"", *j->at) && *j->at; j->at++) text_add_char(word, *j->at);
  return word->len > 0;
}

/* Objects and arrays in the value are only counted: what is in them is nothing to us. */
static bool take_value(struct json *j, text *value)
{
  size_t depth = 0;

  do {
    char c = peek(j);
    if (c == '{' || c == '[')
      depth++, j->at++;
    else if (depth && (c == '}' || c == ']'))
      depth--, j->at++;
    else if (depth && (c == ',' || c == ':'))
      j->at++;
    else if (c == '"' ? !take_string(j, value) : !take_word(j, value))
      return false;
  } while (depth);
  return true;
}

static void take_seconds(const text *value, uint64_t *seconds)
{
  size_t length = value->len;
  const char *dot = length ? memchr(value->s, '.', length) : 0;

  if (dot) length = (size_t)(dot - value->s);
  if (!number_scan_bytes(value->s, length, UINT32_MAX, seconds)) *seconds = 0;
}

static const char *parse_json(struct json *j, text *token, uint64_t *seconds)
{
  static const char broken[] = "writes what begins as JSON, but is none";
  text key = TEXT_ZERO, value = TEXT_ZERO;
  const char *wrong = 0;
  bool is_first = true;

  take(j, '{');
  for (; !wrong && !take(j, '}'); is_first = false) {
    if ((!is_first && !take(j, ',')) || !take_string(j, &key) || !take(j, ':') || !take_value(j, &value))
      wrong = broken;
    else if (text_is(&key, "access_token"))
      text_copy_bytes(token, value.s, value.len);
    else if (text_is(&key, "expires_in"))
      take_seconds(&value, seconds);
  }
  if (!wrong && peek(j)) wrong = broken;
  if (!wrong && !token->len) wrong = "writes JSON without an access_token";
  text_wipe(&value);
  text_free(&key);
  return wrong;
}

static const char *parse_line(const char *bytes, size_t length, text *token)
{
  const char *newline = memchr(bytes, '\n', length);
  size_t end = newline ? (size_t)(newline - bytes) : length;

  if (end && bytes[end - 1] == '\r') end--;
  text_copy_bytes(token, bytes, end);
  return 0;
}

const char *send_token_answer_parse(const char *bytes, size_t length, text *token, uint64_t *seconds)
{
  struct json j = { bytes, bytes + length };

  text_clear(token);
  *seconds = 0;
  const char *wrong = peek(&j) == '{' ? parse_json(&j, token, seconds) : parse_line(bytes, length, token);
  if (!wrong && !length) wrong = "writes nothing";
  if (!wrong && !send_token_check(token->s, token->len)) wrong = "writes no token: one line of up to 8192 characters without spaces, or JSON";
  if (wrong) text_wipe(token);
  return wrong;
}
