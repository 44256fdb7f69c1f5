/* public: which addresses a stranger may send us to (report-post). No I/O. */

#ifndef TLSRPT_PUBLIC_H
#define TLSRPT_PUBLIC_H

#include "lib/cidr.h"

bool tlsrpt_is_public(const struct ip *ip); /* of the internet, and no way into a network of ours */

#endif
