/* SEARCH */

#include <errno.h>
#include <string.h>

#include "imap/commands.h"
#include "imap/message.h"
#include "imap/rights.h"
#include "imap/search.h"

struct context {
  struct imap_state *s;
  struct imap_loaded loaded;
};

static bool has_keyword(void *context, const char *keyword)
{
  const struct context *c = context;
  const struct imap_folder *f = &c->s->folder;

  return (f->messages[c->loaded.place].marks & imap_keywords_find(&f->keywords, keyword, strlen(keyword))) != 0;
}

static bool open_message(void *context, struct bytes *message)
{
  struct context *c = context;

  if (!imap_loaded_read(&c->loaded)) return false;
  *message = (struct bytes){ c->loaded.bytes, c->loaded.length };
  return true;
}

/* Is INTERNALDATE looked at? It costs a look at each file. The depth is limited by the parser. */
static bool needs_date(const struct imap_search_key *key)
{
  for (; key; key = key->next)
    if (key->kind == IMAP_SEARCH_BEFORE || key->kind == IMAP_SEARCH_ON || key->kind == IMAP_SEARCH_SINCE || needs_date(key->first))
      return true;
  return false;
}

static enum imap_search_result match(struct context *c, struct imap_search *search, size_t place, bool with_date, bool with_size)
{
  const struct imap_message *m = &c->s->folder.messages[place];
  struct imap_search_message message = { .sequence = (uint32_t)place + 1, .uid = m->uid, .context = c,
    .flags = (unsigned int)(m->marks & (IMAP_SYSTEM_MARKS | IMAP_RECENT)), .has_keyword = has_keyword, .open = open_message };

  if (m->is_gone) return IMAP_SEARCH_BROKEN;
  imap_loaded_start(&c->loaded, &c->s->folder, place);
  if (with_date && !imap_loaded_stat(&c->loaded)) return IMAP_SEARCH_BROKEN;
  if (with_size && !imap_loaded_size(&c->loaded, &message.size)) return IMAP_SEARCH_BROKEN;
  message.date_seconds = c->loaded.date_seconds;
  return imap_search_match(search, &message);
}

static void search(struct imap_state *s)
{
  struct context c = { .s = s, .loaded = { .mime = MIME_ZERO } };
  struct imap_search *program = imap_search_open(&s->command);
  bool with_date = needs_date(s->command.search), with_size = imap_search_needs_size(&s->command);

  imap_wire_add(&s->wire, "* SEARCH");
  for (size_t i = 0; i < s->exists; i++) {
    if (match(&c, program, i, with_date, with_size) != IMAP_SEARCH_YES) continue;
    imap_wire_add(&s->wire, " ");
    imap_wire_add_number(&s->wire, s->command.by_uid ? s->folder.messages[i].uid : i + 1);
  }
  imap_wire_add(&s->wire, "\r\n");
  imap_search_close(program);
  imap_loaded_free(&c.loaded);
}

void imap_cmd_search(struct imap_state *s)
{
  uint32_t highest = s->exists ? s->folder.messages[s->exists - 1].uid : 0;

  if (!imap_may_here(s, RIGHT_READ)) return;
  switch (imap_search_prepare(&s->command, (uint32_t)s->exists, highest)) {
  case IMAP_SEARCH_BAD_CHARSET: imap_no(s, "[BADCHARSET (US-ASCII UTF-8)] that character set is not known"); break;
  case IMAP_SEARCH_BAD_STRING: imap_bad(s, "a string is not in the character set of the command"); break;
  case IMAP_SEARCH_READY:
    search(s);
    imap_ok(s, "done");
  }
}
