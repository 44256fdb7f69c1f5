#include "ldapsync/scram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/random.h>

#include "ldapsync/records.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hex.h"
#include "lib/scramkeys.h"
#include "lib/tables.h"

enum { SHAPES_MAX = 32 }; /* so many kinds of keys; of more the rest is not imitated */

static bool is_before(const struct scram_shape *s, const struct scramkeys *k)
{
  return s->iterations != k->iterations ? s->iterations < k->iterations : s->salt_length < k->salt.len;
}

/* The kind of these keys: a new one gets its place. */
static struct scram_shape *find_shape(struct scram *s, const struct scramkeys *k)
{
  size_t i = 0;

  while (i < s->shape_count && is_before(&s->shapes[i], k)) i++;
  if (i < s->shape_count && s->shapes[i].iterations == k->iterations && s->shapes[i].salt_length == k->salt.len) return &s->shapes[i];
  if (s->shape_count == s->shape_room) {
    s->shape_room = s->shape_room ? s->shape_room * 2 : 8;
    s->shapes = realloc(s->shapes, s->shape_room * sizeof *s->shapes);
    if (!s->shapes) die_nomem();
  }
  memmove(&s->shapes[i + 1], &s->shapes[i], (s->shape_count++ - i) * sizeof *s->shapes);
  s->shapes[i] = (struct scram_shape){ .iterations = k->iterations, .salt_length = k->salt.len };
  return &s->shapes[i];
}

/* secret: what is stored of a login; of one without anything nobody can log in, by whatever mechanism. */
static void look_at(struct scram *s, const text *secret, const char *who, bool is_gone)
{
  struct scramkeys keys = SCRAMKEYS_ZERO;
  size_t at = 0, one = is_gone ? (size_t)-1 : 1;
  bool has = false;

  if (!secret->len) return;
  for (const char *stored; !has && (stored = record_next(secret, "password", &at));)
    if ((has = scramkeys_parse_by(&keys, stored, s->hash))) find_shape(s, &keys)->count += one;
  if (has)
    s->with += one;
  else {
    if (!s->without && !is_gone) text_copy(&s->first, who);
    s->without += one;
  }
  scramkeys_free(&keys);
}

/* Also an app password is one that has no keys. */
static void look_at_backends(struct scram *s, const struct table *auth)
{
  size_t key = 0, record = 0;
  text secret;

  for (const char *name; (name = table_next(auth, &key, &record, &secret));)
    if (!strncmp(name, "backend:", strlen("backend:")) || !strncmp(name, "app:", strlen("app:"))) look_at(s, &secret, name, false);
}

/* The key that makes the strangers' salts, of the current tables or new. */
static void find_key(text *hex)
{
  struct tables current = TABLES_ZERO;
  text record = TEXT_ZERO;
  char bytes[MAC_KEY_SIZE];

  if (!tables_open(&current, "auth") && errno != ENOENT) die_unable("open tables/current/auth.cdb");
  if (current.file && tables_find(&current, "scram", "stranger", &record) == LOOKUP_FOUND) text_copy(hex, record_get(&record, "key"));
  if (!hex->len) {
    random_buf(bytes, sizeof bytes);
    hex_add(hex, bytes, sizeof bytes);
  }
  text_string(hex);
  tables_close(&current);
  text_wipe(&record);
}

void scram_count(struct scram *s, const struct account *a, const struct build_limits *limits, bool is_gone)
{
  text secret = TEXT_ZERO;

  records_secrets(a, limits, &secret);
  look_at(s, &secret, a->from.s, is_gone);
  if (s->sha1) look_at(s->sha1, &secret, a->from.s, is_gone);
  text_wipe(&secret);
}

void scram_decide(struct scram *s)
{
  s->is_offered = s->with && !s->without && s->iterations;
  text_string(&s->first);
  if (s->sha1) scram_decide(s->sha1);
}

static void look_at_all(struct scram *s, const struct build *b, const struct build_limits *limits, const struct table *auth)
{
  text secret = TEXT_ZERO;

  look_at_backends(s, auth);
  for (size_t i = 0; i < b->accounts.count; i++) {
    records_secrets(b->accounts.all[i], limits, &secret);
    look_at(s, &secret, b->accounts.all[i]->from.s, false);
  }
  s->iterations = conf_number("scramiterations", 1, UINT32_MAX);
  text_wipe(&secret);
}

void scram_look(struct scram *s, const struct build *b, const struct build_limits *limits, const struct table *auth)
{
  look_at_all(s, b, limits, auth);
  if (conf_is_yes("scramsha1", false)) {
    if (!(s->sha1 = calloc(1, sizeof *s->sha1))) die_nomem();
    *s->sha1 = (struct scram)SCRAM_ZERO;
    s->sha1->hash = SCRAMHASH_SHA_1;
    look_at_all(s->sha1, b, limits, auth);
  }
  find_key(&s->key);
  scram_decide(s);
}

static void add_shapes(const struct scram *s, const char *name, text *record)
{
  text shape = TEXT_ZERO;

  for (size_t i = 0, shown = 0; i < s->shape_count && shown < SHAPES_MAX; i++) {
    if (!s->shapes[i].count) continue;
    text_clear(&shape);
    text_add_number(&shape, s->shapes[i].iterations);
    text_add_char(&shape, ' ');
    text_add_number(&shape, s->shapes[i].salt_length);
    record_add(record, name, text_string(&shape));
    shown++;
  }
  text_free(&shape);
}

void scram_record(const struct scram *s, text *record)
{
  text_clear(record);
  add_shapes(s, "shape", record);
  if (s->sha1) add_shapes(s->sha1, "shape-sha1", record);
  record_add(record, "offered", s->is_offered ? "yes" : "no");
  record_add(record, "key", s->key.s);
}
