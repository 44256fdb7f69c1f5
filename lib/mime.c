#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/header.h"
#include "lib/mime.h"

/* A place between two bytes, and how many line ends (and bare LFs among them) are before it. */
struct place {
  const char *at;
  uint64_t lines, bare;
};

/* A part that is not ended yet. Of a multipart its boundary lies in boundaries. */
struct open_part {
  uint32_t part;
  size_t boundary_at, boundary_length;
  bool has_boundary; /* false also when its last boundary has passed */
  struct place body;
};

struct parser {
  struct mime *m;
  const char *end;
  struct place line;   /* where the current line begins */
  struct place before; /* where what is open would end if this line is a boundary: in front of the line end before it,
                          but that of a boundary, or of the empty line behind a header, is not taken twice */
  struct open_part open[MIME_DEPTH_MAX + 1];
  unsigned int open_count;
  text boundaries;
};

/* Moves on to the next line; gives the current one without its end. */
static struct bytes take_line(struct parser *p)
{
  const char *s = p->line.at, *newline = memchr(s, '\n', (size_t)(p->end - s));
  bool has_cr = newline && newline > s && newline[-1] == '\r';
  struct bytes line = { s, (size_t)((newline ? newline : p->end) - s) - has_cr };

  p->before = p->line;
  p->before.at = s + line.len;
  p->line.at = newline ? newline + 1 : p->end;
  p->line.lines += newline != 0;
  p->line.bare += newline && !has_cr;
  return line;
}

static bool is_at_end(const struct parser *p) { return p->line.at == p->end; }

enum delimiter { DELIMITER_NONE, DELIMITER_PART, DELIMITER_LAST };

/* Is the line a boundary of an open multipart (RFC 2046 5.1.1)? White space may follow it. level: whose. */
static enum delimiter find_delimiter(const struct parser *p, struct bytes line, unsigned int *level)
{
  if (line.len < 2 || line.s[0] != '-' || line.s[1] != '-') return DELIMITER_NONE;
  line.s += 2, line.len -= 2;
  while (line.len && ascii_is_space(line.s[line.len - 1])) line.len--;
  for (unsigned int i = p->open_count; i-- > 0;) {
    const struct open_part *open = &p->open[i];
    size_t length = open->boundary_length;
    if (!open->has_boundary || (line.len != length && line.len != length + 2)) continue;
    if (memcmp(line.s, p->boundaries.s + open->boundary_at, length)) continue;
    *level = i;
    if (line.len == length) return DELIMITER_PART;
    if (!memcmp(line.s + length, "--", 2)) return DELIMITER_LAST;
  }
  return DELIMITER_NONE;
}

static void end_body(struct parser *p, const struct open_part *open, const struct place *end)
{
  struct mime_part *part = &p->m->parts[open->part];

  part->body = (struct bytes){ open->body.at, (size_t)(end->at - open->body.at) };
  part->body_size = part->body.len + (end->bare - open->body.bare);
  part->body_lines = end->lines - open->body.lines;
}

/* Ends all open parts above level. */
static void end_parts(struct parser *p, unsigned int level, const struct place *end)
{
  while (p->open_count > level) {
    const struct open_part *open = &p->open[--p->open_count];
    end_body(p, open, end);
    p->boundaries.len = open->boundary_at;
  }
}

static uint32_t add_part(struct mime *m)
{
  if (m->count == m->room) {
    uint32_t room = m->room ? m->room * 2 : 8;
    struct mime_part *parts = reallocarray(m->parts, room, sizeof *parts);
    if (!parts) die_nomem();
    m->parts = parts;
    m->room = room;
  }
  m->parts[m->count] = (struct mime_part){ .parent = MIME_NONE, .first = MIME_NONE, .next = MIME_NONE };
  return m->count++;
}

/* The header at the current line: up to an empty line, a boundary of what is open, or the end. A boundary is not taken.
   True if a boundary ended it. */
static bool take_header(struct parser *p, struct mime_part *part)
{
  struct place start = p->line, end;
  bool is_cut = false, is_empty = false;

  p->before = start;
  while (!is_at_end(p) && !is_cut && !is_empty) {
    struct place line = p->line, before = p->before;
    struct bytes bytes = take_line(p);
    unsigned int level;
    is_empty = !bytes.len;
    is_cut = find_delimiter(p, bytes, &level) != DELIMITER_NONE;
    if (is_cut) p->line = line, p->before = before;
  }
  if (is_empty) p->before = p->line;
  end = is_cut ? p->before : p->line;
  part->header = (struct bytes){ start.at, (size_t)(end.at - start.at) };
  part->header_size = part->header.len + (end.bare - start.bare);
  return is_cut;
}

static void set_type(struct mime_part *part, const char *type, const char *subtype)
{
  part->type = (struct bytes){ type, strlen(type) };
  part->subtype = (struct bytes){ subtype, strlen(subtype) };
  part->type_parameters = (struct bytes)BYTES_ZERO;
}

/* type "/" subtype; without both the field does not count (RFC 2045 5.2). */
static void read_type(struct mime_part *part, struct bytes value)
{
  struct bytes type, subtype, rest;

  type = mime_token(value, &rest);
  if (!type.len || !rest.len || rest.s[0] != '/') return;
  subtype = mime_token((struct bytes){ rest.s + 1, rest.len - 1 }, &rest);
  if (!subtype.len) return;
  part->type = type;
  part->subtype = subtype;
  part->type_parameters = rest;
}

static void read_field(struct mime_part *part, const struct header_field *field)
{
  const struct { const char *name; struct bytes *value; } fields[] = {
    { "Content-ID", &part->id },
    { "Content-Description", &part->description },
    { "Content-MD5", &part->md5 },
    { "Content-Disposition", &part->disposition },
    { "Content-Language", &part->language },
    { "Content-Location", &part->location },
  };
  struct bytes rest;

  if (!field->name.s || field->name.len < 9 || !bytes_are_nocase(field->name.s, "Content-", 8)) return;
  if (header_is(field, "Content-Type") && !part->type_parameters.s) read_type(part, field->value);
  if (header_is(field, "Content-Transfer-Encoding") && !part->encoding.s) part->encoding = mime_token(field->value, &rest);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (!fields[i].value->s && header_is(field, fields[i].name)) *fields[i].value = field->value;
}

/* Reads the Content-* fields and decides what the part is. */
static void read_header(struct mime *m, struct mime_part *part)
{
  struct header_field field;
  bool in_digest = part->parent != MIME_NONE && mime_type_is(&m->parts[part->parent], "multipart", "digest");

  if (in_digest) set_type(part, "message", "rfc822");
  else set_type(part, "text", "plain");
  for (size_t at = 0; header_next(part->header.s, part->header.len, &at, &field);) read_field(part, &field);
  if (mime_type_is(part, "multipart", 0)) part->kind = MIME_MULTIPART;
  if (mime_type_is(part, "message", "rfc822")) part->kind = MIME_MESSAGE;
  if (part->kind == MIME_LEAF) return;
  part->is_cut = part->depth == MIME_DEPTH_MAX || m->count == MIME_PARTS_MAX;
  if (!part->is_cut) return;
  part->kind = MIME_LEAF;
  set_type(part, "application", "octet-stream");
}

/* What is open from now on. A multipart without a boundary is text (RFC 2045 5.2). */
static void open_part(struct parser *p, uint32_t index)
{
  struct mime_part *part = &p->m->parts[index];
  struct open_part *open = &p->open[p->open_count++];
  text boundary = TEXT_ZERO;

  *open = (struct open_part){ .part = index, .boundary_at = p->boundaries.len, .body = p->line };
  if (part->kind == MIME_MULTIPART) {
    open->has_boundary = mime_parameter_find(part->type_parameters, "boundary", &boundary) && boundary.len;
    open->boundary_length = boundary.len;
    text_add_text(&p->boundaries, &boundary);
  }
  if (part->kind == MIME_MULTIPART && !open->has_boundary) {
    part->kind = MIME_LEAF;
    set_type(part, "text", "plain");
  }
  text_free(&boundary);
}

static void link_part(struct mime *m, uint32_t index, uint32_t parent, uint32_t *last)
{
  m->parts[index].parent = parent;
  if (parent == MIME_NONE) return;
  m->parts[index].depth = m->parts[parent].depth + 1;
  if (m->parts[parent].first == MIME_NONE) m->parts[parent].first = index;
  else m->parts[*last].next = index;
  *last = index;
}

/* A part begins at the current line; of a message, the message in it begins too, and so on. */
static void begin_part(struct parser *p, uint32_t parent, uint32_t *last)
{
  bool is_cut;

  do {
    uint32_t index = add_part(p->m), none = MIME_NONE;
    link_part(p->m, index, parent, parent == MIME_NONE ? &none : &last[p->m->parts[parent].depth]);
    is_cut = take_header(p, &p->m->parts[index]);
    read_header(p->m, &p->m->parts[index]);
    if (is_cut) { /* the body is where the header ended, and empty */
      struct mime_part *part = &p->m->parts[index];
      part->body = (struct bytes){ part->header.s + part->header.len, 0 };
      if (part->kind != MIME_LEAF) part->kind = MIME_LEAF, set_type(part, "text", "plain");
      return;
    }
    open_part(p, index);
    parent = index;
  } while (p->m->parts[parent].kind == MIME_MESSAGE);
}

static void take_body_line(struct parser *p, uint32_t *last)
{
  struct place before = p->before;
  struct bytes line = take_line(p);
  unsigned int level;
  enum delimiter delimiter = find_delimiter(p, line, &level);

  if (delimiter == DELIMITER_NONE || (delimiter == DELIMITER_PART && p->m->count == MIME_PARTS_MAX)) return;
  end_parts(p, level + 1, &before);
  if (delimiter == DELIMITER_LAST) p->open[level].has_boundary = false;
  else begin_part(p, p->open[level].part, last);
}

void mime_parse(struct mime *m, const char *bytes, size_t length)
{
  struct place start = { .at = length ? bytes : "" };
  struct parser p = { .m = m, .end = start.at + length, .line = start, .before = start, .boundaries = TEXT_ZERO };
  uint32_t last[MIME_DEPTH_MAX + 1];

  m->bytes = start.at;
  m->length = length;
  m->count = 0;
  begin_part(&p, MIME_NONE, last);
  while (!is_at_end(&p)) take_body_line(&p, last);
  end_parts(&p, 0, &p.line);
  m->size = length + p.line.bare;
  m->is_plain = !p.line.bare && (!length || !memchr(bytes, 0, length));
  text_free(&p.boundaries);
}

void mime_free(struct mime *m)
{
  free(m->parts);
  *m = (struct mime)MIME_ZERO;
}

struct octets mime_octets(const struct mime *m, struct bytes range)
{
  return octets_of_plain(range.s, range.len, m->is_plain);
}
