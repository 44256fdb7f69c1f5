#include <string.h>

#include "smtpd/command.h"

enum { SIZE_DIGITS_MAX = 20, /* RFC 3030 2 */
       PATH_MAX_BYTES = 1000 }; /* RFC 5321 4.5.3.1.3 asks for 256; each member of a list carries what was asked for */

static bool is_eight_bit(char c) { return (unsigned char)c > 0x7f; }

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c; }

enum smtpd_command_result smtpd_command_parse(struct smtpd_command *c, const char *line, size_t length)
{
  size_t verb = 0;

  while (length && (line[length - 1] == ' ' || line[length - 1] == '\t')) length--; /* RFC 5321 4.1.1: white space at the end */
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(line[i]) && !is_eight_bit(line[i])) return COMMAND_BAD_BYTE;
  while (verb < length && line[verb] != ' ') verb++;
  c->verb[0] = 0;
  if (verb < sizeof c->verb) {
    for (size_t i = 0; i < verb; i++) c->verb[i] = upper(line[i]);
    c->verb[verb] = 0;
  }
  while (verb < length && line[verb] == ' ') verb++;
  c->argument = line + verb;
  c->length = length - verb;
  bool holds_address = !strcmp(c->verb, "MAIL") || !strcmp(c->verb, "RCPT") || !strcmp(c->verb, "VRFY") || !strcmp(c->verb, "EXPN");
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
  if (*kind == ADDRESS_BAD_UTF8) return COMMAND_BAD_UTF8;
  if (*kind == ADDRESS_BAD) return *left && **at == '<' ? COMMAND_BAD_ADDRESS : COMMAND_BAD_SYNTAX;
  if (used > PATH_MAX_BYTES) return COMMAND_BAD_ADDRESS;
  *at += used;
  *left -= used;
  return *left && **at != ' ' ? COMMAND_BAD_SYNTAX : COMMAND_GOOD;
}

enum smtpd_command_result smtpd_mail_parse(struct smtpd_parameters *p, struct address *sender, const char *argument,
                                           size_t length, unsigned int extensions)
{
  enum address_result kind = ADDRESS_BAD;
  enum smtpd_command_result result = parse_path("FROM:", &argument, &length, sender, &kind);

  smtpd_parameters_clear(p);
  p->is_null = kind == ADDRESS_NULL;
  if (result == COMMAND_GOOD && kind == ADDRESS_LOCAL) result = COMMAND_BAD_ADDRESS;
  if (result == COMMAND_GOOD) result = smtpd_parameters_of_mail(p, argument, length, extensions);
  if (result == COMMAND_GOOD && !p->is_null && sender->is_utf8 && !p->is_utf8) result = COMMAND_EIGHT_BIT;
  return result;
}

enum smtpd_command_result smtpd_rcpt_parse(struct smtpd_parameters *p, struct address *recipient, const char *argument,
                                           size_t length, unsigned int extensions, bool is_utf8)
{
  enum address_result kind = ADDRESS_BAD;
  enum smtpd_command_result result = parse_path("TO:", &argument, &length, recipient, &kind);

  smtpd_parameters_clear(p);
  p->is_utf8 = is_utf8;
  if (result == COMMAND_GOOD && kind == ADDRESS_NULL) result = COMMAND_BAD_ADDRESS;
  if (result == COMMAND_GOOD && recipient->is_utf8 && !is_utf8) result = COMMAND_EIGHT_BIT;
  return result == COMMAND_GOOD ? smtpd_parameters_of_rcpt(p, argument, length, extensions) : result;
}

enum smtpd_command_result smtpd_chunk_parse(struct smtpd_chunk *c, const char *argument, size_t length)
{
  size_t digits = 0;

  while (digits < length && argument[digits] != ' ') digits++;
  if (digits > SIZE_DIGITS_MAX || !number_scan_bytes(argument, digits, UINT64_MAX, &c->size_bytes)) return COMMAND_BAD_VALUE;
  argument += digits;
  length -= digits;
  skip_spaces(&argument, &length);
  c->is_last = length > 0;
  return !c->is_last || (take_word(&argument, &length, "LAST") && !length) ? COMMAND_GOOD : COMMAND_BAD_VALUE;
}

enum smtpd_command_result smtpd_verify_parse(const char *argument, size_t length)
{
  static const char word[] = " SMTPUTF8";
  enum { WORD = sizeof word - 1 };
  bool is_utf8 = length > WORD && bytes_are_nocase(argument + length - WORD, word, WORD);

  if (!length) return COMMAND_BAD_SYNTAX;
  if (!utf8_check(argument, length)) return COMMAND_BAD_UTF8;
  for (size_t i = 0; i < length && !is_utf8; i++)
    if (is_eight_bit(argument[i])) return COMMAND_EIGHT_BIT;
  return COMMAND_GOOD;
}

const char *command_syntax_reply(enum smtpd_command_result result, const char *bad_syntax, const char *bad_address)
{
  switch (result) {
  case COMMAND_BAD_BYTE: return "500 5.5.2 A byte that is not printable ASCII";
  case COMMAND_BAD_ADDRESS: return bad_address;
  case COMMAND_EIGHT_BIT: return "553 5.6.7 What is not ASCII needs SMTPUTF8, which was not said";
  case COMMAND_BAD_UTF8: return "553 5.6.7 What is not ASCII is UTF-8, and this is not";
  case COMMAND_BAD_PARAMETER: return "555 5.5.4 A parameter that is not known here";
  case COMMAND_BAD_VALUE: return "501 5.5.4 A parameter with a value that cannot be";
  default: return bad_syntax;
  }
}
