/* lookup: how long it takes to find an address and its mailbox in the current tables of MAILHOME, and what a generation of changes
   costs, to make and to look things up in. For bench/tables-size, whose users are user0@school.test to userN-1@school.test.

   Processor time of a lookup, which is what does not depend on what else the machine does. The generation of changes is removed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ldapsync/generation.h"
#include "ldapsync/generations.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/tables.h"

enum { ROUNDS = 100000 };

const char *PROG = "lookup";

static double now(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void find(struct tables *t, const char *kind, const char *key, text *record)
{
  if (tables_find(t, kind, key, record) != LOOKUP_FOUND) die_permanent("there is no ", kind, " ", key);
}

/* Of both together. */
static double measure(bool is_for_children, unsigned int users)
{
  struct tables t = { .is_for_children = is_for_children };
  text record = TEXT_ZERO, other = TEXT_ZERO;
  unsigned int user = 1;
  char address[64];

  if (!tables_open(&t, "policy")) die_unable("open tables/current/policy.cdb");
  double start = now(CLOCK_PROCESS_CPUTIME_ID);
  for (unsigned int i = 0; i < ROUNDS; i++) {
    user = user * 1103515245u + 12345u;
    snprintf(address, sizeof address, "user%u@school.test", (unsigned int)((uint64_t)user * users >> 32));
    find(&t, "address", address, &record);
    find(&t, "mailbox", record_get(&record, "mailbox"), &other);
  }
  double taken = (now(CLOCK_PROCESS_CPUTIME_ID) - start) / ROUNDS;
  tables_close(&t);
  text_free(&record);
  text_free(&other);
  return taken;
}

static void add_change(struct cdb_write *w, struct tables *t, unsigned int user)
{
  text record = TEXT_ZERO, mailbox = TEXT_ZERO, key = TEXT_ZERO;

  text_add_format(&key, "user%u@school.test", user);
  find(t, "address", text_string(&key), &record);
  find(t, "mailbox", record_get(&record, "mailbox"), &mailbox);
  record_add(&mailbox, "language", "de");
  cdb_write_add(w, "mailbox", record_get(&record, "mailbox"), &mailbox);
  text_free(&record);
  text_free(&mailbox);
  text_free(&key);
}

/* Of changes of so many users, spread over all; the milliseconds until it is published. */
static double publish(struct generation *g, const char *base, unsigned int users, unsigned int changes)
{
  struct tables t = TABLES_ZERO;
  text record = TEXT_ZERO;
  double start = now(CLOCK_MONOTONIC);

  if (!tables_open(&t, "policy") || !generation_open_changes(g, base)) die_unable("make changes to ", base);
  g->auth_group = g->relay_group = g->token_group = (gid_t)-1;
  record_add(&record, "id", text_string(&g->id));
  cdb_write_add(g->policy, "table", "generation", &record);
  for (unsigned int i = 0; i < changes; i++) add_change(g->policy, &t, (unsigned int)((uint64_t)i * users / changes));
  generation_close(g);
  generation_publish(g);
  tables_close(&t);
  text_free(&record);
  return (now(CLOCK_MONOTONIC) - start) / 1e3;
}

static void measure_changes(const char *base, unsigned int users, unsigned int changes)
{
  struct generation g = GENERATION_ZERO;
  text folder = TEXT_ZERO;
  double published = publish(&g, base, users, changes);

  printf("with changes of %5u users: published in %.1f ms; lookup mapped %.2f us, read %.2f us\n", changes, published, measure(false, users), measure(true, users));
  generations_switch(base);
  text_add_format(&folder, "tables/%s", g.id.s);
  generation_remove(text_string(&folder));
  text_free(&folder);
}

int main(int argc, const char **argv)
{
  text base = TEXT_ZERO;
  unsigned int users = argc == 2 ? (unsigned int)strtoul(argv[1], 0, 10) : 0;

  if (!users) die_usage("lookup USERS");
  home_enter();
  printf("a whole generation:        lookup mapped %.2f us, read %.2f us\n", measure(false, users), measure(true, users));
  generations_current(&base);
  measure_changes(base.s, users, 1);
  measure_changes(base.s, users, 1000);
  measure_changes(base.s, users, 10000);
  return 0;
}
