/* lib/guess, auth/throttle: who fails to log in is slowed down and kept out, and nobody else is. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/throttle.h"
#include "lib/guess.h"
#include "tests/check.h"

static struct limits *store(void) { return limits_open(GUESS_USER); }

static struct guess_state look(const char *who, const char *ip)
{
  struct guess_state state;
  struct limits *l = store();
  guess_look(l, &(struct guess){ .who = who, .ip = ip }, &state);
  limits_close(l);
  return state;
}

static void fail(const char *who, const char *ip, unsigned int times)
{
  struct limits *l = store();
  while (times--) guess_failed(l, &(struct guess){ .who = who, .ip = ip });
  limits_close(l);
}

static void log_in(const char *who, const char *ip)
{
  struct limits *l = store();
  guess_right(l, &(struct guess){ .who = who, .ip = ip });
  limits_close(l);
}

static void begin_anew(void)
{
  unlink("state/limits/mail-auth/store");
}

/* So many seconds earlier, as it were. */
static void set_count(const char *key, unsigned int failures, long seconds_ago)
{
  struct limits *l = store();
  text value = TEXT_ZERO;
  text_add_format(&value, "%u000 %lld", failures, (long long)time(0) - seconds_ago);
  limits_keep(l, key, text_string(&value), 86400);
  text_free(&value);
  limits_close(l);
}

static void check_network(void)
{
  begin_anew();
  struct guess_state s = look("bob", "192.0.2.1");
  check(!s.delay_ms && !s.blocked_seconds && !s.is_known, "nobody is slowed at first");
  for (unsigned int i = 0; i < 9; i++) fail("nobody", "192.0.2.1", 1);
  check(!look("bob", "192.0.2.1").delay_ms, "nine failures of a network cost the others there nothing");
  fail("nobody2", "192.0.2.1", 1);
  check(look("bob", "192.0.2.1").delay_ms == 250, "the tenth makes the next try wait");
  check(!look("bob", "192.0.2.2").delay_ms, "another address does not wait");
  fail("n3", "192.0.2.1", 10);
  check(look("bob", "192.0.2.1").delay_ms == 8000 && !look("bob", "192.0.2.1").blocked_seconds, "twenty: 8 s, and no longer");
  fail("n4", "192.0.2.1", 10);
  s = look("bob", "192.0.2.1");
  check(s.blocked_seconds > 0 && s.blocked_seconds < 600, "thirty: it is not looked at for a while");
  check(look("n4", "198.51.100.1").delay_ms == 8000 && !look("n4", "198.51.100.1").blocked_seconds, "a name is slowed down everywhere, and never refused");
  set_count("network 192.0.2.1", 30, 3600);
  check(look("bob", "192.0.2.1").network.failures == 15 && !look("bob", "192.0.2.1").blocked_seconds, "after an hour it is half of them");
  set_count("network 192.0.2.1", 30, 36000);
  check(!look("bob", "192.0.2.1").delay_ms, "after ten hours nothing is left");
  set_count("network 192.0.2.1", 100, -86400);
  check(!look("bob", "192.0.2.1").delay_ms, "what a clock that was wrong has written counts for nothing");
}

static void check_known(void)
{
  begin_anew();
  log_in("bob", "192.0.2.1");
  fail("bob", "198.51.100.1", 40);
  check(look("bob", "203.0.113.1").delay_ms == 8000, "a name under attack from elsewhere is slowed down elsewhere");
  check(look("bob", "198.51.100.1").blocked_seconds, "... the attacker is refused");
  check(!look("bob", "192.0.2.1").delay_ms, "... and its owner is not, where he has logged in before");
  check(!look("bob", "192.0.2.77").delay_ms, "... nor with another address of the same /24");
  log_in("ann", "192.0.2.1");
  fail("ann", "192.0.2.1", 19);
  check(look("ann", "192.0.2.1").delay_ms == 8000 && !look("ann", "192.0.2.1").blocked_seconds, "who mistypes at home waits");
  check(!look("zoe", "192.0.2.1").delay_ms && !look("ann", "203.0.113.1").delay_ms, "... and nobody else behind the same address");
  fail("ann", "192.0.2.1", 35);
  check(look("zoe", "192.0.2.1").blocked_seconds, "beyond twenty it is counted as a stranger's");
  check(look("ann", "192.0.2.1").blocked_seconds, "... and kept out as one");
  check(!look("bob", "192.0.2.1").blocked_seconds && !look("bob", "192.0.2.1").delay_ms, "... others that are known there still get in");
  log_in("ann", "192.0.2.1");
  check(look("ann", "192.0.2.1").here.failures == 54, "the owner's own logins do not give the stranger beside him new tries");
}

static void check_wide(void)
{
  char ip[64];

  begin_anew();
  fail("x", "2001:db8:1:1::1", 31);
  check(look("y", "2001:db8:1:1:ffff::9").blocked_seconds, "an IPv6 /64 is one network");
  check(!look("y", "2001:db8:1:2::1").delay_ms, "... the next one is another");
  for (unsigned int i = 0; i < 300; i++) {
    snprintf(ip, sizeof ip, "2001:db8:2:%x::1", i);
    fail("x", ip, 1);
  }
  check(look("y", "2001:db8:2:ffff::1").blocked_seconds, "who changes the /64 each time is counted by his /48");
  check(!look("y", "2001:db8:3::1").blocked_seconds, "... the next /48 is another");
}

static void check_shared(void)
{
  struct guess g = { .who = "x", .ip = "127.0.0.1", .is_shared = true };
  struct guess_state state;
  struct limits *l = store();

  begin_anew();
  for (unsigned int i = 0; i < 60; i++) guess_failed(l, &g);
  g.who = "y";
  guess_look(l, &g, &state);
  check(!state.delay_ms && !state.blocked_seconds, "a webmail is no network: all its users share it");
  limits_close(l);
}

static void check_repeats(void)
{
  struct throttle *t = throttle_make();
  struct throttle_try try = { .who = "bob", .ip = "192.0.2.1", .password = "the old one" };
  struct guess_state state;

  begin_anew();
  for (unsigned int i = 0; i < 100; i++) throttle_failed(t, &try, 5000 + i);
  throttle_look(&try, &state);
  check(state.network.failures == 1, "a telephone with an old password has guessed once");
  try.password = "another";
  throttle_failed(t, &try, 5100);
  throttle_look(&try, &state);
  check(state.network.failures == 2, "... another password is another guess");
  try.password = 0;
  if (!fork()) {
    throttle_failed(t, &try, 5100);
    throttle_failed(t, &try, 5100);
    _exit(0);
  }
  wait(0);
  throttle_look(&try, &state);
  check(state.network.failures == 4, "... without one each counts; what a child counts, all see");
  try.password = "the old one";
  throttle_failed(t, &try, 5000 + 4000);
  throttle_look(&try, &state);
  check(state.network.failures == 5, "... after an hour the same one counts again");
}

static void check_unknown(void)
{
  text first = TEXT_ZERO, again = TEXT_ZERO;

  throttle_unknown(throttle_make(), &first, "hunter2");
  throttle_unknown(throttle_make(), &again, "hunter2");
  check_is(first.s, again.s, "a name that is nobody's is the same after a restart");
  check(first.len == strlen("unknown:") + 16 && !strstr(first.s, "hunter2"), "... and is not said");
  throttle_unknown(throttle_make(), &again, "hunter3");
  check(strcmp(first.s, again.s), "... another is another");
  guess_who_mailbox(&first, "a b%c");
  check_is(first.s, "a%20b%25c", "a space ends a part of a key");
  text_free(&first);
  text_free(&again);
}

static void check_bounded(void)
{
  char ip[64], name[64];
  struct stat st;

  begin_anew();
  if (system("echo 2000 >control/limitsmax")) return;
  log_in("bob", "192.0.2.1");
  fail("x", "192.0.2.9", 40);
  struct limits *l = store();
  for (unsigned int i = 0; i < 20000; i++) {
    snprintf(ip, sizeof ip, "2001:db8:%x:%x::1", i / 50, i);
    snprintf(name, sizeof name, "unknown:%016x", i);
    guess_failed(l, &(struct guess){ .who = name, .ip = ip });
  }
  limits_close(l);
  check(!stat("state/limits/mail-auth/store", &st) && st.st_size <= 2000 * 256 + 2 * 4096, "random names from many /64s fill no disk");
  check(look("bob", "192.0.2.1").is_known, "... push nobody out of where he is known");
  check(look("y", "192.0.2.9").blocked_seconds, "... and nobody in who was refused");
  unlink("control/limitsmax");
}

static void check_broken(void)
{
  begin_anew();
  if (rename("state/limits/mail-auth", "state/limits/away")) return;
  struct guess_state s = look("bob", "192.0.2.1");
  check(s.is_uncounted && s.delay_ms == 1000 && !s.blocked_seconds, "without a store nobody is refused, and every try waits");
  if (rename("state/limits/away", "state/limits/mail-auth")) return;
}

static void check_settings(void)
{
  begin_anew();
  fail("x", "192.0.2.1", 6);
  if (system("echo 5 >control/authblock")) return;
  check(look("y", "192.0.2.1").blocked_seconds, "control/authblock: how many a network has");
  if (system("echo 0 >control/authblock")) return;
  fail("x", "192.0.2.1", 100);
  check(!look("y", "192.0.2.1").blocked_seconds && look("y", "192.0.2.1").delay_ms == 8000, "... 0: none is refused");
  unlink("control/authblock");
}

int main(void)
{
  char home[] = "/tmp/lib_guess.XXXXXX";
  if (!mkdtemp(home) || chdir(home) || system("mkdir -p control state/limits/mail-auth")) return 111;
  int log = open("errors", O_WRONLY | O_CREAT, 0600), to = dup(2);
  if (log == -1 || to == -1 || dup2(log, 2) == -1) return 111;
  check_network();
  check_known();
  check_wide();
  check_shared();
  check_repeats();
  check_unknown();
  check_bounded();
  check_broken();
  check_settings();
  text command = TEXT_ZERO;
  text_add(&command, "rm -rf ");
  text_add(&command, home);
  if (chdir("/") || system(text_string(&command))) return 111;
  return check_done();
}
