#include <string.h>

#include "lib/charset.h"
#include "lib/header.h"
#include "lib/transfer.h"
#include "lib/words2047.h"

struct word {
  struct bytes charset; /* without the language behind "*" (RFC 2231 5) */
  char encoding;        /* 'b' or 'q' */
  struct bytes content;
  size_t end;
};

/* "=?charset?B?...?=" at the place given. */
static bool read_word(struct bytes value, size_t at, struct word *w)
{
  const char *s = value.s + at + 2, *end = value.s + value.len, *mark = s, *star;

  while (mark < end && *mark > ' ' && *mark != '?') mark++;
  if (mark == s || end - mark < 5 || mark[0] != '?' || mark[2] != '?') return false;
  star = memchr(s, '*', (size_t)(mark - s));
  w->charset = (struct bytes){ s, (size_t)((star ? star : mark) - s) };
  w->encoding = ascii_lower(mark[1]);
  if (w->encoding != 'b' && w->encoding != 'q') return false;
  s = mark + 3;
  mark = memchr(s, '?', (size_t)(end - s));
  if (!mark || mark + 1 == end || mark[1] != '=') return false;
  w->content = (struct bytes){ s, (size_t)(mark - s) };
  w->end = (size_t)(mark + 2 - value.s);
  return true;
}

struct decoder {
  text *utf8;
  struct charset *charset; /* of the word before, which may have ended within a character */
  struct bytes charset_name;
  text bytes;
  struct transfer transfer;
};

/* A name that is not known is remembered too. */
static bool choose_charset(struct decoder *d, struct bytes name)
{
  if (d->charset_name.len == name.len && bytes_are_nocase(d->charset_name.s, name.s, name.len)) return d->charset;
  if (d->charset) charset_end(d->charset, d->utf8);
  charset_close(d->charset);
  d->charset_name = name;
  d->charset = charset_open(name.s, name.len);
  return d->charset;
}

/* The Q encoding: quoted-printable, and "_" is a space (RFC 2047 4.2). A space at its end is one. */
static void decode_q(struct decoder *d, struct bytes content)
{
  size_t begin;

  transfer_start(&d->transfer, TRANSFER_QUOTED);
  for (size_t at = 0; at < content.len; at++) {
    for (begin = at; at < content.len && content.s[at] != '_'; at++) continue;
    transfer_add(&d->transfer, content.s + begin, at - begin, &d->bytes);
    if (at == content.len) break;
    transfer_end(&d->transfer, &d->bytes);
    text_add_char(&d->bytes, ' ');
  }
}

static void decode_word(struct decoder *d, const struct word *w)
{
  text_clear(&d->bytes);
  if (w->encoding == 'q') decode_q(d, w->content);
  else {
    transfer_start(&d->transfer, TRANSFER_BASE64);
    transfer_add(&d->transfer, w->content.s, w->content.len, &d->bytes);
  }
  transfer_end(&d->transfer, &d->bytes);
  charset_add(d->charset, d->bytes.s, d->bytes.len, d->utf8);
}

/* What is no word: unfolded, and made valid UTF-8. */
static void add_raw(struct decoder *d, struct bytes raw)
{
  struct charset *utf8;

  if (d->charset) charset_end(d->charset, d->utf8);
  if (bytes_ascii_run(raw.s, raw.len) == raw.len) {
    header_unfold(d->utf8, raw);
    return;
  }
  utf8 = charset_open("UTF-8", 5);
  text_clear(&d->bytes);
  header_unfold(&d->bytes, raw);
  if (utf8) charset_add(utf8, d->bytes.s, d->bytes.len, d->utf8);
  if (utf8) charset_end(utf8, d->utf8);
  charset_close(utf8);
}

static bool is_white(struct bytes raw)
{
  for (size_t i = 0; i < raw.len; i++)
    if (!ascii_is_space(raw.s[i]) && raw.s[i] != '\r' && raw.s[i] != '\n') return false;
  return true;
}

void words2047_decode(struct bytes value, text *utf8)
{
  struct decoder d = { .utf8 = utf8, .bytes = TEXT_ZERO, .transfer = TRANSFER_ZERO };
  size_t raw = 0;
  bool after_word = false, known;
  struct word w;

  for (size_t at = 0; at + 1 < value.len;) {
    const char *mark = memchr(value.s + at, '=', value.len - at);
    struct bytes before;
    if (!mark) break;
    at = (size_t)(mark - value.s);
    before = (struct bytes){ value.s + raw, at - raw };
    if (at + 1 == value.len || mark[1] != '?' || !read_word(value, at, &w)) {
      at++;
      continue;
    }
    known = choose_charset(&d, w.charset);
    if (before.len && !(known && after_word && is_white(before))) add_raw(&d, before);
    if (known) decode_word(&d, &w);
    after_word = known;
    raw = known ? w.end : at;
    at = known ? w.end : at + 2;
  }
  if (raw < value.len) add_raw(&d, (struct bytes){ value.s + raw, value.len - raw });
  if (d.charset) charset_end(d.charset, utf8);
  charset_close(d.charset);
  text_free(&d.bytes);
  transfer_free(&d.transfer);
}
