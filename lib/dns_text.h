/* dns_text: the TXT records of a name, each whole, however long: what a domain says about itself (RFC 8461, RFC 8460).
   lib/dns, DNS_TXT, is for sentences that people read: printable, and cut. */

#ifndef LIB_DNS_TEXT_H
#define LIB_DNS_TEXT_H

#include "lib/dns.h"

/* The records, each ended by a NUL, its strings one behind the other (RFC 1035 3.3.14). Any byte may come, but a NUL is
   written as 0x7f: no grammar has that. More than DNS_RECORDS_MAX are not looked at. */
enum dns_result dns_find_text(const char *name, text *records);

/* The same from the bytes of an answer. */
enum dns_result dns_text_parse(const unsigned char *bytes, size_t length, text *records);

#endif
