/* LIST and LSUB, with the uses of RFC 6154 and the children of RFC 3348 */

#include <errno.h>
#include <string.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/mailbox.h"
#include "imap/name.h"
#include "imap/quote.h"

static void tell(struct imap_state *s, const char *attributes, const char *more, const char *name)
{
  imap_wire_add(&s->wire, s->command.verb == IMAP_LIST ? "* LIST (" : "* LSUB (");
  imap_wire_add(&s->wire, attributes);
  if (more && *attributes) imap_wire_add(&s->wire, " ");
  if (more) imap_wire_add(&s->wire, more);
  imap_wire_add(&s->wire, ") \"/\" ");
  imap_quote_add_astring(&s->wire.answer, name);
  imap_wire_add(&s->wire, "\r\n");
}

/* The names and, where a name is below one that is none, that one too: a level that can only be looked into. */
static void add_levels(const struct imap_names *names, struct imap_names *all)
{
  text name = TEXT_ZERO;

  for (size_t i = 0; i < names->count; i++) {
    text_copy(&name, names->list[i]);
    imap_names_add(all, &name);
    for (size_t end = name.len; end--;)
      if (name.s[end] == IMAP_SEPARATOR) {
        name.len = end;
        imap_names_add(all, &name);
      }
  }
  imap_names_sort(all);
  text_free(&name);
}

static void tell_list(struct imap_state *s, const struct imap_names *names, const char *pattern)
{
  struct imap_names all = IMAP_NAMES_ZERO;

  add_levels(names, &all);
  for (size_t i = 0; i < all.count; i++) {
    const char *name = all.list[i];
    if (!imap_name_matches(pattern, name, IMAP_SEPARATOR)) continue;
    if (!imap_names_have(names, name)) tell(s, "\\Noselect \\HasChildren", 0, name);
    else tell(s, imap_names_have_below(names, name) ? "\\HasChildren" : "\\HasNoChildren", imap_mailbox_use(name), name);
  }
  imap_names_free(&all);
}

/* RFC 3501 6.3.9: a level that is not subscribed to is shown, as \Noselect, if something below it is and "%" hides that. */
static void tell_lsub(struct imap_state *s, const struct imap_names *names, const char *pattern)
{
  struct imap_names all = IMAP_NAMES_ZERO;
  bool shows_levels = strchr(pattern, '%') && !strchr(pattern, '*');

  add_levels(names, &all);
  for (size_t i = 0; i < all.count; i++) {
    const char *name = all.list[i];
    bool is_subscribed = imap_names_have(names, name);
    if ((is_subscribed || shows_levels) && imap_name_matches(pattern, name, IMAP_SEPARATOR))
      tell(s, is_subscribed ? "" : "\\Noselect", 0, name);
  }
  imap_names_free(&all);
}

void imap_cmd_list(struct imap_state *s)
{
  struct imap_names names = IMAP_NAMES_ZERO;
  text pattern = TEXT_ZERO;
  bool is_list = s->command.verb == IMAP_LIST;

  if (is_list && !*s->command.pattern) {
    tell(s, "\\Noselect", 0, "");
    imap_ok(s, "that is the separator");
    return;
  }
  text_add(&pattern, s->command.reference);
  text_add(&pattern, s->command.pattern);
  text_string(&pattern);
  if (!(is_list ? imap_mailbox_list(&names) : imap_mailbox_subscriptions(&names))) imap_no_errno(s, "list the mailboxes");
  else {
    if (is_list) tell_list(s, &names, pattern.s);
    else tell_lsub(s, &names, pattern.s);
    imap_ok(s, "these");
  }
  imap_names_free(&names);
  text_free(&pattern);
}
