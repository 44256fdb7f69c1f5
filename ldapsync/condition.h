/* condition: "ATTRIBUTE=VALUE" and its like in a profile (doc/tables-build.md, "Profiles"): does a value of an entry meet it? No I/O. */

#ifndef LDAPSYNC_CONDITION_H
#define LDAPSYNC_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONDITION_FORMS "ATTRIBUTE=VALUE, ATTRIBUTE!=VALUE, ATTRIBUTE=*, ATTRIBUTE&BITS, ATTRIBUTE<filetime, ATTRIBUTE<days or ATTRIBUTE<date"

/* form is '=' (the value without regard to case; "*": any), '!' (no value is that: for the caller, who sees all of them), '&' (all these
   bits are set), '<' (a time that is past: "filetime", hundreds of nanoseconds since 1601, 0 and the largest number are never; "days"
   since 1970; "date": RFC 4517 3.3.13, of UTC). */
bool condition_check(char form, const char *operand);

#define CONDITION_NEVER INT64_MAX

/* Of '<': the second since 1970 from which on it holds. */
int64_t condition_since(const char *operand, const char *value, size_t length);
void condition_note(const char *operand, const char *value, size_t length, int64_t *next); /* sooner than *next (0: none): that is it */

/* now: seconds since 1970. A value that is no number meets neither '&' nor '<'. */
bool condition_holds(char form, const char *operand, const char *value, size_t length, int64_t now);

#endif
