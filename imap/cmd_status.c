/* STATUS */

#include <errno.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/quote.h"
#include "imap/rights.h"

static size_t count(const struct imap_folder *f, imap_marks mark, imap_marks wanted)
{
  size_t found = 0;

  for (size_t i = 0; i < f->count; i++) found += !f->messages[i].is_gone && (f->messages[i].marks & mark) == wanted;
  return found;
}

static void tell(struct imap_state *s, const text *name, const struct imap_folder *f)
{
  const struct {
    unsigned int bit;
    const char *name;
    uint64_t value;
  } items[] = {
    { IMAP_STATUS_MESSAGES, "MESSAGES", count(f, 0, 0) },
    { IMAP_STATUS_RECENT, "RECENT", count(f, IMAP_RECENT, IMAP_RECENT) },
    { IMAP_STATUS_UIDNEXT, "UIDNEXT", f->uids.head.next },
    { IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY", f->uids.head.validity },
    { IMAP_STATUS_UNSEEN, "UNSEEN", count(f, IMAP_SEEN, 0) },
  };
  const char *before = " (";
  text shown = TEXT_ZERO;

  imap_wire_add(&s->wire, "* STATUS ");
  imap_shown_name(s, name, &shown);
  imap_quote_add_astring(&s->wire.answer, shown.s);
  text_free(&shown);
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    if (!(s->command.status & items[i].bit)) continue;
    imap_wire_add(&s->wire, before);
    imap_wire_add(&s->wire, items[i].name);
    imap_wire_add(&s->wire, " ");
    imap_wire_add_number(&s->wire, items[i].value);
    before = " ";
  }
  imap_wire_add(&s->wire, ")\r\n");
}

void imap_cmd_status(struct imap_state *s)
{
  struct imap_folder folder;
  text name = TEXT_ZERO, entry = TEXT_ZERO;

  if (!imap_take_name(s, s->command.mailbox, &name) || !imap_may(s, &name, RIGHT_READ)) {
    text_free(&name);
    return;
  }
  imap_entry_format(&name, &entry);
  switch (imap_folder_open(&folder, text_string(&entry), false)) {
  case IMAP_FOLDER_ABSENT: imap_no(s, "[NONEXISTENT] there is no such mailbox"); break;
  case IMAP_FOLDER_BROKEN: imap_no_errno(s, "open the mailbox"); break;
  case IMAP_FOLDER_DONE:
    tell(s, &name, &folder);
    imap_folder_close(&folder);
    imap_ok(s, "done");
  }
  text_free(&name);
  text_free(&entry);
}
