#include <string.h>

#include "lib/hex.h"
#include "lib/said.h"

static const char *const words[] = { [SAID_LATER] = "later", [SAID_DONE] = "done", [SAID_NEVER] = "never" };

const char *said_verdict_word(enum said_verdict verdict) { return words[verdict]; }

bool said_verdict_parse(const char *word, size_t length, enum said_verdict *verdict)
{
  for (unsigned int i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) == length && !memcmp(words[i], word, length)) {
      *verdict = (enum said_verdict)i;
      return true;
    }
  return false;
}

static void add_field(text *line, const text *value)
{
  text_add_char(line, ' ');
  if (!value->len) text_add_char(line, '-');
  for (size_t i = 0; i < value->len; i++) {
    unsigned char c = (unsigned char)value->s[i];
    if (c <= 0x20 || c == 0x7f || c == '%' || (c == '-' && value->len == 1)) {
      text_add_char(line, '%');
      hex_add_upper(line, (char)c);
    } else
      text_add_char(line, (char)c);
  }
}

void said_format(const struct said *s, text *line)
{
  text_add_number(line, s->seconds);
  text_add_format(line, " %u %s", s->attempt, words[s->verdict]);
  add_field(line, &s->status);
  text_add_format(line, " %03u", s->code);
  add_field(line, &s->recipient);
  add_field(line, &s->remote);
  add_field(line, &s->text);
  if (s->policy.len) add_field(line, &s->policy);
  text_add_char(line, '\n');
}

struct reader {
  const char *at;
  const char *end;
};

/* The next field's bytes, still escaped. */
static bool next_field(struct reader *r, const char **field, size_t *length)
{
  if (r->at >= r->end) return false;
  const char *space = memchr(r->at, ' ', (size_t)(r->end - r->at));
  *field = r->at;
  *length = (size_t)((space ? space : r->end) - r->at);
  r->at = space ? space + 1 : r->end;
  return *length > 0;
}

static bool read_number(struct reader *r, uint64_t max, uint64_t *number)
{
  const char *field;
  size_t length;
  return next_field(r, &field, &length) && number_scan_bytes(field, length, max, number);
}

static bool read_text(struct reader *r, text *value)
{
  const char *field;
  size_t length;

  text_clear(value);
  text_string(value);
  if (!next_field(r, &field, &length)) return false;
  if (length == 1 && *field == '-') return true;
  for (size_t i = 0; i < length;) {
    const char *escape = memchr(field + i, '%', length - i);
    size_t plain = (escape ? (size_t)(escape - field) : length) - i;
    text_add_bytes(value, field + i, plain);
    i += plain;
    if (!escape) break;
    if (length - i < 3) return false;
    int high = hex_upper_digit(field[i + 1]), low = hex_upper_digit(field[i + 2]);
    if (high < 0 || low < 0) return false;
    text_add_char(value, (char)(high << 4 | low));
    i += 3;
  }
  text_string(value);
  return !memchr(value->s, 0, value->len);
}

bool said_parse(struct said *s, const char *line, size_t length)
{
  struct reader r = { line, line + length };
  const char *word;
  size_t word_length;
  uint64_t attempt, code;

  if (!read_number(&r, INT64_MAX, &s->seconds) || !read_number(&r, UINT32_MAX, &attempt) ||
      !next_field(&r, &word, &word_length) || !said_verdict_parse(word, word_length, &s->verdict) ||
      !read_text(&r, &s->status) || !read_number(&r, 999, &code) || !read_text(&r, &s->recipient) ||
      !read_text(&r, &s->remote) || !read_text(&r, &s->text))
    return false;
  text_clear(&s->policy);
  text_string(&s->policy);
  if (r.at < r.end && !read_text(&r, &s->policy)) return false;
  s->attempt = (unsigned int)attempt;
  s->code = (unsigned int)code;
  return r.at == r.end;
}

/* One of whom nothing was found yet. The lines of an attempt stand in the order of the recipients, and are read from the last to the
   first, so the search begins in front of the one found before. */
static size_t find_recipient(const struct said *said, const struct envelope *e, const char *recipient, size_t start)
{
  for (size_t i = 1; i <= e->count; i++) {
    size_t at = (start + e->count - i) % e->count;
    if (!said[at].attempt && !strcmp(e->recipients[at].address, recipient)) return at;
  }
  return e->count;
}

static size_t start_of_line(const char *bytes, size_t end)
{
  const char *newline = memrchr(bytes, '\n', end);
  return newline ? (size_t)(newline - bytes) + 1 : 0;
}

void said_read_last(struct said *said, const struct envelope *e, const char *bytes, size_t length)
{
  struct said one = SAID_ZERO;
  size_t last = e->count, missing = e->count;

  while (length && missing) {
    size_t end = bytes[length - 1] == '\n' ? length - 1 : length, start = start_of_line(bytes, end);
    if (said_parse(&one, bytes + start, end - start) && one.attempt) {
      size_t found = find_recipient(said, e, one.recipient.s, last);
      if (found < e->count) {
        said[found] = one;
        one = (struct said)SAID_ZERO;
        last = found;
        missing--;
      }
    }
    length = start;
  }
  said_free(&one);
}

bool said_names_remote(const struct said *s)
{
  return s->remote.len && strncmp(s->text.s, s->remote.s, s->remote.len);
}

void said_free(struct said *s)
{
  text_free(&s->status);
  text_free(&s->recipient);
  text_free(&s->remote);
  text_free(&s->text);
  text_free(&s->policy);
}
