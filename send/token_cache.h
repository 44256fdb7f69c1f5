/* token_cache: the token of each rule, or why there is none, until when that holds: a file of state/token, which only mail-token
   can read. */

#ifndef SEND_TOKEN_CACHE_H
#define SEND_TOKEN_CACHE_H

#include "lib/record.h"

struct token_entry {
  text token;         /* or empty: there was none */
  text error;         /* why */
  uint64_t until;     /* it holds until then; seconds since 1970 */
  uint64_t made;      /* since then */
};
#define TOKEN_ENTRY_ZERO { TEXT_ZERO, TEXT_ZERO, 0, 0 }

/* Only one process at a time has a rule, until it ends. False with errno. */
bool send_token_cache_lock(const char *rule);

/* What is known of this rule with this command; false: nothing that holds. */
bool send_token_cache_read(const char *rule, const text *command, uint64_t now, struct token_entry *e);
bool send_token_cache_write(const char *rule, const text *command, const struct token_entry *e);
void send_token_entry_wipe(struct token_entry *e);

#endif
