#include "auth/tries.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "auth/throttle.h"
#include "lib/conf.h"
#include "lib/hex.h"

/* Made by the parent; a child gets it by fork. */
static struct {
  struct throttle *throttle;
  text proxies; /* control/authproxies: through these hosts many people log in */
} shared = { .proxies = TEXT_ZERO };

void tries_prepare(void)
{
  shared.throttle = throttle_make();
  if (!conf_lines("authproxies", &shared.proxies)) text_copy_bytes(&shared.proxies, "127.0.0.1\0::1", 14);
}

void tries_unknown(text *who, const char *login) { throttle_unknown(shared.throttle, who, login); }

void tries_network(const char *ip, text *network)
{
  unsigned char bytes[16];

  text_clear(network);
  if (inet_pton(AF_INET6, ip, bytes) == 1)
    hex_add(network, bytes, 8);
  else
    text_add(network, ip);
  text_string(network);
}

void tries_wait(uint64_t ms)
{
  struct timespec pause = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
  while (nanosleep(&pause, &pause) == -1 && errno == EINTR) continue;
}

static bool is_proxy(const char *ip)
{
  for (size_t at = 0; at < shared.proxies.len; at += strlen(shared.proxies.s + at) + 1)
    if (!strcmp(shared.proxies.s + at, ip)) return true;
  return false;
}

static struct throttle_try counted(const struct attempt *a)
{
  return (struct throttle_try){ .who = a->counted.s, .ip = a->try->ip, .is_shared = is_proxy(a->try->ip),
                                .password = a->try->password ? a->try->password : a->try->token };
}

static bool can_be_guessed(const struct attempt *a) { return !a->try->vouched || strcmp(a->try->vouched, LOGIN_CERTIFICATE); }

static bool is_refused(const struct attempt *a, const struct guess_state *state)
{
  if (!state->blocked_seconds) return false;
  errno = 0;
  attempt_later(a->answer, "too many failed logins");
  return true;
}

bool tries_are_refused(const struct attempt *a)
{
  struct throttle_try try = counted(a);
  struct guess_state state;

  if (a->try->is_test || !can_be_guessed(a)) return false;
  throttle_look(&try, &state);
  return is_refused(a, &state);
}

/* Looked at twice, since many may wait at the same time. */
bool tries_may(const struct attempt *a)
{
  struct throttle_try try = counted(a);
  struct guess_state state;

  if (!can_be_guessed(a)) return true;
  throttle_look(&try, &state);
  if (a->try->is_test) a->answer->guess = state;
  if (a->try->is_test) return true;
  if (!state.blocked_seconds && state.delay_ms) {
    tries_wait(state.delay_ms);
    throttle_look(&try, &state);
  }
  return !is_refused(a, &state);
}

bool tries_is_known(const struct attempt *a)
{
  struct throttle_try try = counted(a);
  struct guess_state state;

  throttle_look(&try, &state);
  return state.is_known;
}

void tries_failed(const struct attempt *a)
{
  struct throttle_try try = counted(a);
  if (!a->try->is_test && can_be_guessed(a)) throttle_failed(shared.throttle, &try, attempt_now_ms() / 1000);
}

void tries_right(const struct attempt *a)
{
  struct throttle_try try = counted(a);
  if (!a->try->is_test) throttle_right(&try);
}
