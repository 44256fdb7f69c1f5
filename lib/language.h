/* language: tags of languages (RFC 5646): which ones (RFC 5646) somebody reads, from a header field (RFC 3282), best first. No I/O. */

#ifndef LIB_LANGUAGE_H
#define LIB_LANGUAGE_H

#include <stdbool.h>

#include "lib/text.h"

enum { LANGUAGE_MAX = 35, LANGUAGES_MAX = 16 }; /* characters of a tag; tags of a field */

/* A tag in lower case, fit to name a folder; false if it is none. */
bool language_parse(const char *tag, size_t length, text *out);

/* Adds the tags of the value of Accept-Language or Content-Language, each ended by a NUL: by their quality, then as they stand.
   "*" and those of no quality are left out. */
void language_add(const char *value, size_t length, text *tags);

/* Shortens a tag by its last part (RFC 4647 3.4): "zh-hant-tw", "zh-hant", "zh"; false if nothing is left. */
bool language_shorten(text *tag);

#endif
