#include <string.h>

#include "imap/date.h"
#include "imap/parse.h"

/* How the arguments of a key are read, and what they fill. */
enum arguments { NONE, DAY, NUMBER, STRING, KEYWORD, FIELD_AND_STRING, SET, KEY, TWO_KEYS };

static const struct word {
  const char name[11];
  enum imap_search_kind kind;
  enum arguments arguments;
  bool is_not;         /* the key is the opposite of the kind */
  unsigned int number; /* flags */
  const char *field;
} words[] = {
  { "ALL", IMAP_SEARCH_EVERY, NONE, false, 0, 0 },
  { "ANSWERED", IMAP_SEARCH_FLAGS, NONE, false, IMAP_ANSWERED, 0 },
  { "BCC", IMAP_SEARCH_HEADER, STRING, false, 0, "Bcc" },
  { "BEFORE", IMAP_SEARCH_BEFORE, DAY, false, 0, 0 },
  { "BODY", IMAP_SEARCH_BODY, STRING, false, 0, 0 },
  { "CC", IMAP_SEARCH_HEADER, STRING, false, 0, "Cc" },
  { "DELETED", IMAP_SEARCH_FLAGS, NONE, false, IMAP_DELETED, 0 },
  { "DRAFT", IMAP_SEARCH_FLAGS, NONE, false, IMAP_DRAFT, 0 },
  { "FLAGGED", IMAP_SEARCH_FLAGS, NONE, false, IMAP_FLAGGED, 0 },
  { "FROM", IMAP_SEARCH_HEADER, STRING, false, 0, "From" },
  { "HEADER", IMAP_SEARCH_HEADER, FIELD_AND_STRING, false, 0, 0 },
  { "KEYWORD", IMAP_SEARCH_KEYWORD, KEYWORD, false, 0, 0 },
  { "LARGER", IMAP_SEARCH_LARGER, NUMBER, false, 0, 0 },
  { "NEW", IMAP_SEARCH_AND, NONE, false, 0, 0 },
  { "NOT", IMAP_SEARCH_NOT, KEY, false, 0, 0 },
  { "OLD", IMAP_SEARCH_FLAGS, NONE, true, IMAP_RECENT, 0 },
  { "ON", IMAP_SEARCH_ON, DAY, false, 0, 0 },
  { "OR", IMAP_SEARCH_OR, TWO_KEYS, false, 0, 0 },
  { "RECENT", IMAP_SEARCH_FLAGS, NONE, false, IMAP_RECENT, 0 },
  { "SEEN", IMAP_SEARCH_FLAGS, NONE, false, IMAP_SEEN, 0 },
  { "SENTBEFORE", IMAP_SEARCH_SENTBEFORE, DAY, false, 0, 0 },
  { "SENTON", IMAP_SEARCH_SENTON, DAY, false, 0, 0 },
  { "SENTSINCE", IMAP_SEARCH_SENTSINCE, DAY, false, 0, 0 },
  { "SINCE", IMAP_SEARCH_SINCE, DAY, false, 0, 0 },
  { "SMALLER", IMAP_SEARCH_SMALLER, NUMBER, false, 0, 0 },
  { "SUBJECT", IMAP_SEARCH_HEADER, STRING, false, 0, "Subject" },
  { "TEXT", IMAP_SEARCH_TEXT, STRING, false, 0, 0 },
  { "TO", IMAP_SEARCH_HEADER, STRING, false, 0, "To" },
  { "UID", IMAP_SEARCH_UID, SET, false, 0, 0 },
  { "UNANSWERED", IMAP_SEARCH_FLAGS, NONE, true, IMAP_ANSWERED, 0 },
  { "UNDELETED", IMAP_SEARCH_FLAGS, NONE, true, IMAP_DELETED, 0 },
  { "UNDRAFT", IMAP_SEARCH_FLAGS, NONE, true, IMAP_DRAFT, 0 },
  { "UNFLAGGED", IMAP_SEARCH_FLAGS, NONE, true, IMAP_FLAGGED, 0 },
  { "UNKEYWORD", IMAP_SEARCH_KEYWORD, KEYWORD, true, 0, 0 },
  { "UNSEEN", IMAP_SEARCH_FLAGS, NONE, true, IMAP_SEEN, 0 },
};

static struct imap_search_key *new_key(struct imap_parse *p, enum imap_search_kind kind)
{
  struct imap_search_key *key = pool_take(&p->command->pool, sizeof *key);
  key->kind = kind;
  return key;
}

static bool take_day(struct imap_parse *p, struct imap_search_key *key)
{
  const char *before = p->at, *string = imap_parse_astring(p, "a date like 1-Feb-2024");

  if (!string) return false;
  if (imap_date_parse(string, strlen(string), &key->day)) return true;
  p->at = before;
  return imap_parse_fail(p, "a date like 1-Feb-2024");
}

static bool take_string(struct imap_parse *p, struct imap_search_key *key)
{
  return (key->string = imap_parse_astring(p, "a string to search for"));
}

static bool take_key(struct imap_parse *p, struct imap_search_key **link, unsigned int depth);

/* What follows the word, from the space on. */
static bool take_arguments(struct imap_parse *p, struct imap_search_key *key, enum arguments arguments,
                           unsigned int depth)
{
  if (arguments != NONE && !imap_parse_space(p)) return false;
  switch (arguments) {
  case NONE: return true;
  case DAY: return take_day(p, key);
  case NUMBER: return imap_parse_number(p, &key->number);
  case STRING: return take_string(p, key);
  case KEYWORD: return (key->string = imap_parse_atom(p, "a keyword"));
  case FIELD_AND_STRING:
    return (key->field = imap_parse_astring(p, "a header field's name")) && imap_parse_space(p) && take_string(p, key);
  case SET: return imap_parse_sequence(p, &key->sequence);
  case KEY: return take_key(p, &key->first, depth + 1);
  case TWO_KEYS:
    return take_key(p, &key->first, depth + 1) && imap_parse_space(p) && take_key(p, &key->first->next, depth + 1);
  }
  return false;
}

static struct imap_search_key *negate(struct imap_parse *p, struct imap_search_key *key)
{
  struct imap_search_key *outer = new_key(p, IMAP_SEARCH_NOT);
  outer->first = key;
  return outer;
}

/* NEW is RECENT UNSEEN. */
static void fill_new(struct imap_parse *p, struct imap_search_key *key)
{
  struct imap_search_key *seen = new_key(p, IMAP_SEARCH_FLAGS);

  seen->number = IMAP_SEEN;
  key->first = new_key(p, IMAP_SEARCH_FLAGS);
  key->first->number = IMAP_RECENT;
  key->first->next = negate(p, seen);
}

static bool take_word(struct imap_parse *p, struct imap_search_key **link, unsigned int depth)
{
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    struct imap_search_key *key;
    if (!imap_parse_word(p, words[i].name)) continue;
    key = new_key(p, words[i].kind);
    key->number = words[i].number;
    key->field = words[i].field;
    if (key->kind == IMAP_SEARCH_AND) fill_new(p, key);
    *link = words[i].is_not ? negate(p, key) : key;
    return take_arguments(p, key, words[i].arguments, depth);
  }
  return imap_parse_fail(p, "a search key");
}

static bool take_keys(struct imap_parse *p, struct imap_search_key **link, unsigned int depth)
{
  while (take_key(p, link, depth)) {
    link = &(*link)->next;
    if (!imap_parse_is(p, ' ')) return true;
    p->at++;
  }
  return false;
}

/* One key, put at *link. */
static bool take_key(struct imap_parse *p, struct imap_search_key **link, unsigned int depth)
{
  if (depth > IMAP_SEARCH_DEPTH_MAX) return imap_parse_fail(p, "fewer keys inside of each other");
  if (imap_parse_is(p, '(')) {
    p->at++;
    *link = new_key(p, IMAP_SEARCH_AND);
    return take_keys(p, &(*link)->first, depth + 1) && imap_parse_char(p, ')');
  }
  if (p->at < p->end && (ascii_is_digit(*p->at) || *p->at == '*')) {
    *link = new_key(p, IMAP_SEARCH_SEQUENCE);
    return imap_parse_sequence(p, &(*link)->sequence);
  }
  return take_word(p, link, depth);
}

bool imap_parse_search(struct imap_parse *p)
{
  struct imap_command *c = p->command;

  if (!imap_parse_space(p)) return false;
  if (imap_parse_word(p, "CHARSET"))
    if (!imap_parse_space(p) || !(c->charset = imap_parse_astring(p, "a character set")) || !imap_parse_space(p))
      return false;
  c->search = new_key(p, IMAP_SEARCH_AND);
  return take_keys(p, &c->search->first, 0);
}
