/* FETCH */

#include <errno.h>

#include "imap/bodystructure.h"
#include "imap/commands.h"
#include "imap/date.h"
#include "imap/envelope.h"
#include "imap/message.h"
#include "imap/rights.h"
#include "imap/section.h"

static bool parse_for(struct imap_loaded *l, const struct imap_section *section)
{
  return imap_section_is_header(section) ? imap_loaded_parse_header(l) : imap_loaded_parse(l);
}

/* What an item needs is loaded before anything of the answer is said: a message that has gone gets no half answer. */
static bool load_item(struct imap_loaded *l, const struct imap_fetch_item *item)
{
  uint64_t wire;

  switch (item->kind) {
  case IMAP_FETCH_UID:
  case IMAP_FETCH_FLAGS: return true;
  case IMAP_FETCH_INTERNALDATE: return imap_loaded_stat(l);
  case IMAP_FETCH_SIZE: return imap_loaded_size(l, &wire);
  case IMAP_FETCH_ENVELOPE: return imap_loaded_parse_header(l);
  case IMAP_FETCH_BODY:
  case IMAP_FETCH_BODYSTRUCTURE: return imap_loaded_parse(l);
  case IMAP_FETCH_SECTION: return parse_for(l, &item->section);
  }
  return true;
}

static bool load_items(struct imap_state *s, struct imap_loaded *l)
{
  for (size_t i = 0; i < s->command.item_count; i++)
    if (!load_item(l, &s->command.items[i])) return false;
  return true;
}

static void tell_section(struct imap_state *s, struct imap_loaded *l, const struct imap_section *section)
{
  static text chosen = TEXT_ZERO;
  struct octets octets;
  struct bytes piece;

  text_clear(&chosen);
  if (!imap_section_find(&l->mime, section, &chosen, &octets)) {
    imap_wire_add(&s->wire, "NIL");
    return;
  }
  imap_wire_add(&s->wire, "{");
  imap_wire_add_number(&s->wire, octets.size);
  imap_wire_add(&s->wire, "}\r\n");
  while (octets_next(&octets, &piece)) imap_wire_add_bytes(&s->wire, piece.s, piece.len);
}

static void tell_item(struct imap_state *s, struct imap_loaded *l, const struct imap_fetch_item *item)
{
  struct imap_message *m = &s->folder.messages[l->place];

  imap_wire_add(&s->wire, item->label);
  imap_wire_add(&s->wire, " ");
  switch (item->kind) {
  case IMAP_FETCH_UID: imap_wire_add_number(&s->wire, m->uid); break;
  case IMAP_FETCH_FLAGS:
    imap_add_flags(s, m->marks);
    m->told = m->marks;
    break;
  case IMAP_FETCH_INTERNALDATE: imap_date_time_format(l->date_seconds, &s->wire.answer); break;
  case IMAP_FETCH_SIZE: imap_wire_add_number(&s->wire, m->wire); break;
  case IMAP_FETCH_ENVELOPE: imap_envelope_add(&s->wire.answer, l->mime.parts[0].header.s, l->mime.parts[0].header.len); break;
  case IMAP_FETCH_BODY: imap_body_add(&s->wire.answer, &l->mime); break;
  case IMAP_FETCH_BODYSTRUCTURE: imap_bodystructure_add(&s->wire.answer, &l->mime); break;
  case IMAP_FETCH_SECTION: tell_section(s, l, &item->section); break;
  }
}

static void tell_message(struct imap_state *s, struct imap_loaded *l, bool has_flags)
{
  const struct imap_message *m = &s->folder.messages[l->place];
  const char *between = " FETCH (";

  imap_wire_add(&s->wire, "* ");
  imap_wire_add_number(&s->wire, l->place + 1);
  for (size_t i = 0; i < s->command.item_count; i++) {
    imap_wire_add(&s->wire, between);
    tell_item(s, l, &s->command.items[i]);
    between = " ";
  }
  if (!has_flags && m->marks != m->told) { /* \Seen was just set */
    imap_wire_add(&s->wire, " FLAGS ");
    imap_add_flags(s, m->marks);
    s->folder.messages[l->place].told = m->marks;
  }
  imap_wire_add(&s->wire, ")\r\n");
}

static bool asks_for(const struct imap_state *s, enum imap_fetch_kind kind)
{
  for (size_t i = 0; i < s->command.item_count; i++)
    if (s->command.items[i].kind == kind) return true;
  return false;
}

static bool sets_seen(const struct imap_state *s)
{
  for (size_t i = 0; i < s->command.item_count; i++)
    if (s->command.items[i].sets_seen) return true;
  return false;
}

static bool fetch(struct imap_state *s, struct imap_loaded *l, bool *some_gone)
{
  bool has_flags = asks_for(s, IMAP_FETCH_FLAGS);
  bool marks_seen = s->folder.is_writable && s->rights & RIGHT_SEEN && sets_seen(s);
  struct imap_walk at = { 0 };

  for (size_t place; s->wire.end == IMAP_WIRE_OPEN && imap_walk_next(s, &at, &place);) {
    imap_loaded_start(l, &s->folder, place);
    bool fine = load_items(s, l);
    if (!fine && errno != ENOENT) return false;
    if (fine && marks_seen && !(s->folder.messages[place].marks & IMAP_SEEN) &&
        imap_folder_change_marks(&s->folder, place, IMAP_SEEN, 0) == IMAP_FOLDER_BROKEN) return false;
    if (fine) tell_message(s, l, has_flags);
    else *some_gone = true;
  }
  return true;
}

void imap_cmd_fetch(struct imap_state *s)
{
  struct imap_loaded loaded = { .mime = MIME_ZERO };
  bool some_gone = false;

  if (!imap_may_here(s, RIGHT_READ) || !imap_sequence_ready(s)) return;
  if (!fetch(s, &loaded, &some_gone)) imap_no_errno(s, "read a message");
  else if (!imap_folder_keep_seen(&s->folder)) imap_no_errno(s, "keep what was seen");
  else if (some_gone) imap_no(s, "[EXPUNGEISSUED] some of these messages are no longer there");
  else imap_ok(s, "done");
  imap_loaded_free(&loaded);
}
