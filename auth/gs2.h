/* gs2: the header that stands in front of what a client says by a GS2 mechanism (RFC 5801 4, RFC 5802 7): SCRAM and OAUTHBEARER. No I/O. */

#ifndef AUTH_GS2_H
#define AUTH_GS2_H

#include "lib/text.h"

struct gs2 {
  char flag;    /* n, y: no channel is bound; p: one is */
  text binding; /* after p: by which name */
  text acts_as; /* the authzid, as it was meant; empty: none */
};
#define GS2_ZERO { .flag = 0, .binding = TEXT_ZERO, .acts_as = TEXT_ZERO }

size_t gs2_parse(struct gs2 *g, const char *bytes, size_t length); /* how long it is, its last comma included; 0: it is none */
void gs2_free(struct gs2 *g);

/* RFC 5802 5.1: in a saslname "," is "=2C" and "=" is "=3D". False: it is none, or empty. */
bool gs2_decode_name(const char *bytes, size_t length, text *name);

#endif
