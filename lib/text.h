/* text: bytes that grow, or the program ends (die_nomem). It is a skalibs stralloc, so skalibs' functions take it.
   A text holds len bytes at s; s is not ended by a NUL unless text_string was just called. */

#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/stralloc.h>

typedef stralloc text;
#define TEXT_ZERO STRALLOC_ZERO

void text_clear(text *t);                                     /* keeps the memory */
void text_free(text *t);
void text_wipe(text *t);                                      /* a secret: overwritten, then freed */
void text_add(text *t, const char *string);
void text_add_bytes(text *t, const char *bytes, size_t length);
void text_add_text(text *t, const text *other);
void text_add_char(text *t, char c);
void text_add_number(text *t, uint64_t number);               /* decimal */
void text_add_padded(text *t, uint64_t number, unsigned int width); /* decimal, zeros in front */
__attribute__((format(printf, 2, 3))) void text_add_format(text *t, const char *format, ...);
void text_copy(text *t, const char *string);                  /* clear, then add */
void text_copy_bytes(text *t, const char *bytes, size_t length);
void text_ready(text *t, size_t more);                        /* room for so many bytes behind len */
const char *text_string(text *t);                             /* with a NUL behind it, not counted in len */
bool text_is(const text *t, const char *string);
bool text_equal(const text *a, const text *b);
bool text_is_nocase(const text *t, const char *string);       /* ASCII case */
void text_lower(text *t);                                     /* ASCII letters only */

/* ASCII, whatever the locale says */
char ascii_lower(char c);
bool ascii_is_space(char c);                                  /* space and tab */
bool ascii_is_digit(char c);
bool ascii_is_alpha(char c);
bool ascii_is_printable(char c);                              /* 0x20 to 0x7e */
bool bytes_are_nocase(const char *a, const char *b, size_t length);
bool string_is_nocase(const char *a, const char *b);
bool string_is_ascii(const char *string);                     /* no byte over 0x7f */

char *string_duplicate(const char *string);                   /* to free, or the program ends */

/* A decimal number and nothing else, at most max; no sign, no space. */
bool number_scan(const char *string, uint64_t max, uint64_t *number);
bool number_scan_bytes(const char *bytes, size_t length, uint64_t max, uint64_t *number);

#endif
