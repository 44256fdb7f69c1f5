#include <stdlib.h>
#include <string.h>

#include "imap/parse.h"
#include "imap/quote.h"

/* What a name asks for. RFC822, RFC822.HEADER and RFC822.TEXT are sections under their old names. */
static const struct {
  const char name[14];
  enum imap_fetch_kind kind;
  enum imap_section_text text;
  bool sets_seen;
} names[] = {
  { "UID", IMAP_FETCH_UID, IMAP_SECTION_ALL, false },
  { "FLAGS", IMAP_FETCH_FLAGS, IMAP_SECTION_ALL, false },
  { "INTERNALDATE", IMAP_FETCH_INTERNALDATE, IMAP_SECTION_ALL, false },
  { "RFC822.SIZE", IMAP_FETCH_SIZE, IMAP_SECTION_ALL, false },
  { "ENVELOPE", IMAP_FETCH_ENVELOPE, IMAP_SECTION_ALL, false },
  { "BODY", IMAP_FETCH_BODY, IMAP_SECTION_ALL, false },
  { "BODYSTRUCTURE", IMAP_FETCH_BODYSTRUCTURE, IMAP_SECTION_ALL, false },
  { "RFC822", IMAP_FETCH_SECTION, IMAP_SECTION_ALL, true },
  { "RFC822.HEADER", IMAP_FETCH_SECTION, IMAP_SECTION_HEADER, false },
  { "RFC822.TEXT", IMAP_FETCH_SECTION, IMAP_SECTION_TEXT, true },
};
enum { NAMES = sizeof names / sizeof *names };

static const struct {
  const char name[5];
  unsigned int count; /* of names_of */
} macros[] = { { "FAST", 3 }, { "ALL", 4 }, { "FULL", 5 } };
static const unsigned int names_of[] = { 1, 2, 3, 4, 5 }; /* FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY */

struct items {
  text bytes;          /* struct imap_fetch_item, one behind the other */
  bool is_there[NAMES];
};

static void add_item(struct items *items, const struct imap_fetch_item *item)
{
  text_add_bytes(&items->bytes, (const char *)item, sizeof *item);
}

static void add_named(struct items *items, unsigned int i)
{
  struct imap_fetch_item item = { .kind = names[i].kind, .sets_seen = names[i].sets_seen, .label = names[i].name };

  item.section.text = names[i].text;
  if (!items->is_there[i]) add_item(items, &item);
  items->is_there[i] = true;
}

static const struct {
  const char name[18];
  enum imap_section_text text;
} texts[] = {
  { "HEADER", IMAP_SECTION_HEADER },
  { "HEADER.FIELDS", IMAP_SECTION_FIELDS },
  { "HEADER.FIELDS.NOT", IMAP_SECTION_FIELDS_NOT },
  { "TEXT", IMAP_SECTION_TEXT },
  { "MIME", IMAP_SECTION_MIME },
};

/* "1.2." or "1.2": the numbers, and the place behind them and a dot. True in *more if a text must follow. */
static bool take_part(struct imap_parse *p, struct imap_section *section, bool *more)
{
  text numbers = TEXT_ZERO;
  bool good = true;
  uint32_t number = 0;

  *more = p->at < p->end && *p->at != ']';
  while (good && *more && ascii_is_digit(*p->at)) {
    good = *p->at != '0' && imap_parse_number(p, &number);
    if (good) text_add_bytes(&numbers, (const char *)&number, sizeof number);
    else imap_parse_fail(p, "a part's number from 1 to 4294967295");
    *more = good && imap_parse_is(p, '.');
    if (*more) *more = ++p->at < p->end;
  }
  if (good && numbers.len) {
    section->part_depth = numbers.len / sizeof number;
    section->part = memcpy(pool_take(&p->command->pool, numbers.len), numbers.s, numbers.len);
  }
  text_free(&numbers);
  return good;
}

static bool take_fields(struct imap_parse *p, struct imap_section *section)
{
  text fields = TEXT_ZERO;
  const char *field;

  if (!imap_parse_space(p) || !imap_parse_char(p, '(')) return false;
  do {
    field = imap_parse_astring(p, "a header field's name");
    if (field) text_add_bytes(&fields, (const char *)&field, sizeof field);
  } while (field && imap_parse_is(p, ' ') && imap_parse_space(p));
  if (field) {
    section->field_count = fields.len / sizeof field;
    section->fields = memcpy(pool_take(&p->command->pool, fields.len), fields.s, fields.len);
  }
  text_free(&fields);
  return field && imap_parse_char(p, ')');
}

static bool take_text(struct imap_parse *p, struct imap_section *section)
{
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *before = p->at;
    if (!imap_parse_word(p, texts[i].name)) continue;
    section->text = texts[i].text;
    if (section->text == IMAP_SECTION_MIME && !section->part_depth) {
      p->at = before;
      return imap_parse_fail(p, "a part's number before MIME");
    }
    return (section->text != IMAP_SECTION_FIELDS && section->text != IMAP_SECTION_FIELDS_NOT) ||
           take_fields(p, section);
  }
  return imap_parse_fail(p, "HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME");
}

/* "<offset.count>"; the count is not 0. */
static bool take_partial(struct imap_parse *p, struct imap_section *section)
{
  if (!imap_parse_is(p, '<')) return true;
  p->at++;
  section->is_partial = true;
  if (!imap_parse_number(p, &section->offset) || !imap_parse_char(p, '.')) return false;
  if (imap_parse_is(p, '0')) return imap_parse_fail(p, "a number from 1 to 4294967295");
  return imap_parse_number(p, &section->count) && imap_parse_char(p, '>');
}

/* The name in the response: the fields as they were asked, of the partial the offset only. */
static const char *label_of(struct imap_command *c, const struct imap_section *section)
{
  text label = TEXT_ZERO;
  const char *kept;

  text_add(&label, "BODY[");
  for (size_t i = 0; i < section->part_depth; i++) {
    if (i) text_add_char(&label, '.');
    text_add_number(&label, section->part[i]);
  }
  if (section->text != IMAP_SECTION_ALL) {
    if (section->part_depth) text_add_char(&label, '.');
    text_add(&label, texts[section->text - IMAP_SECTION_HEADER].name);
  }
  for (size_t i = 0; i < section->field_count; i++) {
    text_add(&label, i ? " " : " (");
    imap_quote_add_astring(&label, section->fields[i]);
  }
  text_add(&label, section->field_count ? ")]" : "]");
  if (section->is_partial) text_add_format(&label, "<%u>", (unsigned int)section->offset);
  kept = pool_string(&c->pool, label.s, label.len);
  text_free(&label);
  return kept;
}

int imap_section_compare(const void *a, const void *b)
{
  const char *left = *(const char *const *)a, *right = *(const char *const *)b;

  while (*left && ascii_lower(*left) == ascii_lower(*right)) left++, right++;
  return (int)ascii_lower(*left) - (int)ascii_lower(*right);
}

/* From the bracket on. */
static bool take_section(struct imap_parse *p, struct items *items, bool sets_seen)
{
  struct imap_fetch_item item = { .kind = IMAP_FETCH_SECTION, .sets_seen = sets_seen };
  bool more;

  if (!imap_parse_char(p, '[') || !take_part(p, &item.section, &more)) return false;
  if (more && !take_text(p, &item.section)) return false;
  if (!imap_parse_char(p, ']') || !take_partial(p, &item.section)) return false;
  item.label = label_of(p->command, &item.section);
  if (item.section.field_count)
    qsort((void *)item.section.fields, item.section.field_count, sizeof(const char *), imap_section_compare);
  add_item(items, &item);
  return true;
}

/* The bracket is of an atom's characters but begins a section. */
static bool take_item(struct imap_parse *p, struct items *items)
{
  struct bytes atom = imap_parse_peek(p);
  const char *bracket = atom.len ? memchr(atom.s, '[', atom.len) : 0;

  if (bracket) {
    size_t length = (size_t)(bracket - atom.s);
    bool peeks = length == 9 && bytes_are_nocase(atom.s, "BODY.PEEK", 9);
    if (!peeks && !(length == 4 && bytes_are_nocase(atom.s, "BODY", 4))) return imap_parse_fail(p, "BODY[ or BODY.PEEK[");
    p->at = bracket;
    return take_section(p, items, !peeks);
  }
  for (unsigned int i = 0; i < NAMES; i++)
    if (imap_parse_word(p, names[i].name)) {
      add_named(items, i);
      return true;
    }
  return imap_parse_fail(p, "something to fetch");
}

static bool take_items(struct imap_parse *p, struct items *items)
{
  for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
    if (imap_parse_word(p, macros[i].name)) {
      for (unsigned int n = 0; n < macros[i].count; n++) add_named(items, names_of[n]);
      return true;
    }
  if (!imap_parse_is(p, '(')) return take_item(p, items);
  do {
    p->at++;
    if (!take_item(p, items)) return false;
  } while (imap_parse_is(p, ' '));
  return imap_parse_char(p, ')');
}

bool imap_parse_fetch(struct imap_parse *p)
{
  struct items items = { .bytes = TEXT_ZERO };
  bool good;

  if (p->command->by_uid) add_named(&items, 0); /* RFC 3501 6.4.8: it is in the response in any case */
  good = take_items(p, &items);
  if (good) {
    p->command->item_count = items.bytes.len / sizeof(struct imap_fetch_item);
    p->command->items = memcpy(pool_take(&p->command->pool, items.bytes.len), items.bytes.s, items.bytes.len);
  }
  text_free(&items.bytes);
  return good;
}
