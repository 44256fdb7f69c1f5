/* address: a mailbox or path of RFC 5321 4.1.2, bytes to struct, without I/O.

   The local part is a dot-string or quoted; the domain is a name or an address literal. A source route before the
   mailbox is read and forgotten (RFC 5321 appendix C). UTF-8 is read too (RFC 6531 3.3), in the local part and
   as U-labels; is_utf8 says so, for whoever may not take it.
   There are no limits on the parts (RFC 5321 4.5.3.1) beyond those of a domain name; the caller's line is the limit. */

#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include "lib/text.h"

enum address_result {
  ADDRESS_BAD_UTF8 = -2,  /* not an address, because a byte over 0x7f is not one of UTF-8 */
  ADDRESS_BAD = -1,       /* not an address */
  ADDRESS_NULL,           /* the path <> */
  ADDRESS_LOCAL,          /* a path with a local part only: <postmaster> */
  ADDRESS_FULL
};

struct address {
  text shown;        /* as it was given, quoted only where it must be; ended by a NUL, like all texts here */
  text folded;       /* in lower case, a UTF-8 local part case-folded in NFC, the domain in A-labels: what the tables are
                        asked for (N-43). What differs in neither is the same address. */
  const char *local;  /* folded and without quoting, so it may hold any byte but NUL and controls */
  const char *domain; /* folded: "example.test", "xn--bcher-kva.example", "[192.0.2.1]"; "" if ADDRESS_LOCAL */
  bool is_utf8;      /* a byte of shown is over 0x7f: only SMTPUTF8 may carry it */
  bool is_literal;   /* the domain is an address literal */
  text parts;        /* where local and domain lie */
};
#define ADDRESS_ZERO { TEXT_ZERO, TEXT_ZERO, "", "", false, false, TEXT_ZERO }

/* A mailbox alone, "bob@example.test", all of the bytes: ADDRESS_FULL or an error. The struct is used again and again. */
enum address_result address_parse(struct address *a, const char *bytes, size_t length);

/* A path, "<bob@example.test>", at the start of the bytes; *used is how long it was. */
enum address_result address_parse_path(struct address *a, const char *bytes, size_t length, size_t *used);

void address_free(struct address *a);

/* The name of a login as the tables know it: in lower case; an address that is not ASCII folded as all addresses are. */
void login_fold(text *login);

/* A domain name as the tables know it: U-labels become A-labels, all in lower case. False if it is none. */
bool domain_fold(const char *bytes, size_t length, text *folded);
bool utf8_check(const char *bytes, size_t length);           /* valid, and no C1 control or line separator */
bool domain_check(const char *bytes, size_t length);         /* a domain name: letters, digits, '-', '_' in labels */
bool domain_literal_check(const char *bytes, size_t length); /* "[192.0.2.1]", "[IPv6:2001:db8::1]" */

#endif
