/* LIST and LSUB, with the uses of RFC 6154 and the children of RFC 3348 */

#include <errno.h>
#include <string.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/mailbox.h"
#include "imap/name.h"
#include "imap/quote.h"
#include "imap/relay.h"
#include "imap/share.h"

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

/* Could a name of the public mailboxes match? What stands before the first wildcard says so. */
static bool may_mean_public(const char *pattern)
{
  size_t length = strcspn(pattern, "%*"), common = sizeof IMAP_PUBLIC - 1;

  if (!pattern[length] && length < common) return false;
  return !strncmp(pattern, IMAP_PUBLIC "/", length < common ? length : common) && (length <= common || pattern[common] == IMAP_SEPARATOR);
}

/* One's own folders, and those of public mailboxes. An own one that is called as the namespace is hidden by it. */
static bool list_all(struct imap_state *s, struct imap_names *names, const char *pattern)
{
  struct imap_names own = IMAP_NAMES_ZERO;
  text name = TEXT_ZERO;
  bool fine = imap_mailbox_list(&own);

  if (!fine) imap_no_errno(s, "list the mailboxes");
  for (size_t i = 0; fine && i < own.count; i++) {
    text_copy(&name, own.list[i]);
    if (!s->start->has_public || !imap_share_is_public(own.list[i])) imap_names_add(names, &name);
  }
  if (fine && s->start->has_public && may_mean_public(pattern)) fine = imap_relay_list(s, names);
  imap_names_sort(names);
  imap_names_free(&own);
  text_free(&name);
  return fine;
}

static bool list_subscriptions(struct imap_state *s, struct imap_names *names)
{
  if (imap_mailbox_subscriptions(names)) return true;
  imap_no_errno(s, "read the subscriptions");
  return false;
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
  if (is_list ? list_all(s, &names, pattern.s) : list_subscriptions(s, &names)) {
    if (is_list) tell_list(s, &names, pattern.s);
    else tell_lsub(s, &names, pattern.s);
    imap_ok(s, "these");
  }
  imap_names_free(&names);
  text_free(&pattern);
}
