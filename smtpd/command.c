#include <string.h>

#include "smtpd/command.h"

enum { SIZE_DIGITS_MAX = 20 }; /* RFC 1870 4 */

static bool is_eight_bit(char c) { return (unsigned char)c > 0x7f; }

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c; }

enum smtpd_command_result smtpd_command_parse(struct smtpd_command *c, const char *line, size_t length)
{
  size_t verb = 0;

  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(line[i]) && !is_eight_bit(line[i])) return COMMAND_BAD_BYTE;
  while (length && line[length - 1] == ' ') length--;
  while (verb < length && line[verb] != ' ') verb++;
  c->verb[0] = 0;
  if (verb < sizeof c->verb) {
    for (size_t i = 0; i < verb; i++) c->verb[i] = upper(line[i]);
    c->verb[verb] = 0;
  }
  while (verb < length && line[verb] == ' ') verb++;
  c->argument = line + verb;
  c->length = length - verb;
  bool holds_address = !strcmp(c->verb, "MAIL") || !strcmp(c->verb, "RCPT");
  for (size_t i = 0; i < length && !holds_address; i++)
    if (is_eight_bit(line[i])) return COMMAND_BAD_BYTE;
  return COMMAND_GOOD;
}

static bool take_word(const char **at, size_t *left, const char *word)
{
  size_t length = strlen(word);

  if (*left < length || !bytes_are_nocase(*at, word, length)) return false;
  *at += length;
  *left -= length;
  return true;
}

static void skip_spaces(const char **at, size_t *left)
{
  while (*left && **at == ' ') ++*at, --*left;
}

static enum smtpd_command_result parse_path(const char *word, const char **at, size_t *left, struct address *address,
                                            enum address_result *kind)
{
  size_t used;

  if (!take_word(at, left, word)) return COMMAND_BAD_SYNTAX;
  skip_spaces(at, left); /* not allowed, and often sent */
  *kind = address_parse_path(address, *at, *left, &used);
  if (*kind == ADDRESS_BAD_UTF8 || (*kind > ADDRESS_NULL && address->is_utf8)) return COMMAND_EIGHT_BIT;
  if (*kind == ADDRESS_BAD) return *left && **at == '<' ? COMMAND_BAD_ADDRESS : COMMAND_BAD_SYNTAX;
  *at += used;
  *left -= used;
  return *left && **at != ' ' ? COMMAND_BAD_SYNTAX : COMMAND_GOOD;
}

/* The next "KEY=value" or "KEY" up to a space. */
static const char *next_parameter(const char **at, size_t *left, size_t *length)
{
  const char *start;

  skip_spaces(at, left);
  start = *at;
  while (*left && **at != ' ') ++*at, --*left;
  *length = (size_t)(*at - start);
  return *length ? start : 0;
}

static enum smtpd_command_result add_parameter(struct smtpd_mail *m, const char *at, size_t left)
{
  if (take_word(&at, &left, "SIZE=")) {
    if (m->has_size || left > SIZE_DIGITS_MAX || !number_scan_bytes(at, left, UINT64_MAX, &m->size_bytes))
      return COMMAND_BAD_VALUE;
    m->has_size = true;
  } else if (take_word(&at, &left, "BODY=")) {
    if (*m->body) return COMMAND_BAD_VALUE;
    if (left == 4 && bytes_are_nocase(at, "7BIT", left))
      m->body = "7BIT";
    else if (left == 8 && bytes_are_nocase(at, "8BITMIME", left))
      m->body = "8BITMIME";
    else
      return COMMAND_BAD_VALUE;
  } else if (take_word(&at, &left, "AUTH=")) {
    if (m->has_auth || !left) return COMMAND_BAD_VALUE;
    m->has_auth = true;
  } else
    return COMMAND_BAD_PARAMETER;
  return COMMAND_GOOD;
}

static bool has_eight_bit(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (is_eight_bit(bytes[i])) return true;
  return false;
}

enum smtpd_command_result smtpd_mail_parse(struct smtpd_mail *m, struct address *sender, const char *argument,
                                           size_t length)
{
  enum address_result kind = ADDRESS_BAD;
  enum smtpd_command_result result = parse_path("FROM:", &argument, &length, sender, &kind);
  size_t parameter_length;

  *m = (struct smtpd_mail){ .is_null = kind == ADDRESS_NULL, .body = "" };
  if (result == COMMAND_GOOD && kind == ADDRESS_LOCAL) result = COMMAND_BAD_ADDRESS;
  if (result == COMMAND_GOOD && has_eight_bit(argument, length)) result = COMMAND_BAD_BYTE;
  for (const char *one; result == COMMAND_GOOD && (one = next_parameter(&argument, &length, &parameter_length));)
    result = add_parameter(m, one, parameter_length);
  return result;
}

enum smtpd_command_result smtpd_rcpt_parse(struct address *recipient, const char *argument, size_t length)
{
  enum address_result kind = ADDRESS_BAD;
  enum smtpd_command_result result = parse_path("TO:", &argument, &length, recipient, &kind);

  if (result == COMMAND_GOOD && kind == ADDRESS_NULL) result = COMMAND_BAD_ADDRESS;
  if (result == COMMAND_GOOD && length) result = has_eight_bit(argument, length) ? COMMAND_BAD_BYTE : COMMAND_BAD_PARAMETER;
  return result;
}

const char *command_syntax_reply(enum smtpd_command_result result, const char *bad_syntax, const char *bad_address)
{
  switch (result) {
  case COMMAND_BAD_BYTE: return "500 5.5.2 A byte that is not printable ASCII";
  case COMMAND_BAD_ADDRESS: return bad_address;
  case COMMAND_EIGHT_BIT: return "553 5.6.7 An address with bytes that are not ASCII needs SMTPUTF8, which is not offered";
  case COMMAND_BAD_PARAMETER: return "555 5.5.4 A parameter that is not known here";
  case COMMAND_BAD_VALUE: return "501 5.5.4 A parameter with a value that cannot be";
  default: return bad_syntax;
  }
}
