#include "ldapsync/scram.h"

#include <errno.h>
#include <string.h>

#include <skalibs/random.h>

#include "ldapsync/records.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hex.h"
#include "lib/scramkeys.h"
#include "lib/tables.h"

enum { SHAPES_MAX = 32 }; /* so many kinds of keys; of more the rest is not imitated */

/* "ITERATIONS SALTLENGTH" of its keys, each kind once. */
static void add_shape(text *stranger, const struct scramkeys *k)
{
  text shape = TEXT_ZERO;
  size_t at = 0, count = 0;

  while (record_next(stranger, "shape", &at)) count++;
  text_add_number(&shape, k->iterations);
  text_add_char(&shape, ' ');
  text_add_number(&shape, k->salt.len);
  if (count < SHAPES_MAX && !record_has(stranger, "shape", text_string(&shape))) record_add(stranger, "shape", shape.s);
  text_free(&shape);
}

/* secret: what is stored of a login; of one without anything nobody can log in, by whatever mechanism. */
static void look_at(struct scram *s, const text *secret, const char *who, text *stranger)
{
  struct scramkeys keys = SCRAMKEYS_ZERO;
  size_t at = 0;
  bool has = false;

  if (!secret->len) return;
  for (const char *stored; !has && (stored = record_next(secret, "password", &at));)
    if ((has = scramkeys_parse(&keys, stored))) add_shape(stranger, &keys);
  if (has)
    s->with++;
  else if (!s->without++)
    text_copy(&s->first, who);
  scramkeys_free(&keys);
}

static void look_at_backends(struct scram *s, const struct table *auth, text *stranger)
{
  size_t key = 0, record = 0;
  text secret;

  for (const char *name; (name = table_next(auth, &key, &record, &secret));) look_at(s, &secret, name, stranger);
}

/* The key that makes the strangers' salts, of the current tables or new. */
static void add_key(text *stranger)
{
  struct tables current = TABLES_ZERO;
  text record = TEXT_ZERO, hex = TEXT_ZERO;
  char bytes[MAC_KEY_SIZE];

  if (!tables_open(&current, "auth") && errno != ENOENT) die_unable("open tables/current/auth.cdb");
  if (current.file && tables_find(&current, "scram", "stranger", &record) == LOOKUP_FOUND) text_add(&hex, record_get(&record, "key"));
  if (!hex.len) {
    random_buf(bytes, sizeof bytes);
    hex_add(&hex, bytes, sizeof bytes);
  }
  record_add(stranger, "key", text_string(&hex));
  tables_close(&current);
  text_wipe(&record);
  text_wipe(&hex);
}

void scram_look(struct scram *s, const struct build *b, const struct build_limits *limits, struct table *auth)
{
  text stranger = TEXT_ZERO, secret = TEXT_ZERO;

  look_at_backends(s, auth, &stranger);
  for (size_t i = 0; i < b->accounts.count; i++) {
    const struct account *a = &b->accounts.all[i];
    records_secrets(a, limits, &secret);
    look_at(s, &secret, a->from.s, &stranger);
  }
  s->is_offered = s->with && !s->without && conf_number("scramiterations", 1, UINT32_MAX);
  text_string(&s->first);
  record_add(&stranger, "offered", s->is_offered ? "yes" : "no");
  add_key(&stranger);
  table_add(auth, "scram", "stranger", &stranger);
  text_wipe(&secret);
  text_wipe(&stranger);
}
