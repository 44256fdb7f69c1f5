/* kept: what was found out about an access token a short while ago, so that a client which logs in again and again does not have the authorization server
   asked each time. In memory that the parent shares with its children, of one size whatever comes. A token is known by an HMAC under a random key of the
   parent, and so is each place as a whole: one that is half written is as good as empty. */

#ifndef AUTH_KEPT_H
#define AUTH_KEPT_H

#include "lib/text.h"

enum { KEPT_RECORD_MAX = 600 }; /* a longer one is not kept */

struct kept;

struct kept *kept_make(void);

/* settings: by which it was found out; by others it is not known. now, until: seconds since 1970 */
bool kept_find(const struct kept *k, const char *token, const text *settings, int64_t now, text *record);
void kept_add(struct kept *k, const char *token, const text *settings, int64_t until, const text *record);

#endif
