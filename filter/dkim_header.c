#include "filter/dkim_header.h"

#include <string.h>
#include <strings.h>

#include "filter/dkim_canon.h"
#include "lib/header.h"

enum { LINE_MAX_BYTES = 76, NAME_MAX_BYTES = 64 };

/* One that ends with '-' stands for all that begin so. */
static const char *const signed_names[] = { "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-", "In-Reply-To",
                                            "References", "Reply-To", "Sender", "List-" };

static bool is_signed(const struct header_field *field)
{
  for (size_t i = 0; i < sizeof signed_names / sizeof *signed_names; i++) {
    size_t length = strlen(signed_names[i]);
    bool is_begin = signed_names[i][length - 1] == '-';
    if ((is_begin ? field->name.len > length && field->name.len <= NAME_MAX_BYTES : field->name.len == length) &&
        !strncasecmp(field->name.s, signed_names[i], length))
      return true;
  }
  return false;
}

static void add_name(text *names, struct bytes name)
{
  if (names->len) text_add_char(names, ':');
  text_add_bytes(names, name.s, name.len);
}

static void add_field(const struct header_field *field, text *names, text *canonical)
{
  add_name(names, field->name);
  dkim_canon_field(canonical, field->name, field->value);
  text_add(canonical, "\r\n");
}

void dkim_header_choose(const char *header, size_t length, text *names, text *canonical)
{
  static const struct bytes from = { "From", 4 };
  struct header_field field;
  text chosen = TEXT_ZERO; /* struct header_field */
  size_t at = 0, left = DKIM_FIELDS_MAX;

  while (header_next(header, length, &at, &field)) {
    if (!field.name.s) continue;
    if (header_is(&field, "from") || is_signed(&field)) text_add_bytes(&chosen, (const char *)&field, sizeof field);
  }
  for (int round = 0; round < 2; round++) { /* first From, then the others */
    for (size_t end = chosen.len; end && left; end -= sizeof field) {
      memcpy(&field, chosen.s + end - sizeof field, sizeof field);
      if (header_is(&field, "from") != !round) continue;
      add_field(&field, names, canonical);
      left--;
    }
    if (!round) add_name(names, from);
  }
  text_free(&chosen);
}

/* The names, a fold before each that the line has no room for. column: where the line is. */
static void add_names(text *out, const text *names, size_t column)
{
  for (size_t at = 0; at < names->len;) {
    const char *colon = memchr(names->s + at, ':', names->len - at);
    size_t length = (colon ? (size_t)(colon - names->s) + 1 : names->len) - at;
    if (column + length > LINE_MAX_BYTES) {
      text_add(out, "\r\n\t");
      column = 1;
    }
    text_add_bytes(out, names->s + at, length);
    column += length;
    at += length;
  }
}

void dkim_header_begin(text *out, const struct dkim_signature *s, text *hashed)
{
  size_t start = out->len;

  text_add_format(out, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s;\r\n\tt=%llu; h=", s->algorithm, s->domain, s->selector,
                  (unsigned long long)s->seconds);
  add_names(out, s->names, 20);
  text_add(out, ";\r\n\tbh=");
  text_add_text(out, s->body_hash);
  text_add(out, ";\r\n\tb=");
  const char *colon = memchr(out->s + start, ':', out->len - start);
  size_t name = (size_t)(colon - out->s) - start;
  dkim_canon_field(hashed, (struct bytes){ out->s + start, name }, (struct bytes){ colon + 1, out->len - start - name - 1 });
}

void dkim_header_end(text *out, const text *value)
{
  for (size_t at = 0, column = 3; at < value->len;) {
    size_t length = value->len - at < LINE_MAX_BYTES - column ? value->len - at : LINE_MAX_BYTES - column;
    text_add_bytes(out, value->s + at, length);
    at += length;
    column = 1;
    if (at < value->len) text_add(out, "\r\n\t");
  }
  text_add(out, "\r\n");
}
