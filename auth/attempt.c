#include "auth/attempt.h"

#include <errno.h>
#include <string.h>
#include <time.h>

uint64_t attempt_now_ms(void)
{
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum login_result attempt_later(struct login_answer *answer, const char *what)
{
  text_copy(&answer->error, what);
  if (errno) {
    text_add(&answer->error, ": ");
    text_add(&answer->error, strerror(errno));
  }
  text_string(&answer->error);
  return LOGIN_LATER;
}
