#include <string.h>

#include "imap/search.h"
#include "lib/casefold.h"
#include "lib/charset.h"

struct preparation {
  struct imap_command *command;
  uint32_t exists, highest_uid;
  text utf8, folded;
};

/* NUL cannot be in a string of a command, so it cannot be in what is made of it. */
static bool prepare_string(struct preparation *p, struct imap_search_key *key)
{
  const char *charset = p->command->charset ? p->command->charset : "US-ASCII";

  text_clear(&p->utf8);
  text_clear(&p->folded);
  if (!charset_convert(charset, key->string, strlen(key->string), &p->utf8)) return false;
  casefold_add(p->utf8.s, p->utf8.len, &p->folded);
  key->folded = pool_string(&p->command->pool, p->folded.s, p->folded.len);
  key->folded_length = p->folded.len;
  return true;
}

static unsigned int own_cost(enum imap_search_kind kind)
{
  switch (kind) {
  case IMAP_SEARCH_SENTBEFORE:
  case IMAP_SEARCH_SENTON:
  case IMAP_SEARCH_SENTSINCE:
  case IMAP_SEARCH_HEADER: return 1;
  case IMAP_SEARCH_BODY:
  case IMAP_SEARCH_TEXT: return 2;
  default: return 0;
  }
}

/* Cheap keys first; keys of the same cost keep their order. */
static struct imap_search_key *sort_keys(struct imap_search_key *keys)
{
  struct imap_search_key *lists[3] = { 0 }, **ends[3] = { &lists[0], &lists[1], &lists[2] };

  for (; keys; keys = keys->next) {
    *ends[keys->cost] = keys;
    ends[keys->cost] = &keys->next;
  }
  *ends[2] = 0;
  *ends[1] = lists[2];
  *ends[0] = lists[1];
  return lists[0];
}

static bool prepare_keys(struct preparation *p, struct imap_search_key *key)
{
  for (; key; key = key->next) {
    if (key->kind == IMAP_SEARCH_SEQUENCE) imap_sequence_resolve(&key->sequence, p->exists);
    if (key->kind == IMAP_SEARCH_UID) imap_sequence_resolve(&key->sequence, p->highest_uid);
    if (key->string && key->kind != IMAP_SEARCH_KEYWORD && !prepare_string(p, key)) return false;
    if (!prepare_keys(p, key->first)) return false; /* IMAP_SEARCH_DEPTH_MAX deep */
    key->cost = own_cost(key->kind);
    for (const struct imap_search_key *child = key->first; child; child = child->next)
      if (child->cost > key->cost) key->cost = child->cost;
    key->first = sort_keys(key->first);
  }
  return true;
}

enum imap_search_ready imap_search_prepare(struct imap_command *c, uint32_t exists, uint32_t highest_uid)
{
  struct preparation p = { .command = c, .exists = exists, .highest_uid = highest_uid };
  bool good;

  if (c->charset && !charset_is_known(c->charset)) return IMAP_SEARCH_BAD_CHARSET;
  good = prepare_keys(&p, c->search);
  text_free(&p.utf8);
  text_free(&p.folded);
  return good ? IMAP_SEARCH_READY : IMAP_SEARCH_BAD_STRING;
}

static bool has_size_key(const struct imap_search_key *key)
{
  for (; key; key = key->next)
    if (key->kind == IMAP_SEARCH_LARGER || key->kind == IMAP_SEARCH_SMALLER || has_size_key(key->first)) return true;
  return false;
}

bool imap_search_needs_size(const struct imap_command *c) { return has_size_key(c->search); }
