/* work: what a wrong password costs. Nobody's name and somebody's must cost the same, whatever hash is stored: what a stranger's try
   computes and this one's hashes do not, is computed as well. No I/O. */

#ifndef AUTH_WORK_H
#define AUTH_WORK_H

#include "lib/record.h"

/* secret: the record of a login; stranger: that of nobody (verify.c). missing: those of the stranger's that cost otherwise than any of the secret's. */
void work_missing(const text *secret, const text *stranger, text *missing);

#endif
