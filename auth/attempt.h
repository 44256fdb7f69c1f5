/* attempt: one try to log in, as the modules of auth-server that decide about it hand it to each other. */

#ifndef AUTH_ATTEMPT_H
#define AUTH_ATTEMPT_H

#include "auth/login.h"
#include "lib/record.h"

struct attempt {
  const struct login_try *try;
  struct login_answer *answer;
  text mailbox, secret;  /* records */
  text apps;             /* and the app passwords; a master's login takes none of them */
  text network;
  text counted;          /* by whom tries are counted (lib/guess) */
  bool is_reserved;      /* the master who is no user (auth/master.h); any mailbox may have a key of that name */
  const char *who;       /* what is remembered by: the mailbox's key, or a name that is nobody's */
};

uint64_t attempt_now_ms(void); /* since the machine was started */

/* LOGIN_LATER, with the sentence and errno's in answer->error. */
enum login_result attempt_later(struct login_answer *answer, const char *what);

#endif
