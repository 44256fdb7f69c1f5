#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <uniconv.h>

#include "lib/idna.h"

enum { NAME_MAX_BYTES = 1024 }; /* more is no name of 253 bytes in A-labels: time is bounded */

/* libidn2's functions for strings of a locale would bring iconv into static programs. Nobody calls them. */
uint8_t *u8_strconv_from_encoding(const char *string, const char *code, enum iconv_ilseq_handler handler)
{
  (void)string, (void)code, (void)handler;
  return 0;
}

bool idna_to_ascii(const char *utf8, size_t length, text *ascii)
{
  text name = TEXT_ZERO;
  uint8_t *made = 0;
  bool good = false;

  if (length > NAME_MAX_BYTES || memchr(utf8, 0, length)) return false;
  text_copy_bytes(&name, utf8, length);
  if (idn2_lookup_u8((const uint8_t *)text_string(&name), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
    text_copy(ascii, (const char *)made);
    text_lower(ascii);
    text_string(ascii);
    good = true;
  }
  free(made);
  text_free(&name);
  return good;
}
