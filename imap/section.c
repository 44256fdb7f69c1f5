#include <stdlib.h>

#include "imap/section.h"
#include "lib/header.h"

static uint32_t child_of(const struct mime *m, uint32_t index, uint32_t number)
{
  uint32_t child = m->parts[index].first;

  while (child != MIME_NONE && --number) child = m->parts[child].next;
  return child;
}

/* Part number of a message: of its multipart, or the one body that it has. */
static uint32_t part_of_message(const struct mime *m, uint32_t index, uint32_t number)
{
  if (m->parts[index].kind == MIME_MULTIPART) return child_of(m, index, number);
  return number == 1 ? index : MIME_NONE;
}

/* "4.2.2": numbers count the parts of a multipart, or those of the message in a message/rfc822. */
static uint32_t find_part(const struct mime *m, const struct imap_section *section)
{
  uint32_t index = part_of_message(m, 0, section->part[0]);

  for (size_t i = 1; i < section->part_depth && index != MIME_NONE; i++) {
    const struct mime_part *part = &m->parts[index];
    if (part->kind == MIME_MULTIPART) index = child_of(m, index, section->part[i]);
    else if (part->kind == MIME_MESSAGE) index = part_of_message(m, part->first, section->part[i]);
    else index = MIME_NONE;
  }
  return index;
}

static bool is_listed(const struct imap_section *section, struct bytes name, text *key)
{
  const char *string;

  if (!name.s) return false;
  text_copy_bytes(key, name.s, name.len);
  string = text_string(key);
  return bsearch(&string, section->fields, section->field_count, sizeof string, imap_section_compare);
}

/* The chosen fields and the empty line (RFC 3501 6.4.5), each line with its end. */
static void choose_fields(const struct imap_section *section, struct bytes header, text *chosen)
{
  bool listed = section->text == IMAP_SECTION_FIELDS;
  struct header_field field;
  text key = TEXT_ZERO;

  text_clear(chosen);
  for (size_t at = 0; header_next(header.s, header.len, &at, &field);) {
    if (is_listed(section, field.name, &key) != listed) continue;
    text_add_bytes(chosen, field.whole.s, field.whole.len);
    if (chosen->s[chosen->len - 1] != '\n') text_add(chosen, "\r\n");
  }
  text_add(chosen, "\r\n");
  text_free(&key);
}

static struct octets octets_of_section(const struct mime *m, const struct imap_section *section, uint32_t index,
                                       text *chosen)
{
  const struct mime_part *part = &m->parts[index];

  switch (section->text) {
  case IMAP_SECTION_FIELDS:
  case IMAP_SECTION_FIELDS_NOT:
    choose_fields(section, part->header, chosen);
    return octets_of(chosen->s, chosen->len);
  case IMAP_SECTION_HEADER:
  case IMAP_SECTION_MIME: return mime_octets(m, part->header);
  case IMAP_SECTION_ALL:
    if (!section->part_depth) return mime_octets(m, (struct bytes){ m->bytes, m->length });
    break;
  case IMAP_SECTION_TEXT: break;
  }
  return mime_octets(m, part->body);
}

bool imap_section_find(const struct mime *m, const struct imap_section *section, text *chosen, struct octets *octets)
{
  uint32_t index = section->part_depth ? find_part(m, section) : 0;

  if (index == MIME_NONE) return false;
  if (section->part_depth && section->text != IMAP_SECTION_ALL && section->text != IMAP_SECTION_MIME) {
    if (m->parts[index].kind != MIME_MESSAGE) return false; /* only a message has a header and a text */
    index = m->parts[index].first;
  }
  *octets = octets_of_section(m, section, index, chosen);
  if (section->is_partial) octets_narrow(octets, section->offset, section->count);
  return true;
}

bool imap_section_is_header(const struct imap_section *section)
{
  return !section->part_depth && (section->text == IMAP_SECTION_HEADER || section->text == IMAP_SECTION_FIELDS ||
                                  section->text == IMAP_SECTION_FIELDS_NOT);
}
