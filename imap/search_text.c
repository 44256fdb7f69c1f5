#include <string.h>

#include "imap/search_text.h"
#include "lib/casefold.h"
#include "lib/charset.h"
#include "lib/header.h"
#include "lib/words2047.h"

enum { PIECE_BYTES = 32 * 1024 };

void imap_search_text_free(struct search_text *t)
{
  text_free(&t->decoded);
  text_free(&t->utf8);
  text_free(&t->folded);
  text_free(&t->charset_name);
  text_free(&t->last_charset_name);
  transfer_free(&t->transfer);
  charset_close(t->charset);
}

static bool is_in_folded(const struct search_text *t, struct bytes needle)
{
  return !needle.len || (t->folded.len && memmem(t->folded.s, t->folded.len, needle.s, needle.len));
}

/* Decodes and folds a header value; adds it to what is folded already. */
static void fold_value(struct search_text *t, struct bytes value)
{
  text_clear(&t->utf8);
  words2047_decode(value, &t->utf8);
  casefold_add(t->utf8.s, t->utf8.len, &t->folded);
}

bool imap_search_text_in_value(struct search_text *t, struct bytes value, struct bytes needle)
{
  text_clear(&t->folded);
  fold_value(t, value);
  return is_in_folded(t, needle);
}

bool imap_search_text_in_header(struct search_text *t, struct bytes header, struct bytes needle)
{
  struct header_field field;

  text_clear(&t->folded);
  for (size_t at = 0; header_next(header.s, header.len, &at, &field);) {
    if (field.name.s) {
      casefold_add(field.name.s, field.name.len, &t->folded);
      text_add(&t->folded, ": ");
    }
    fold_value(t, field.value);
    text_add(&t->folded, "\r\n");
  }
  return is_in_folded(t, needle);
}

/* Of what is folded only so much stays as could begin a needle that the next piece ends. */
static void keep_tail(struct search_text *t, struct bytes needle)
{
  size_t tail = t->folded.len < needle.len ? t->folded.len : needle.len - 1;

  if (tail) memmove(t->folded.s, t->folded.s + t->folded.len - tail, tail);
  t->folded.len = tail;
}

static void fold_text(struct search_text *t, const char *s, size_t length)
{
  text_clear(&t->utf8);
  charset_add(t->charset, s, length, &t->utf8);
  casefold_add(t->utf8.s, t->utf8.len, &t->folded);
}

static void fold_piece(struct search_text *t, const char *s, size_t length)
{
  if (t->transfer.kind == TRANSFER_NONE) {
    fold_text(t, s, length);
    return;
  }
  text_clear(&t->decoded);
  transfer_add(&t->transfer, s, length, &t->decoded);
  fold_text(t, t->decoded.s, t->decoded.len);
}

/* The part's character set; what is not known is read as UTF-8. The last one stays open. */
static void choose_charset(struct search_text *t, const struct mime_part *part)
{
  if (!mime_parameter_find(part->type_parameters, "charset", &t->charset_name)) text_copy(&t->charset_name, "UTF-8");
  if (t->charset && text_is(&t->charset_name, text_string(&t->last_charset_name))) return;
  charset_close(t->charset);
  t->charset = charset_open(t->charset_name.s, t->charset_name.len);
  if (!t->charset) t->charset = charset_open("UTF-8", 5);
  text_copy_bytes(&t->last_charset_name, t->charset_name.s, t->charset_name.len);
}

static bool is_in_part(struct search_text *t, const struct mime_part *part, struct bytes needle)
{
  bool found = false;

  choose_charset(t, part);
  if (!t->charset) return false;
  transfer_start(&t->transfer, transfer_kind_of(part->encoding));
  text_clear(&t->folded);
  for (size_t at = 0, piece; at < part->body.len && !found; at += piece) {
    piece = part->body.len - at < PIECE_BYTES ? part->body.len - at : PIECE_BYTES;
    keep_tail(t, needle);
    fold_piece(t, part->body.s + at, piece);
    found = is_in_folded(t, needle);
  }
  if (!found) {
    text_clear(&t->decoded);
    transfer_end(&t->transfer, &t->decoded);
    fold_text(t, t->decoded.s, t->decoded.len);
    found = is_in_folded(t, needle);
  }
  text_clear(&t->utf8);
  charset_end(t->charset, &t->utf8);
  return found;
}

bool imap_search_text_in_body(struct search_text *t, const struct mime *m, struct bytes needle)
{
  if (!needle.len) return true;
  for (uint32_t i = 0; i < m->count; i++) {
    const struct mime_part *part = &m->parts[i];
    if (i && imap_search_text_in_header(t, part->header, needle)) return true;
    if (part->kind == MIME_LEAF && (mime_type_is(part, "text", 0) || mime_type_is(part, "message", 0)) &&
        is_in_part(t, part, needle))
      return true;
  }
  return false;
}
