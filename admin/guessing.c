#include "admin/guessing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/limits.h"
#include "lib/address.h"
#include "lib/cidr.h"
#include "lib/die.h"
#include "lib/guess.h"
#include "lib/record.h"
#include "lib/tables.h"

/* Who is meant by a name that was typed, as he is counted. */
static void find_who(const char *name, text *who)
{
  struct tables policy = TABLES_ZERO;
  text login = TEXT_ZERO, found = TEXT_ZERO, mailbox = TEXT_ZERO;
  unsigned char key[MAC_KEY_SIZE];

  text_copy(&login, name);
  login_fold(&login);
  if (!tables_open(&policy, "policy")) die_unable("open tables/current/policy.cdb");
  if (!strcmp(text_string(&login), "vmail") && access("control/vmail", F_OK) == 0)
    guess_who_mailbox(who, "vmail"); /* the master who is no user */
  else if (tables_find(&policy, "login", login.s, &found) != LOOKUP_FOUND) {
    if (!strncmp(name, "unknown:", strlen("unknown:"))) text_copy(who, name);
    else if (guess_key_read(key)) guess_who_unknown(who, key, login.s);
    else text_copy(who, "unknown:");
  } else if (record_find(&found, "backend"))
    guess_who_backend(who, record_get(&found, "backend"));
  else if (tables_find(&policy, "mailbox", record_get(&found, "mailbox"), &mailbox) == LOOKUP_FOUND)
    guess_who_mailbox(who, record_get(&mailbox, "name"));
  text_string(who);
  tables_close(&policy);
  text_free(&login);
  text_free(&found);
  text_free(&mailbox);
}

/* What is asked for, and what was found of it. */
struct question {
  text keys;       /* each ended by a NUL; empty: all */
  bool has_zeros;  /* networks in which a name is known, without a failure */
  text found;      /* the keys, each ended by a NUL */
  uint64_t count;
};

static void ask_about(struct question *q, const char *name)
{
  struct cidr network;
  text who = TEXT_ZERO, ip = TEXT_ZERO;

  if (cidr_parse(&network, name)) {
    cidr_add(&ip, &network.ip, 32, 128);
    guess_keys_of_network(&q->keys, text_string(&ip));
  } else {
    find_who(name, &who);
    guess_keys_of_who(&q->keys, who.s);
  }
  text_free(&who);
  text_free(&ip);
}

static bool is_asked_for(const struct question *q, const char *key)
{
  for (size_t at = 0; at < q->keys.len; at += strlen(q->keys.s + at) + 1) {
    size_t length = strlen(q->keys.s + at);
    if (!strncmp(key, q->keys.s + at, length) && (!key[length] || key[length] == ' ')) return true;
  }
  return !q->keys.len;
}

static void add_printable(text *line, const char *string)
{
  for (; *string; string++) text_add_char(line, ascii_is_printable(*string) ? *string : '?');
}

static void show(void *to, const struct limits_entry *entry)
{
  struct question *q = to;
  struct guess_count left;
  text line = TEXT_ZERO;

  if (!is_asked_for(q, entry->key) || !guess_parse(entry, &left) || (!left.failures && !q->has_zeros)) return;
  unsigned int delay_ms = guess_delay_ms(entry->key, left.failures);
  uint64_t blocked = guess_blocked_seconds(entry->key, left.failures);
  add_printable(&line, entry->key);
  text_add_format(&line, ": %u failure%s", left.failures, left.failures == 1 ? "" : "s");
  if (left.failures) text_add_format(&line, ", the last %llu seconds ago", (unsigned long long)left.seconds_ago);
  if (blocked) text_add_format(&line, ", refused for %llu seconds", (unsigned long long)blocked);
  else if (delay_ms) text_add_format(&line, ", the next try waits %u ms", delay_ms);
  text_add_char(&line, '\n');
  fwrite(line.s, 1, line.len, stdout);
  text_free(&line);
  q->count++;
}

static struct limits *open_store(void)
{
  limits_become_owner(GUESS_USER);
  struct limits *l = limits_open(GUESS_USER);
  if (!l) die_temporary("the store of " GUESS_USER " cannot be opened");
  return l;
}

static void list(struct question *q)
{
  if (!limits_each(open_store(), show, q)) die_temporary("the store of " GUESS_USER " cannot be read");
  if (fflush(stdout)) die_unable("write");
}

void guessing_list(const char *const *arguments, bool is_json)
{
  struct question q = { .keys = TEXT_ZERO, .found = TEXT_ZERO };

  (void)arguments;
  (void)is_json;
  list(&q);
}

void guessing_show(const char *const *arguments, bool is_json)
{
  struct question q = { .keys = TEXT_ZERO, .found = TEXT_ZERO, .has_zeros = true };

  (void)is_json;
  ask_about(&q, arguments[0]);
  list(&q);
  if (!q.count) printf("%s: no failures\n", q.keys.s);
  if (fflush(stdout)) die_unable("write");
}

static void note(void *to, const struct limits_entry *entry)
{
  struct question *q = to;
  struct guess_count left;

  if (!is_asked_for(q, entry->key) || !guess_parse(entry, &left) || !left.failures) return;
  text_add_bytes(&q->found, entry->key, strlen(entry->key) + 1);
  q->count++;
}

/* Where a name is known it stays known. */
void guessing_clear(const char *const *arguments, bool is_json)
{
  struct question q = { .keys = TEXT_ZERO, .found = TEXT_ZERO };

  (void)is_json;
  if (strcmp(arguments[0], "all")) ask_about(&q, arguments[0]);
  struct limits *l = open_store();
  if (!limits_each(l, note, &q)) die_temporary("the store of " GUESS_USER " cannot be read");
  for (size_t at = 0; at < q.found.len; at += strlen(q.found.s + at) + 1)
    if (!guess_clear(l, q.found.s + at)) die_temporary("the store of " GUESS_USER " cannot be written");
  printf("%llu cleared\n", (unsigned long long)q.count);
  if (fflush(stdout)) die_unable("write");
}
