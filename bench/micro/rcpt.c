/* rcpt: how long the decision about one RCPT TO takes (policy_recipient, with the parsing of the address), with tables of
   100,000 users who have five addresses each. Run from anywhere; makes a folder in /tmp and removes it.

   The addresses that are asked for are spread over all of the table, so that neither the processor's caches nor luck help.
   Processor time, of the system too: what else the machine does matters less. Then the same with a generation of changes on top. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ldapsync/generation.h"
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

static void begin(struct generation *g)
{
  char words[64];

  g->auth_group = g->relay_group = g->token_group = (gid_t)-1;
  snprintf(words, sizeof words, "id=%s", text_string(&g->id));
  policy_tables_put(g->policy, "table", "generation", words);
}

static void make_tables(struct generation *g)
{
  generation_open(g);
  begin(g);
  struct cdb_write *w = g->policy;
  policy_tables_put(w, "domain", "example.test", "file=control/domains/example.test");
  policy_tables_put(w, "domain", "alias.test", "file=control/domains/alias.test alias=example.test");
  policy_tables_put(w, "address", "info@*", "kind=address mailbox=00000000-0000-4000-8000-000000000001 from=control/addresses/info");
  for (unsigned int i = 0; i < USERS; i++) put_user(w, i);
  generation_close(g);
  generation_publish(g);
}

/* Spread over all, as changes are. */
static void make_changes(struct generation *g, const char *base, unsigned int users)
{
  if (!generation_open_changes(g, base)) exit(111);
  begin(g);
  for (unsigned int i = 0; i < users; i++) put_user(g->policy, i * (USERS / users));
  generation_close(g);
  generation_publish(g);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double measure(struct tables *tables, const char *before, const char *behind, unsigned int code)
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
  double taken = (now() - start) / ROUNDS;
  address_free(&a);
  policy_decision_free(&d);
  policy_destinations_free(&all);
  return taken;
}

static void measure_all(const char *how, bool is_for_children)
{
  struct tables tables = { .is_for_children = is_for_children };

  if (!tables_open(&tables, "policy")) exit(111);
  printf("%-46s %6.2f", how, measure(&tables, "user", "@example.test", 250));
  printf("  %6.2f", measure(&tables, "alias3.of.user", "@example.test", 250));
  printf("  %6.2f", measure(&tables, "user", "+lists@example.test", 250));
  printf("  %6.2f", measure(&tables, "user", "@alias.test", 250));
  printf("  %6.2f", measure(&tables, "nobody", "@example.test", 550));
  printf("  %6.2f us\n", measure(&tables, "user", "@far.example", 554));
  tables_close(&tables);
}

static void remove_tables(struct generation *all, size_t count)
{
  char folder[64];

  for (size_t i = 0; i < count; i++) {
    snprintf(folder, sizeof folder, "tables/%s", text_string(&all[i].id));
    generation_remove(folder);
  }
  unlink("tables/current");
  rmdir("tables");
}

int main(void)
{
  char folder[] = "/tmp/rcpt.XXXXXX";
  struct generation all[] = { GENERATION_ZERO, GENERATION_ZERO, GENERATION_ZERO };

  if (!mkdtemp(folder) || chdir(folder) == -1 || mkdir("tables", 0700) == -1) return 111;
  printf("%u users, %u addresses, %d decisions each: a user's address, his alias, with a detail, by an alias of the domain, nobody, elsewhere\n", USERS, USERS * (ALIASES + 1), ROUNDS);
  make_tables(&all[0]);
  measure_all("a whole generation", false);
  measure_all("... read, not mapped (servers that fork)", true);
  make_changes(&all[1], all[0].id.s, 10);
  measure_all("10 users' changes on top", false);
  measure_all("... read", true);
  make_changes(&all[2], all[0].id.s, 3000);
  measure_all("3,000 users' changes (18,000 records) on top", false);
  measure_all("... read", true);
  remove_tables(all, 3);
  return chdir("/") == -1 || rmdir(folder) == -1 ? 111 : 0;
}
