/* mime, bodystructure, section, octets, search: any bytes as a message. Ranges lie where they must, sizes are those of
   the octets, and a mail with CRLF says the same as the one with LF. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "imap/bodystructure.h"
#include "imap/search_text.h"
#include "imap/section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void check_part(const struct mime *m, uint32_t i)
{
  const struct mime_part *part = &m->parts[i];

  assert(part->header.s >= m->bytes && part->body.s == part->header.s + part->header.len);
  assert(part->body.s + part->body.len <= m->bytes + m->length);
  assert(part->depth <= MIME_DEPTH_MAX);
  assert(octets_of(part->header.s, part->header.len).size == part->header_size);
  assert(octets_of(part->body.s, part->body.len).size == part->body_size);
  if (part->parent == MIME_NONE) return;
  const struct mime_part *parent = &m->parts[part->parent];
  assert(part->parent < i && part->header.s >= parent->body.s);
  assert(part->body.s + part->body.len <= parent->body.s + parent->body.len);
}

static void read_sections(const struct mime *m)
{
  static const enum imap_section_text texts[] = { IMAP_SECTION_ALL, IMAP_SECTION_HEADER, IMAP_SECTION_FIELDS_NOT,
                                                  IMAP_SECTION_TEXT, IMAP_SECTION_MIME };
  static const char *const fields[] = { "Subject" };
  text chosen = TEXT_ZERO, out = TEXT_ZERO;
  struct octets octets;

  for (uint32_t n = 0; n < 60; n++) {
    const uint32_t numbers[] = { n % 4 + 1, n / 16 + 1 };
    struct imap_section s = { .part = numbers, .part_depth = n % 3, .text = texts[n % 5], .fields = fields,
                              .field_count = 1, .is_partial = n % 2, .offset = n / 2, .count = 40 };
    text_clear(&out);
    if (!imap_section_find(m, &s, &chosen, &octets)) continue;
    octets_add(octets, &out);
    assert(out.len == octets.size && (!s.is_partial || out.len <= 40));
    assert(!out.len || !memchr(out.s, 0, out.len));
  }
  text_free(&chosen);
  text_free(&out);
}

static void add_crlf(text *crlf, const char *bytes, size_t length)
{
  struct octets o = octets_of(bytes, length);
  struct bytes piece;

  while (octets_next(&o, &piece)) text_add_bytes(crlf, piece.s, piece.len);
}

/* A mail that is all octets has the same structure as its file, if that has no NUL. */
static void compare(const struct mime *m, const text *structure)
{
  struct mime other = MIME_ZERO;
  text crlf = TEXT_ZERO, again = TEXT_ZERO;

  add_crlf(&crlf, m->bytes, m->length);
  assert(crlf.len == m->size);
  mime_parse(&other, crlf.s, crlf.len);
  assert(other.is_plain && other.size == m->size && other.count == m->count);
  imap_bodystructure_add(&again, &other);
  assert(again.len == structure->len && !memcmp(again.s, structure->s, again.len));
  mime_free(&other);
  text_free(&crlf);
  text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  const char *bytes = length ? (const char *)data : "";
  struct search_text search = SEARCH_TEXT_ZERO;
  struct bytes needle = { "x", 1 };
  struct mime m = MIME_ZERO;
  text structure = TEXT_ZERO;

  mime_parse(&m, bytes, length);
  for (uint32_t i = 0; i < m.count; i++) check_part(&m, i);
  imap_bodystructure_add(&structure, &m);
  read_sections(&m);
  if (!memchr(bytes, 0, length)) compare(&m, &structure);
  imap_search_text_in_header(&search, m.parts[0].header, needle);
  imap_search_text_in_body(&search, &m, needle);
  imap_search_text_free(&search);
  mime_free(&m);
  text_free(&structure);
  return 0;
}
