/* check: TAP for unit tests. int main(void) { ...; check(fact, "what"); ...; return check_done(); } */

#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned int check_count, check_failed;

static inline bool check(bool fact, const char *what)
{
  printf("%sok %u - %s\n", fact ? "" : "not ", ++check_count, what);
  check_failed += !fact;
  return fact;
}

static inline bool check_is(const char *is, const char *expected, const char *what)
{
  bool same = !strcmp(is, expected);
  check(same, what);
  if (!same) printf("# expected: %s\n# is:       %s\n", expected, is);
  return same;
}

static inline int check_done(void)
{
  printf("1..%u\n", check_count);
  return check_failed > 0;
}

#endif
