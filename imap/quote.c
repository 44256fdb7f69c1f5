#include <string.h>

#include "imap/quote.h"

enum { QUOTED_MAX = 4096 }; /* longer strings are literals: some clients read lines into small buffers */

/* TEXT-CHAR: 7-bit, no CR, LF or NUL. */
static bool can_be_quoted(const char *bytes, size_t length)
{
  if (length > QUOTED_MAX) return false;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (!c || c == '\r' || c == '\n' || c > 0x7f) return false;
  }
  return true;
}

static void add_literal(text *out, const char *bytes, size_t length)
{
  char *at;

  text_add_char(out, '{');
  text_add_number(out, length);
  text_add(out, "}\r\n");
  text_add_bytes(out, bytes, length);
  at = out->s + out->len - length;
  for (size_t left = length; left;) {
    char *nul = memchr(at, 0, left);
    if (!nul) break;
    *nul = (char)0x80; /* CHAR8 has no NUL */
    left -= (size_t)(nul - at);
    at = nul;
  }
}

void imap_quote_add(text *out, const char *bytes, size_t length)
{
  if (!can_be_quoted(bytes, length)) {
    add_literal(out, bytes, length);
    return;
  }
  text_add_char(out, '"');
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '"' || bytes[i] == '\\') text_add_char(out, '\\');
    text_add_char(out, bytes[i]);
  }
  text_add_char(out, '"');
}

void imap_quote_add_bytes(text *out, struct bytes string)
{
  if (string.s) imap_quote_add(out, string.s, string.len);
  else text_add(out, "NIL");
}

/* ASTRING-CHAR (RFC 3501 9); a word NIL would be read as nothing. */
void imap_quote_add_astring(text *out, const char *string)
{
  bool is_atom = *string && !string_is_nocase(string, "NIL");

  for (const char *at = string; is_atom && *at; at++)
    is_atom = ascii_is_printable(*at) && !strchr(" (){%*\"\\", *at);
  if (is_atom) text_add(out, string);
  else imap_quote_add(out, string, strlen(string));
}
