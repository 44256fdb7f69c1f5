#include "ldapsync/changes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/hex.h"

#define BEGIN "# changes\n"
#define END "# end of changes\n"
#define ID "# id "

struct last {
  size_t at; /* where its entry begins */
  char dn[];
};

/* Whose last record this is. */
static void note(struct changes *c, const struct ldif_entry *e)
{
  struct last *known = map_find(&c->last, e->dn.s);

  if (known) {
    known->at = e->at;
    return;
  }
  known = malloc(sizeof *known + e->dn.len + 1);
  if (!known) die_nomem();
  known->at = e->at;
  memcpy(known->dn, e->dn.s, e->dn.len + 1);
  map_add(&c->last, known->dn, known);
}

/* Only the changes are read here. What is broken in them is found when they are read again. */
static void note_changes(struct changes *c)
{
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  struct ldif ldif = c->ldif;

  ldif.at = c->full;
  while (ldif_next(&ldif, &e) == LDIF_ENTRY) note(c, &e);
  ldif_free(&ldif);
  ldif_entry_free(&e);
}

/* Where the last whole batch ends; 0: there is none. */
static size_t find_end(const char *bytes, size_t length)
{
  const size_t size = strlen(END);

  for (const char *at; length && (at = memrchr(bytes, '#', length)); length = (size_t)(at - bytes))
    if ((at == bytes || at[-1] == '\n') && length >= (size_t)(at - bytes) + size && !memcmp(at, END, size)) return (size_t)(at - bytes) + size;
  return 0;
}

static void begin(struct changes *c, const char *bytes, size_t full, size_t length)
{
  size_t end = full < length ? find_end(bytes + full, length - full) : 0;

  *c = (struct changes){ .full = full, .whole = full + end, .last = MAP_ZERO };
  ldif_begin(&c->ldif, bytes, c->whole);
  c->ldif.deletions_from = full;
  if (end) note_changes(c);
}

void changes_begin(struct changes *c, const char *bytes, size_t length)
{
  const char *mark = length ? memmem(bytes, length, "\n\n" BEGIN, strlen("\n\n" BEGIN)) : 0;

  begin(c, bytes, mark ? (size_t)(mark - bytes) + 2 : length, length);
}

void changes_begin_plain(struct changes *c, const char *bytes, size_t length) { begin(c, bytes, length, length); }

void changes_begin_tail(struct changes *c, const char *bytes, size_t length)
{
  begin(c, bytes, 0, length);
  c->is_tail = true;
}

enum ldif_result changes_next(struct changes *c, struct ldif_entry *e)
{
  for (;;) {
    c->record = c->ldif.at;
    enum ldif_result result = ldif_next(&c->ldif, e);
    if (result != LDIF_ENTRY) return result;
    c->entry = e->at;
    c->full_entries += e->at < c->full;
    const struct last *last = map_find(&c->last, e->dn.s);
    if (!last || (last->at == e->at && (c->is_tail || !e->is_deleted))) return LDIF_ENTRY;
  }
}

void changes_free(struct changes *c)
{
  for (size_t i = 0; i < c->last.room; i++) free(c->last.slots[i].value);
  map_free(&c->last);
  ldif_free(&c->ldif);
}

static const char *line_end(const char *line, const char *end)
{
  const char *newline = memchr(line, '\n', (size_t)(end - line));
  return newline ? newline + 1 : end;
}

static bool begins(const char *at, const char *end, const char *word)
{
  return (size_t)(end - at) >= strlen(word) && !memcmp(at, word, strlen(word));
}

const char *changes_ldif(const struct changes *c, size_t *length)
{
  *length = c->ldif.at - c->entry;
  return c->ldif.bytes + c->entry;
}

/* It stands above the DN, among other comments. */
const char *changes_id(const struct changes *c, size_t *length)
{
  const char *ldif = c->ldif.bytes + c->entry, *id = 0;

  for (const char *at = c->ldif.bytes + c->record; at < ldif; at = line_end(at, ldif))
    if (begins(at, ldif, ID)) {
      id = at + strlen(ID);
      *length = (size_t)(line_end(id, ldif) - id) - 1;
    }
  return id;
}

static void add_id(text *batch, const void *id, size_t id_length)
{
  text_add(batch, ID);
  hex_add(batch, id, id_length);
  text_add_char(batch, '\n');
}

void changes_batch_begin(text *batch) { text_add(batch, BEGIN); }

void changes_batch_end(text *batch) { text_add(batch, END); }

void changes_add_deletion(text *batch, const void *id, size_t id_length, const char *ldif, size_t length)
{
  const char *end = ldif + length, *line = line_end(ldif, end);

  while (line < end && *line == ' ') line = line_end(line, end); /* it is folded */
  add_id(batch, id, id_length);
  text_add_bytes(batch, ldif, (size_t)(line - ldif));
  text_add(batch, "changetype: delete\n\n");
}

void changes_add_entry(text *batch, const void *id, size_t id_length, const char *ldif, size_t length)
{
  add_id(batch, id, id_length);
  text_add_bytes(batch, ldif, length);
}
