/* lib/limits: counters in windows, facts with an age, and a store that many use, that is killed, broken and filled. */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/limits_store.h"
#include "tests/check.h"

const char *PROG = "lib_limits";

static char home[] = "/tmp/limits.XXXXXX";
static size_t which;
static uint64_t retry, age;

static enum limits_result take(struct limits *l, const char *key, uint64_t amount, uint64_t max, unsigned int seconds)
{
  struct limits_claim claim = { .key = key, .amount = amount, .max = max, .seconds = seconds };
  return limits_take(l, &claim, 1, &which, &retry);
}

/* A counter as an earlier process left it. */
static void put(struct limits *l, const char *key, uint64_t window, uint64_t windows_ago, uint64_t current, uint64_t previous)
{
  struct limits_counter c = { .current = current, .previous = previous };

  limits_begin(l);
  c.head = (struct limits_head){ .window = window, .born = l->now - l->now % window - windows_ago * window, .expires = l->now + window };
  limits_put(l, key, &c, sizeof c);
  limits_end(l);
}

static void test_counters(struct limits *l)
{
  const uint64_t day = 86400;
  int taken = 0;

  for (int i = 0; i < 7; i++) taken += take(l, "client a", 1, 5, 86400) == LIMITS_WITHIN;
  check(taken == 5, "five of five are taken, and no more");
  check(retry > 0 && retry <= 2 * day, "when there is room again");
  check(take(l, "client b", 5, 5, 86400) == LIMITS_WITHIN && take(l, "client a", 1, 9, 3600) == LIMITS_WITHIN,
        "another one, or in another window, is not counted together");
  check(take(l, "client c", 6, 5, 60) == LIMITS_OVER && take(l, "client c", UINT64_MAX, 5, 60) == LIMITS_OVER &&
          take(l, "client c", 5, 5, 60) == LIMITS_WITHIN, "what is refused takes nothing");

  struct limits_claim both[] = { { "client d", 1, 5, 3600 }, { "client a", 1, 5, 86400 } };
  check(limits_take(l, both, 2, &which, &retry) == LIMITS_OVER && which == 1 && take(l, "client d", 5, 5, 3600) == LIMITS_WITHIN,
        "of two claims both are taken or none, and it says which is too much");
  check(limits_look(l, both + 1, 1, &which, &retry) == LIMITS_OVER, "a look says so too");
  limits_give(l, both + 1, 1);
  check(limits_look(l, both + 1, 1, &which, &retry) == LIMITS_WITHIN && limits_look(l, both + 1, 1, &which, &retry) == LIMITS_WITHIN,
        "what was given back can be taken; a look takes nothing");
}

/* Windows of ten years: the share of the one before is known, and the test does not wait. */
static void test_windows(struct limits *l)
{
  const unsigned int window = 315360000;
  struct limits_claim claim = { "client w", 1, 100, window };

  put(l, "client w 315360000", window, 1, 100, 7);
  limits_begin(l);
  uint64_t passed = l->now % window, counted = 100 * (window - passed) / window;
  limits_end(l);
  claim.amount = 100 - counted;
  check(limits_look(l, &claim, 1, &which, &retry) == LIMITS_WITHIN, "of the window before this one the share counts that is still covered");
  claim.amount++;
  check(limits_look(l, &claim, 1, &which, &retry) == LIMITS_OVER, "... and not less");
  check(retry > 0 && retry <= window / 100 + 1, "... and a hundredth of the window later one more fits");
  put(l, "client v 315360000", window, 2, 100, 100);
  claim = (struct limits_claim){ "client v", 100, 100, window };
  check(limits_look(l, &claim, 1, &which, &retry) == LIMITS_WITHIN, "what is two windows old does not count");
}

static void test_facts(struct limits *l)
{
  text value = TEXT_ZERO;
  char key[1200], other[1200];

  check(!limits_find(l, "grey a", &value, &age), "a fact that nobody kept");
  check(limits_keep(l, "grey a", "once", 100) && limits_find(l, "grey a", &value, &age) && text_is(&value, "once") && age < 50, "a fact is kept");
  check(limits_keep(l, "grey a", "", 100) && limits_find(l, "grey a", &value, &age) && !value.len, "... and kept anew");
  check(limits_keep(l, "grey b", "x", 0) && !limits_find(l, "grey b", &value, &age), "one whose time is over is gone");
  memset(key, 'k', sizeof key - 1);
  key[sizeof key - 1] = 0;
  memcpy(other, key, sizeof key);
  other[1100] = 'x';
  check(limits_keep(l, key, "long", 100) && limits_find(l, key, &value, &age) && text_is(&value, "long") && !limits_find(l, other, &value, &age),
        "a key of any length");
  check(limits_renew(l, "grey d", "x", 6400) && limits_renew(l, "grey d", "x", 6400) && limits_find(l, "grey d", &value, &age) && text_is(&value, "x") &&
          limits_renew(l, "grey d", "y", 6400) && limits_find(l, "grey d", &value, &age) && text_is(&value, "y"), "a fact is renewed");
  check(limits_hold(l) && limits_keep(l, "grey e", "x", 100) && limits_find(l, "grey e", &value, &age) && limits_renew(l, "grey e", "z", 100) && limits_release(l) &&
          limits_find(l, "grey e", &value, &age) && text_is(&value, "z") && !limits_release(l), "several in one use");
  check(take(l, "grey c", 1, 1, 3600) == LIMITS_WITHIN && !limits_find(l, "grey c 3600", &value, &age), "a counter is no fact");
}

static void see(void *to, const struct limits_entry *entry)
{
  text_add_format(to, "%s %d %llu %s\n", entry->key, entry->is_counter, (unsigned long long)entry->used, entry->value);
}

static void test_list(struct limits *l)
{
  text seen = TEXT_ZERO;
  uint64_t count;

  check(limits_forget(l, "", &count) && count > 5 && limits_each(l, see, &seen) && !seen.len, "all can be forgotten");
  take(l, "login bob recipients", 3, 9, 86400);
  take(l, "login bob2 recipients", 1, 9, 86400);
  limits_keep(l, "grey x", "v", 100);
  limits_each(l, see, &seen);
  check_is(text_string(&seen), "grey x 0 0 v\nlogin bob recipients 86400 1 3 \nlogin bob2 recipients 86400 1 1 \n", "all that is counted and kept can be listed");
  check(limits_forget(l, "login bob", &count) && count == 1, "what begins with a key can be forgotten");
  text_clear(&seen);
  limits_each(l, see, &seen);
  check_is(text_string(&seen), "grey x 0 0 v\nlogin bob2 recipients 86400 1 1 \n", "... and nothing else is");
}

static int wait_all(int count)
{
  int status, bad = 0;
  while (count--) bad += wait(&status) == -1 || status;
  return bad;
}

static void test_many(void)
{
  int taken[2], ready;

  if (pipe(taken)) return;
  for (int i = 0; i < 4; i++)
    if (!fork()) {
      struct limits *l = limits_open("me");
      for (int n = 0; n < 200; n++)
        if (take(l, "many", 1, 500, 86400) == LIMITS_WITHIN && write(taken[1], "x", 1) != 1) _exit(1);
      _exit(0);
    }
  check(!wait_all(4), "four processes count at once");
  struct stat st;
  char bytes[2000];
  ready = (int)read(taken[0], bytes, sizeof bytes);
  check(ready == 500, "... and take as much as there is, together");
  if (ready != 500) printf("# %d\n", ready);
  check(!stat("state/limits/me/store", &st) && (st.st_mode & 0777) == 0600, "the store is its user's alone");
}

static void test_killed(struct limits *l)
{
  struct limits_claim claim = { "killed", 1, 1000000, 86400 };
  int good = 0;

  for (int i = 0; i < 30; i++) {
    pid_t pid = fork();
    if (!pid) {
      struct limits *mine = limits_open("me");
      for (;;) take(mine, "killed", 1, 1000000, 86400);
    }
    nanosleep(&(struct timespec){ .tv_nsec = 3000000 + i * 200000 }, 0);
    kill(pid, SIGKILL);
    wait(0);
    good += limits_look(l, &claim, 1, &which, &retry) == LIMITS_WITHIN;
  }
  check(good == 30 && take(l, "many", 1, 500, 86400) == LIMITS_OVER, "processes that are killed at any moment lose nothing and hold nothing up");
}

static void overwrite(off_t at, size_t length)
{
  int fd = open("state/limits/me/store", O_WRONLY);
  unsigned char bytes[4096];

  for (size_t i = 0; i < length; i++) bytes[i] = (unsigned char)rand();
  if (pwrite(fd, bytes, length, at) == -1) perror("# overwrite");
  close(fd);
}

/* In a process of its own, which nothing that it finds may end. */
static bool try_store(void)
{
  int status = 0;
  pid_t pid = fork();

  if (!pid) {
    text value = TEXT_ZERO;
    alarm(300);
    struct limits *l = limits_open("me");
    for (int i = 0; l && i < 40; i++) {
      char key[40];
      snprintf(key, sizeof key, "key %d", rand());
      limits_keep(l, key, "a value of some length, so that pages fill up", 100);
      limits_find(l, key, &value, &age);
    }
    _exit(!l);
  }
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void test_broken(void)
{
  int odd = 0;

  if (freopen("errors", "a", stderr) && system("echo 100 >control/limitsmax; rm -f state/limits/me/store")) return;
  srand(1);
  for (int i = 0; i < 60; i++) {
    for (int n = 0; n < 3; n++) odd += !try_store();
    struct stat st;
    if (!stat("state/limits/me/store", &st) && st.st_size) overwrite(rand() % st.st_size, (size_t)(i % 3 ? rand() % 64 : rand() % 4096));
    if (i % 7 == 6 && truncate("state/limits/me/store", rand() % 20000)) perror("# truncate");
  }
  check(!odd && !system("grep -q 'what=page' errors"), "a broken store, wherever it is, ends no process by a signal and holds none up");
  try_store();
  try_store();
  struct limits *l = limits_open("me");
  check(limits_keep(l, "after", "x", 100), "... and it is replaced by one that can be used");
  limits_close(l);
  check(!system("grep -q 'limits-replaced what=.* store=state/limits/me/store' errors"), "... and the log says so");
}

static void test_full(void)
{
  struct stat st;
  uint64_t count = 0;
  char key[300];

  if (system("echo 1000 >control/limitsmax; rm -f state/limits/me/store")) return;
  struct limits *l = limits_open("me");
  memset(key, 'f', sizeof key);
  for (int i = 0; i < 4000; i++) {
    snprintf(key + 200, 100, "%d", i * 7919 % 4000);
    limits_keep(l, key, "x", 100000);
  }
  for (int i = 0; i < 3000; i++) {
    snprintf(key + 200, 100, "%d", i * 7919 % 3000);
    take(l, key, 1, 5, 86400);
  }
  check(!stat("state/limits/me/store", &st) && st.st_size < 3000000, "a store has a size that it does not exceed");
  check(limits_forget(l, "", &count) && count > 900 && count < 1100, "... of so many entries as control/limitsmax says");
  if (count <= 900 || count >= 1100) printf("# %llu\n", (unsigned long long)count);
  limits_close(l);
}

static void test_held(void)
{
  struct limits *l = limits_open("me");
  int ends[2];
  char byte;

  if (pipe(ends)) return;
  pid_t pid = fork();
  if (!pid) {
    int fd = open("state/limits/me/store", O_RDWR);
    flock(fd, LOCK_EX);
    if (write(ends[1], "x", 1) == 1) pause();
    _exit(0);
  }
  if (read(ends[0], &byte, 1) != 1) return;
  check(take(l, "held", 1, 5, 60) == LIMITS_BROKEN, "who holds the lock for ever holds nobody up");
  kill(pid, SIGKILL);
  wait(0);
  check(take(l, "held", 1, 5, 60) == LIMITS_WITHIN, "... and when he is gone all is as before");
  check(!limits_open("nobody"), "where there is no folder there is no store");
}

int main(void)
{
  char remove[64];

  if (!mkdtemp(home) || chdir(home) || system("mkdir -p control state/limits/me")) return 111;
  struct limits *l = limits_open("me");
  test_counters(l);
  test_windows(l);
  test_facts(l);
  test_list(l);
  limits_close(l);
  test_many();
  l = limits_open("me");
  test_killed(l);
  limits_close(l);
  test_broken();
  test_full();
  test_held();
  snprintf(remove, sizeof remove, "rm -rf %s", home);
  return chdir("/") || system(remove) ? 111 : check_done();
}
