#include <string.h>

#include "ldapsync/dn.h"
#include "lib/hex.h"

/* A name or a value, its escapes undone. */
struct part {
  text bytes;
  size_t kept;      /* before it no space is taken away: it was escaped */
  bool is_ber;      /* a value that begins with "#": BER in hex (RFC 4514 2.4) */
  bool is_in_value; /* behind the first "=": another one is of the value */
};

/* The byte behind a backslash, and how long it is written. */
static char escaped(const char *at, size_t *length)
{
  int high = hex_digit(at[0]), low = high < 0 ? -1 : hex_digit(at[1]);

  *length = low < 0 ? 1 : 2;
  return low < 0 ? at[0] : (char)(high * 16 + low);
}

/* Each byte in one way: RFC 4514 2.4 says which must be escaped, and where. */
static void put_part(struct part *p, text *folded)
{
  while (p->bytes.len > p->kept && ascii_is_space(p->bytes.s[p->bytes.len - 1])) p->bytes.len--;
  for (size_t i = 0; i < p->bytes.len; i++) {
    char byte = p->bytes.s[i];
    bool is_edge = !i || i + 1 == p->bytes.len;
    if (!byte || strchr(",+=;\\", byte) || (is_edge && ascii_is_space(byte)) || (!i && byte == '#' && !p->is_ber))
      text_add_format(folded, "\\%02x", (unsigned char)byte);
    else
      text_add_char(folded, ascii_lower(byte));
  }
  text_clear(&p->bytes);
  p->kept = 0;
  p->is_ber = false;
}

static bool ends_part(const struct part *p, char c) { return c == ',' || c == ';' || c == '+' || (c == '=' && !p->is_in_value); }

void dn_fold(const char *dn, text *folded)
{
  struct part p = { .bytes = TEXT_ZERO };
  size_t length = 0;

  text_clear(folded);
  for (; *dn; dn += length) {
    length = 1;
    if (*dn == '\\' && dn[1]) {
      text_add_char(&p.bytes, escaped(dn + 1, &length));
      p.kept = p.bytes.len;
      length++;
    } else if (ends_part(&p, *dn)) {
      put_part(&p, folded);
      text_add_char(folded, *dn == ';' ? ',' : *dn); /* RFC 2253 4 */
      p.is_in_value = *dn == '=';
    } else if (p.bytes.len || !ascii_is_space(*dn)) {
      p.is_ber = p.is_ber || (!p.bytes.len && *dn == '#');
      text_add_char(&p.bytes, *dn);
    }
  }
  put_part(&p, folded);
  text_string(folded);
  text_free(&p.bytes);
}
