#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/envelope.h"
#include "lib/hex.h"
#include "lib/id.h"

static const char magic[] = "postroom1 ";

static bool is_escaped(char c) { return (unsigned char)c <= 0x20 || c == 0x7f || c == '%'; }

static void add_field(text *bytes, const char *value)
{
  for (; *value; value++)
    if (is_escaped(*value)) {
      text_add_char(bytes, '%');
      hex_add_upper(bytes, *value);
    } else
      text_add_char(bytes, *value);
}

static void add_facts(text *bytes, const text *facts)
{
  size_t at = 0, key_length;

  for (const char *string; (string = record_walk(facts, &at, &key_length));) {
    text_add_char(bytes, ' ');
    add_field(bytes, string);
  }
}

void envelope_add_recipient(struct envelope *e, const char *address, const text *facts)
{
  struct envelope_recipient *grown;

  if (!(e->count & (e->count - 1))) { /* 0, 1, 2, 4, 8...: room for twice as many */
    grown = realloc(e->recipients, (e->count ? e->count * 2 : 1) * sizeof *grown);
    if (!grown) die_nomem();
    e->recipients = grown;
  }
  struct envelope_recipient *r = &e->recipients[e->count++];
  *r = (struct envelope_recipient){ .state = ENVELOPE_TODO, .facts = TEXT_ZERO };
  r->address = string_duplicate(address);
  if (facts) text_add_text(&r->facts, facts);
}

void envelope_format(const struct envelope *e, text *bytes)
{
  size_t start = bytes->len;
  text length = TEXT_ZERO;

  text_add(bytes, magic);
  text_add_padded(bytes, 0, ENVELOPE_LENGTH_WIDTH);
  text_add_char(bytes, ' ');
  text_add_padded(bytes, e->attempts, ENVELOPE_ATTEMPTS_WIDTH);
  text_add_char(bytes, e->warning ? e->warning : ENVELOPE_UNWARNED);
  text_add_padded(bytes, e->next_seconds, ENVELOPE_NEXT_WIDTH);
  text_add(bytes, "\nI ");
  text_add_text(bytes, &e->id);
  text_add(bytes, "\nB ");
  text_add_number(bytes, e->birth_seconds);
  text_add(bytes, "\nS ");
  for (size_t i = 0; i < e->sender.len; i++) add_field(bytes, (char[]){ e->sender.s[i], 0 });
  text_add(bytes, "\nC");
  add_facts(bytes, &e->facts);
  for (size_t i = 0; i < e->count; i++) {
    text_add_char(bytes, '\n');
    text_add_char(bytes, e->recipients[i].state);
    text_add_char(bytes, ' ');
    add_field(bytes, e->recipients[i].address);
    add_facts(bytes, &e->recipients[i].facts);
  }
  text_add(bytes, "\n\n");
  text_add_padded(&length, bytes->len - start, ENVELOPE_LENGTH_WIDTH);
  memcpy(bytes->s + start + ENVELOPE_LENGTH_AT, length.s, ENVELOPE_LENGTH_WIDTH);
  text_free(&length);
}

size_t envelope_length(const char *bytes, size_t length)
{
  uint64_t size;

  if (length < ENVELOPE_FIRST_LINE || memcmp(bytes, magic, sizeof magic - 1) || bytes[ENVELOPE_FIRST_LINE - 1] != '\n' ||
      !number_scan_bytes(bytes + ENVELOPE_LENGTH_AT, ENVELOPE_LENGTH_WIDTH, ENVELOPE_MAX_BYTES, &size) ||
      size <= ENVELOPE_FIRST_LINE)
    return 0;
  return (size_t)size;
}

struct reader {
  const char *bytes;
  size_t at;
  size_t end;
};

/* One field up to a space or a newline, decoded. A byte that should have been escaped is an error, so that there is
   one way to write an envelope. */
static bool read_field(struct reader *r, text *value)
{
  text_clear(value);
  while (r->at < r->end && r->bytes[r->at] != ' ' && r->bytes[r->at] != '\n') {
    char c = r->bytes[r->at++];
    if (c == '%') {
      if (r->end - r->at < 2) return false;
      int high = hex_upper_digit(r->bytes[r->at]), low = hex_upper_digit(r->bytes[r->at + 1]);
      r->at += 2;
      if (high < 0 || low < 0) return false;
      c = (char)(high << 4 | low);
      if (!c || !is_escaped(c)) return false;
    } else if (is_escaped(c))
      return false;
    text_add_char(value, c);
  }
  text_string(value);
  return r->at < r->end;
}

static bool read_expected(struct reader *r, const char *expected)
{
  size_t length = strlen(expected);

  if (r->end - r->at < length || memcmp(r->bytes + r->at, expected, length)) return false;
  r->at += length;
  return true;
}

/* Fields "key=value" up to and with the newline. */
static bool read_facts(struct reader *r, text *facts, text *scratch)
{
  while (r->at < r->end && r->bytes[r->at] == ' ') {
    r->at++;
    if (!read_field(r, scratch)) return false;
    text_add_bytes(facts, scratch->s, scratch->len + 1);
  }
  return record_check(facts) && read_expected(r, "\n");
}

static bool read_number(struct reader *r, size_t width, uint64_t max, uint64_t *number)
{
  if (r->end - r->at < width || !number_scan_bytes(r->bytes + r->at, width, max, number)) return false;
  r->at += width;
  return true;
}

static bool read_warning(struct reader *r, struct envelope *e)
{
  if (r->at >= r->end || !r->bytes[r->at] || !strchr(" wW", r->bytes[r->at])) return false;
  e->warning = r->bytes[r->at++];
  return true;
}

static bool read_head(struct reader *r, struct envelope *e, text *scratch)
{
  uint64_t attempts;

  r->at = ENVELOPE_ATTEMPTS_AT;
  if (r->bytes[r->at - 1] != ' ' || !read_number(r, ENVELOPE_ATTEMPTS_WIDTH, 9999, &attempts) || !read_warning(r, e) ||
      !read_number(r, ENVELOPE_NEXT_WIDTH, INT64_MAX, &e->next_seconds) || !read_expected(r, "\nI ") ||
      !read_field(r, &e->id) || !id_check(e->id.s) || !read_expected(r, "\nB ") || !read_field(r, scratch) ||
      (scratch->len > 1 && scratch->s[0] == '0') || !number_scan(scratch->s, INT64_MAX, &e->birth_seconds) ||
      !read_expected(r, "\nS ") || !read_field(r, &e->sender) ||
      !read_expected(r, "\nC"))
    return false;
  e->attempts = (unsigned int)attempts;
  return read_facts(r, &e->facts, scratch);
}

static bool read_recipient(struct reader *r, struct envelope *e, text *scratch)
{
  size_t at = r->at;
  char state = r->bytes[r->at++];

  if (!strchr(ENVELOPE_OPEN "dDfF", state) || !read_expected(r, " ") || !read_field(r, scratch) || !scratch->len) return false;
  envelope_add_recipient(e, scratch->s, 0);
  struct envelope_recipient *recipient = &e->recipients[e->count - 1];
  recipient->at = at;
  recipient->state = state;
  return read_facts(r, &recipient->facts, scratch);
}

bool envelope_parse(struct envelope *e, const char *bytes, size_t length)
{
  struct reader r = { .bytes = bytes, .at = 0, .end = length };
  text scratch = TEXT_ZERO;
  bool good;

  envelope_free(e);
  if (!length || envelope_length(bytes, length) != length) return false;
  good = read_head(&r, e, &scratch);
  while (good && r.at < r.end && bytes[r.at] != '\n' && bytes[r.at]) good = read_recipient(&r, e, &scratch);
  e->length = length;
  good = good && e->count && read_expected(&r, "\n") && r.at == r.end;
  text_free(&scratch);
  return good;
}

void envelope_free(struct envelope *e)
{
  for (size_t i = 0; i < e->count; i++) {
    free((char *)e->recipients[i].address);
    text_free(&e->recipients[i].facts);
  }
  free(e->recipients);
  text_free(&e->id);
  text_free(&e->sender);
  text_free(&e->facts);
  *e = (struct envelope)ENVELOPE_ZERO;
}

bool envelope_has(const struct envelope *e, const char *states)
{
  for (size_t i = 0; i < e->count; i++)
    if (strchr(states, e->recipients[i].state)) return true;
  return false;
}

bool envelope_is_barrable(const struct envelope_recipient *r) { return r->state == ENVELOPE_TODO && !record_is(&r->facts, "copy", "yes"); }

bool envelope_has_barrable(const struct envelope *e)
{
  for (size_t i = 0; i < e->count; i++)
    if (envelope_is_barrable(&e->recipients[i])) return true;
  return false;
}

bool envelope_wants(const struct envelope_recipient *r, const char *event)
{
  const char *notify = record_find(&r->facts, "notify");
  size_t length = strlen(event);

  if (!notify) return !strcmp(event, "failure");
  while (*notify) {
    size_t word = strcspn(notify, ",");
    if (word == length && !memcmp(notify, event, length)) return true;
    notify += word + (notify[word] == ',');
  }
  return false;
}
