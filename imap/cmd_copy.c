/* COPY, and MOVE (RFC 6851), which is a copy that is on the disk before the originals go. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/folder_copy.h"
#include "imap/quota.h"
#include "imap/rights.h"
#include "lib/die.h"

struct copy {
  text name;            /* of the other folder */
  struct imap_folder to;
  size_t *places, count, room;
  struct maildirsize sum; /* of what is copied */
  imap_marks allowed;   /* the flags that may be given there */
  uint32_t first;       /* uid of the first copy */
};

static void gather(struct imap_state *s, struct copy *c)
{
  struct imap_walk at = { 0 };

  for (size_t place; imap_walk_next(s, &at, &place);) {
    if (c->count == c->room) {
      c->room = c->room ? c->room * 2 : 64;
      c->places = reallocarray(c->places, c->room, sizeof *c->places);
      if (!c->places) die_nomem();
    }
    c->places[c->count++] = place;
    imap_quota_measure(s, &s->folder, place, &c->sum);
  }
}

static bool open_target(struct imap_state *s, struct copy *c)
{
  text entry = TEXT_ZERO;

  if (!imap_take_name(s, s->command.mailbox, &c->name) || !imap_may(s, &c->name, RIGHT_INSERT)) return false;
  c->allowed = imap_rights_marks(imap_rights_of(s, &c->name));
  imap_entry_format(&c->name, &entry);
  enum imap_folder_result result = imap_folder_open_to_add(&c->to, text_string(&entry));
  text_free(&entry);
  if (result == IMAP_FOLDER_ABSENT) imap_no(s, "[TRYCREATE] there is no such mailbox");
  if (result == IMAP_FOLDER_BROKEN) imap_no_errno(s, "open the other mailbox");
  return result == IMAP_FOLDER_DONE;
}

/* "[COPYUID 38505 304,319:320 3956:3958] " */
static void add_copyuid(struct imap_state *s, const struct copy *c, text *out)
{
  struct imap_sequence from = IMAP_SEQUENCE_ZERO, to = IMAP_SEQUENCE_ZERO;

  for (size_t i = 0; i < c->count; i++) {
    imap_sequence_add(&from, s->folder.messages[c->places[i]].uid);
    imap_sequence_add(&to, c->first + (uint32_t)i);
  }
  text_add(out, "[COPYUID ");
  text_add_number(out, c->to.uids.head.validity);
  text_add_char(out, ' ');
  imap_sequence_format(&from, out);
  text_add_char(out, ' ');
  imap_sequence_format(&to, out);
  text_add(out, "] ");
  imap_sequence_free(&from);
  imap_sequence_free(&to);
}

static bool copy(struct imap_state *s, struct copy *c)
{
  switch (imap_folder_copy(&s->folder, c->places, c->count, &c->to, c->allowed, &c->first)) {
  case IMAP_FOLDER_BROKEN: imap_no_errno(s, "copy: nothing was copied"); return false;
  case IMAP_FOLDER_ABSENT: imap_no(s, "[EXPUNGEISSUED] some of these messages are no longer there, nothing was copied"); return false;
  case IMAP_FOLDER_DONE: imap_quota_change(s, &c->sum, false);
  }
  return true;
}

static void log_copy(struct imap_state *s, const struct copy *c, const char *event)
{
  text uids = TEXT_ZERO, shown = TEXT_ZERO;

  imap_uids_of_command(s, &uids);
  imap_shown_name(s, &c->name, &shown);
  imap_log(s, event, s->name.s, text_string(&uids), "to", shown.s);
  text_free(&uids);
  text_free(&shown);
}

/* The originals: each has a copy that is on the disk. */
bool imap_remove_set(struct imap_state *s)
{
  struct maildirsize gone = { 0 };
  struct imap_walk at = { 0 };
  bool fine = true;

  if (!imap_folder_lock(&s->folder)) return false;
  for (size_t place; fine && imap_walk_next(s, &at, &place);) {
    struct maildirsize one = { 0 };
    imap_quota_measure(s, &s->folder, place, &one);
    enum imap_folder_result result = imap_folder_remove(&s->folder, place);
    if (result == IMAP_FOLDER_ABSENT && imap_folder_sync(&s->folder) == IMAP_FOLDER_DONE) result = imap_folder_remove(&s->folder, place);
    fine = result == IMAP_FOLDER_DONE;
    if (fine) gone.bytes += one.bytes, gone.messages += one.messages;
  }
  imap_quota_change(s, &gone, true);
  imap_folder_unlock(&s->folder);
  return fine && !fsync(s->folder.cur) && !fsync(s->folder.new);
}

static void finish_copy(struct imap_state *s, const struct copy *c)
{
  text words = TEXT_ZERO;

  add_copyuid(s, c, &words);
  text_add(&words, "copied");
  imap_ok(s, text_string(&words));
  text_free(&words);
  log_copy(s, c, "copy");
}

static void finish_move(struct imap_state *s, const struct copy *c)
{
  text words = TEXT_ZERO;

  text_add(&words, "* OK ");
  add_copyuid(s, c, &words);
  text_add(&words, "copied, now they go here\r\n");
  imap_wire_add_bytes(&s->wire, words.s, words.len);
  text_free(&words);
  if (imap_remove_set(s)) imap_ok(s, "moved");
  else imap_no_errno(s, "remove what was copied to the other mailbox");
  log_copy(s, c, "move");
}

/* MOVE takes no more room in the end. */
static void run(struct imap_state *s, bool is_move, void (*finish)(struct imap_state *s, const struct copy *c))
{
  struct copy c = { .name = TEXT_ZERO };

  if (!imap_may_here(s, RIGHT_READ | (is_move ? RIGHT_MARK_DELETED | RIGHT_EXPUNGE : 0)) || !imap_sequence_ready(s)) return;
  gather(s, &c);
  if (open_target(s, &c)) {
    if (!c.count) imap_ok(s, "there is no such message, nothing was done");
    else if ((is_move || imap_quota_fits(s, (uint64_t)c.sum.bytes)) && copy(s, &c)) finish(s, &c);
    imap_folder_close(&c.to);
  }
  free(c.places);
  text_free(&c.name);
}

void imap_cmd_copy(struct imap_state *s)
{
  run(s, false, finish_copy);
}

void imap_cmd_move(struct imap_state *s)
{
  if (imap_is_changeable(s)) run(s, true, finish_move);
}
