/* gzip: bytes compressed (RFC 1952), as reports go (RFC 8460 5.2). */

#ifndef TLSRPT_GZIP_H
#define TLSRPT_GZIP_H

#include "lib/text.h"

void tlsrpt_gzip(const text *bytes, text *gzip);

#endif
