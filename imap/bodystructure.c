#include "imap/bodystructure.h"
#include "imap/envelope.h"
#include "imap/quote.h"
#include "lib/header.h"

struct writer {
  text *out;
  text value; /* one string at a time */
  const struct mime *m;
  bool is_extended;
};

static void add_string(struct writer *w, struct bytes string)
{
  text_add_char(w->out, ' ');
  imap_quote_add_bytes(w->out, string);
}

static void add_unfolded(struct writer *w, struct bytes value)
{
  text_clear(&w->value);
  if (value.s) header_unfold(&w->value, value);
  add_string(w, (struct bytes){ value.s ? text_string(&w->value) : 0, w->value.len });
}

/* body-fld-param: "(name value ...)" or NIL. RFC 2046 4.1.2: text/plain is in US-ASCII if it does not say. */
static void add_parameters(struct writer *w, struct bytes parameters, bool is_plain_text)
{
  struct bytes name;
  bool any = false, has_charset = false;

  text_add_char(w->out, ' ');
  for (size_t at = 0; mime_parameter_next(parameters, &at, &name, &w->value); any = true) {
    text_add_char(w->out, any ? ' ' : '(');
    imap_quote_add_bytes(w->out, name);
    add_string(w, (struct bytes){ text_string(&w->value), w->value.len });
    has_charset = has_charset || (name.len == 7 && bytes_are_nocase(name.s, "charset", 7));
  }
  if (is_plain_text && !has_charset) {
    text_add(w->out, any ? " \"charset\" \"us-ascii\"" : "(\"charset\" \"us-ascii\"");
    any = true;
  }
  text_add(w->out, any ? ")" : "NIL");
}

static void add_disposition(struct writer *w, struct bytes value)
{
  struct bytes rest, token = value.s ? mime_token(value, &rest) : (struct bytes)BYTES_ZERO;

  if (!token.len) {
    text_add(w->out, " NIL");
    return;
  }
  text_add(w->out, " (");
  imap_quote_add_bytes(w->out, token);
  add_parameters(w, rest, false);
  text_add_char(w->out, ')');
}

/* "en, de": a list of tokens */
static void add_language(struct writer *w, struct bytes value)
{
  bool any = false;

  text_add_char(w->out, ' ');
  while (value.len) {
    struct bytes rest, token = mime_token(value, &rest);
    if (token.len) {
      text_add_char(w->out, any ? ' ' : '(');
      imap_quote_add_bytes(w->out, token);
      any = true;
    }
    value = rest;
    if (value.len && !(token.len && value.s[0] != ',')) value.s++, value.len--; /* a comma, or what is no token */
  }
  text_add(w->out, any ? ")" : "NIL");
}

/* disposition, language and location, which end the extension data of both kinds */
static void add_extension(struct writer *w, const struct mime_part *part)
{
  add_disposition(w, part->disposition);
  add_language(w, part->language);
  add_unfolded(w, part->location);
}

static void add_body(struct writer *w, uint32_t index);

static void add_multipart(struct writer *w, const struct mime_part *part)
{
  if (part->first == MIME_NONE) {
    text_add(w->out, "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0");
    text_add(w->out, w->is_extended ? " NIL NIL NIL NIL)" : ")");
  }
  for (uint32_t i = part->first; i != MIME_NONE; i = w->m->parts[i].next) add_body(w, i);
  add_string(w, part->subtype);
  if (!w->is_extended) return;
  add_parameters(w, part->type_parameters, false);
  add_extension(w, part);
}

static void add_single(struct writer *w, const struct mime_part *part)
{
  imap_quote_add_bytes(w->out, part->type);
  add_string(w, part->subtype);
  add_parameters(w, part->type_parameters, mime_type_is(part, "text", "plain"));
  add_unfolded(w, part->id);
  add_unfolded(w, part->description);
  if (part->encoding.len) add_string(w, part->encoding);
  else text_add(w->out, " \"7bit\"");
  text_add_format(w->out, " %llu", (unsigned long long)part->body_size);
  if (part->kind == MIME_MESSAGE) {
    const struct mime_part *message = &w->m->parts[part->first];
    text_add_char(w->out, ' ');
    imap_envelope_add(w->out, message->header.s, message->header.len);
    text_add_char(w->out, ' ');
    add_body(w, part->first);
  }
  if (part->kind == MIME_MESSAGE || mime_type_is(part, "text", 0))
    text_add_format(w->out, " %llu", (unsigned long long)part->body_lines);
  if (!w->is_extended) return;
  add_unfolded(w, part->md5);
  add_extension(w, part);
}

/* One body, and those in it: MIME_DEPTH_MAX deep. */
static void add_body(struct writer *w, uint32_t index)
{
  const struct mime_part *part = &w->m->parts[index];

  text_add_char(w->out, '(');
  if (part->kind == MIME_MULTIPART) add_multipart(w, part);
  else add_single(w, part);
  text_add_char(w->out, ')');
}

static void write_body(text *out, const struct mime *m, bool is_extended)
{
  struct writer w = { .out = out, .value = TEXT_ZERO, .m = m, .is_extended = is_extended };

  add_body(&w, 0);
  text_free(&w.value);
}

void imap_body_add(text *out, const struct mime *m) { write_body(out, m, false); }

void imap_bodystructure_add(text *out, const struct mime *m) { write_body(out, m, true); }
