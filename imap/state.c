#include "imap/state.h"

#include <errno.h>
#include <string.h>

#include "imap/entry.h"
#include "imap/rights.h"
#include "imap/share.h"
#include "lib/log.h"

static void set_reply(struct imap_state *s, const char *kind, const char *words)
{
  text_copy(&s->reply, kind);
  text_add(&s->reply, words);
}

void imap_ok(struct imap_state *s, const char *words) { set_reply(s, "OK ", words); }
void imap_no(struct imap_state *s, const char *words) { set_reply(s, "NO ", words); }
void imap_bad(struct imap_state *s, const char *words) { set_reply(s, "BAD ", words); }

bool imap_reply_is_ok(const struct imap_state *s) { return s->reply.len >= 3 && !memcmp(s->reply.s, "OK ", 3); }

void imap_no_errno(struct imap_state *s, const char *what)
{
  int error = errno;
  bool is_full = error == ENOSPC || error == EDQUOT;

  log_event("trouble", "login", s->start->login, "folder", s->is_selected ? s->name.s : "", "what", what, "reason", strerror(error), (char *)0);
  set_reply(s, "NO ", is_full ? "[OVERQUOTA] unable to " : "[UNAVAILABLE] unable to ");
  text_add(&s->reply, what);
  text_add(&s->reply, is_full ? ": the disk is full" : ": a fault of the server, it is in its log; try again later");
}

void imap_unselect(struct imap_state *s)
{
  if (s->is_selected) imap_folder_close(&s->folder);
  s->is_selected = false;
  s->exists = 0;
}

bool imap_is_changeable(struct imap_state *s)
{
  if (!s->folder.is_writable) imap_no(s, "[READ-ONLY] the mailbox was opened by EXAMINE");
  return s->folder.is_writable;
}

bool imap_take_name(struct imap_state *s, const char *given, text *name)
{
  const char *problem = imap_entry_name(given, name);

  if (problem) {
    imap_no(s, "[CANNOT] ");
    text_add(&s->reply, problem);
    text_free(name);
    return false;
  }
  text_string(name);
  if (!s->start->share) return true;
  text inner = TEXT_ZERO;
  bool is_inside = imap_share_inner(s->start->share, name->s, &inner);
  text_copy_bytes(name, inner.s, inner.len);
  text_string(name);
  text_free(&inner);
  if (is_inside) return true;
  imap_no(s, "[NONEXISTENT] there is no such mailbox");
  text_free(name);
  return false;
}

void imap_shown_name(const struct imap_state *s, const text *name, text *shown)
{
  if (s->start->share) imap_share_outer(s->start->share, name, shown);
  else text_copy_bytes(shown, name->s, name->len);
  text_string(shown);
}

#define LOG_UIDS_MAX 500

void imap_log(struct imap_state *s, const char *event, const char *folder, const char *uids, const char *key, const char *value)
{
  text shown = TEXT_ZERO, name = TEXT_ZERO, other = TEXT_ZERO;

  text_add(&name, folder);
  imap_shown_name(s, &name, &other);
  if (uids) text_add_bytes(&shown, uids, strnlen(uids, LOG_UIDS_MAX));
  if (shown.len == LOG_UIDS_MAX) text_add(&shown, "...");
  log_event(event, "login", s->start->login, "client", s->start->ip, "folder", other.s, "uids", text_string(&shown), key ? key : "to", value, (char *)0);
  text_free(&name);
  text_free(&other);
  text_free(&shown);
}

/* --- sequence sets --- */

bool imap_sequence_ready(struct imap_state *s)
{
  struct imap_sequence *set = &s->command.sequence;

  if (s->command.by_uid) {
    imap_sequence_resolve(set, s->exists ? s->folder.messages[s->exists - 1].uid : 0);
    return true;
  }
  imap_sequence_resolve(set, (uint32_t)s->exists);
  if (set->count && set->ranges[0].first && imap_sequence_highest(set) <= s->exists) return true;
  imap_bad(s, "there is no message with that number");
  return false;
}

/* The first message whose uid is not below. */
static size_t bound(const struct imap_state *s, uint32_t uid)
{
  size_t low = 0, high = s->exists;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (s->folder.messages[middle].uid < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

bool imap_walk_next(struct imap_state *s, struct imap_walk *at, size_t *place)
{
  const struct imap_sequence *set = &s->command.sequence;

  for (; at->range < set->count; at->range++) {
    const struct imap_range *range = &set->ranges[at->range];
    size_t first = s->command.by_uid ? bound(s, range->first) : range->first - 1;
    *place = at->next > first ? at->next : first;
    if (*place >= s->exists) return false;
    uint64_t number = s->command.by_uid ? s->folder.messages[*place].uid : *place + 1;
    if (number > range->last) continue;
    at->next = *place + 1;
    return true;
  }
  return false;
}

void imap_uids_of_command(struct imap_state *s, text *uids)
{
  struct imap_sequence set = IMAP_SEQUENCE_ZERO;
  struct imap_walk at = { 0 };

  for (size_t place; imap_walk_next(s, &at, &place);) imap_sequence_add(&set, s->folder.messages[place].uid);
  imap_sequence_format(&set, uids);
  imap_sequence_free(&set);
}

/* --- flags --- */

bool imap_marks_of(struct imap_state *s, struct imap_folder *f, const struct imap_flags *flags, bool makes, imap_marks *marks)
{
  *marks = flags->system & IMAP_SYSTEM_MARKS;
  for (size_t i = 0; i < flags->keyword_count; i++) {
    const char *name = flags->keywords[i];
    size_t length = strlen(name);
    imap_marks mark = imap_keywords_find(&f->keywords, name, length);
    if (!mark && makes && !imap_keyword_check(name, length)) {
      imap_bad(s, "a keyword is an atom of at most 255 characters");
      return false;
    }
    if (!mark && makes && !(mark = imap_folder_keyword(f, name, length))) {
      if (errno == ENOBUFS) imap_no(s, "[LIMIT] a mailbox has at most 26 keywords, and this one has them");
      else imap_no_errno(s, "add a keyword");
      return false;
    }
    *marks |= mark;
  }
  return true;
}

static const struct {
  imap_marks mark;
  const char *name;
} system_flags[] = {
  { IMAP_ANSWERED, "\\Answered" }, { IMAP_FLAGGED, "\\Flagged" }, { IMAP_DELETED, "\\Deleted" },
  { IMAP_SEEN, "\\Seen" },         { IMAP_DRAFT, "\\Draft" },     { IMAP_RECENT, "\\Recent" },
};

static void add_word(text *words, const char *word)
{
  if (words->len) text_add_char(words, ' ');
  text_add(words, word);
}

static void add_system_flags(text *words, imap_marks marks)
{
  for (size_t i = 0; i < sizeof system_flags / sizeof *system_flags; i++)
    if (marks & system_flags[i].mark) add_word(words, system_flags[i].name);
}

void imap_flags_format(const struct imap_flags *flags, text *words)
{
  add_system_flags(words, flags->system);
  for (size_t i = 0; i < flags->keyword_count; i++) add_word(words, flags->keywords[i]);
}

static void add_marks(const struct imap_state *s, text *words, imap_marks marks)
{
  add_system_flags(words, marks);
  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++)
    if (marks & IMAP_KEYWORD(i) && s->folder.keywords.names[i].len) add_word(words, s->folder.keywords.names[i].s);
}

void imap_marks_format(const struct imap_state *s, imap_marks marks, text *names)
{
  text words = TEXT_ZERO;

  add_marks(s, &words, marks);
  text_add_text(names, &words);
  text_free(&words);
}

static void add_list(struct imap_state *s, const text *words)
{
  imap_wire_add(&s->wire, "(");
  imap_wire_add_bytes(&s->wire, words->s, words->len);
  imap_wire_add(&s->wire, ")");
}

void imap_add_flags(struct imap_state *s, imap_marks marks)
{
  static text words = TEXT_ZERO;

  text_clear(&words);
  add_marks(s, &words, marks);
  add_list(s, &words);
}

imap_marks imap_named_keywords(const struct imap_state *s)
{
  imap_marks marks = 0;

  for (unsigned int i = 0; i < IMAP_KEYWORDS_MAX; i++)
    if (s->folder.keywords.names[i].len) marks |= IMAP_KEYWORD(i);
  return marks;
}

void imap_tell_flag_names(struct imap_state *s)
{
  text words = TEXT_ZERO;

  s->keywords_told = imap_named_keywords(s);
  add_marks(s, &words, IMAP_SYSTEM_MARKS | s->keywords_told);
  imap_wire_add(&s->wire, "* FLAGS ");
  add_list(s, &words);
  imap_wire_add(&s->wire, "\r\n* OK [PERMANENTFLAGS ");
  text_clear(&words);
  if (s->folder.is_writable) add_marks(s, &words, (IMAP_SYSTEM_MARKS | s->keywords_told) & imap_rights_marks(s->rights));
  if (s->folder.is_writable && s->rights & RIGHT_WRITE && s->keywords_told != IMAP_KEYWORD_MARKS) add_word(&words, "\\*"); /* there is room for more */
  add_list(s, &words);
  imap_wire_add(&s->wire, "] flags that stay\r\n");
  text_free(&words);
}

void imap_tell_flags(struct imap_state *s, size_t place, bool with_uid)
{
  struct imap_message *m = &s->folder.messages[place];

  imap_wire_add(&s->wire, "* ");
  imap_wire_add_number(&s->wire, place + 1);
  imap_wire_add(&s->wire, " FETCH (");
  if (with_uid) {
    imap_wire_add(&s->wire, "UID ");
    imap_wire_add_number(&s->wire, m->uid);
    imap_wire_add(&s->wire, " ");
  }
  imap_wire_add(&s->wire, "FLAGS ");
  imap_add_flags(s, m->marks);
  imap_wire_add(&s->wire, ")\r\n");
  m->told = m->marks;
}
