/* rcpt: how long the decision about one RCPT TO takes (policy_recipient, with the parsing of the address), with tables of
   100,000 users who have five addresses each. Run from anywhere; makes a folder in /tmp and removes it.

   The addresses that are asked for are spread over all of the table, so that neither the processor's caches nor luck help. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/policy.h"
#include "tests/policy_tables.h"

enum { USERS = 100000, ALIASES = 4, ROUNDS = 100000 };

const char *PROG = "rcpt";

static void put_user(struct cdb_write *w, unsigned int i)
{
  char key[64], name[64], words[256];

  snprintf(key, sizeof key, "00000000-0000-4000-8000-%012u", i);
  snprintf(words, sizeof words, "kind=address mailbox=%s from=directory/%u.ldif:uid=user%u,ou=people,dc=example,dc=test", key, i, i);
  snprintf(name, sizeof name, "user%u@example.test", i);
  policy_tables_put(w, "address", name, words);
  for (unsigned int a = 0; a < ALIASES; a++) {
    snprintf(name, sizeof name, "alias%u.of.user%u@example.test", a, i);
    policy_tables_put(w, "address", name, words);
  }
  snprintf(words, sizeof words,
           "kind=user name=user%u@example.test uid=%u path=example.test/user%u receive=yes submit=yes imap=yes quota=1073741824 "
           "from=directory/%u.ldif:uid=user%u,ou=people,dc=example,dc=test", i, 200000 + i, i, i, i);
  policy_tables_put(w, "mailbox", key, words);
}

static void make_tables(struct tables *tables)
{
  struct cdb_write *w = policy_tables_begin();
  policy_tables_put(w, "table", "generation", "id=1");
  policy_tables_put(w, "domain", "example.test", "file=control/domains/example.test");
  policy_tables_put(w, "domain", "alias.test", "file=control/domains/alias.test alias=example.test");
  policy_tables_put(w, "address", "info@*", "kind=address mailbox=00000000-0000-4000-8000-000000000001 from=control/addresses/info");
  for (unsigned int i = 0; i < USERS; i++) put_user(w, i);
  policy_tables_end(w, tables);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(struct tables *tables, const char *what, const char *before, const char *behind, unsigned int code)
{
  static const struct policy_ask ask = { .is_full = policy_is_full };
  struct policy_facts facts = { .role = POLICY_MX, .delimiter = '+', .me = "mx.example.test", .postmaster = "", .ask = &ask };
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct address a = ADDRESS_ZERO;
  unsigned int user = 1;
  char string[96];
  double start = now();

  for (int i = 0; i < ROUNDS; i++) {
    user = user * 1103515245u + 12345u;
    int length = snprintf(string, sizeof string, "%s%u%s", before, (user >> 8) % USERS, behind);
    policy_destinations_clear(&all);
    if (address_parse(&a, string, (size_t)length) != ADDRESS_FULL) exit(111);
    policy_recipient(tables, &facts, &a, &all, &d);
    if (d.code != code) {
      fprintf(stderr, "rcpt: %s: %u %s\n", string, d.code, d.text.s);
      exit(111);
    }
  }
  printf("%-44s %6.2f us\n", what, (now() - start) / ROUNDS);
  address_free(&a);
  policy_decision_free(&d);
  policy_destinations_free(&all);
}

int main(void)
{
  char folder[] = "/tmp/rcpt.XXXXXX";
  struct tables tables = TABLES_ZERO;

  if (!mkdtemp(folder) || chdir(folder) == -1) return 111;
  make_tables(&tables);
  printf("%u users, %u addresses, %d decisions each\n", USERS, USERS * (ALIASES + 1), ROUNDS);
  measure(&tables, "a user's address", "user", "@example.test", 250);
  measure(&tables, "a user's alias", "alias3.of.user", "@example.test", 250);
  measure(&tables, "with a detail", "user", "+lists@example.test", 250);
  measure(&tables, "by an alias of the domain", "user", "@alias.test", 250);
  measure(&tables, "nobody", "nobody", "@example.test", 550);
  measure(&tables, "elsewhere: relay denied", "user", "@far.example", 554);
  tables_close(&tables);
  unlink("tables/1/policy.cdb");
  unlink("tables/current");
  rmdir("tables/1");
  rmdir("tables");
  return chdir("/") == -1 || rmdir(folder) == -1 ? 111 : 0;
}
