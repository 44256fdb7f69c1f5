/* fingerprint: the SHA-256 of a certificate, as people write it. */

#ifndef LIB_FINGERPRINT_H
#define LIB_FINGERPRINT_H

#include "lib/text.h"

#define FINGERPRINT_LOGIN "certificate:" /* and the hex: the login of the tables for a certificate that the directory has of somebody */

/* Hex with or without colons, as openssl writes it, to lower-case hex. False: it is no SHA-256. */
bool fingerprint_parse(const char *value, text *hex);

#endif
