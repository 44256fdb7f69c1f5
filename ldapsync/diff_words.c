#include <string.h>

#include "ldapsync/diff.h"

/* "bob@example.test: gains ...; loses ...", where something has changed. */
static void say_lists(struct diff *d, const char *name, const text *old, const text *new, const char *key, const char *come, const char *gone)
{
  text more = TEXT_ZERO, less = TEXT_ZERO;

  if (diff_missing(d, new, old, key, &more)) diff_add(d, "%s: %s %s", name, come, more.s);
  if (diff_missing(d, old, new, key, &less)) diff_add(d, "%s: %s %s", name, gone, less.s);
  text_free(&more);
  text_free(&less);
}

static void say_value(struct diff *d, const char *name, const text *old, const text *new, const char *key, const char *words)
{
  const char *was = record_find(old, key), *is = record_find(new, key);

  if (is && (!was || strcmp(was, is))) diff_add(d, "%s: its %s is now %s%s%s", name, words, is, was ? ", no longer " : "", was ? was : "");
  if (was && !is) diff_add(d, "%s: its %s is no longer %s", name, words, was);
}

static void say_bit(struct diff *d, const char *name, const text *old, const text *new, const char *key, const char *on, const char *off)
{
  bool was = !record_is(old, key, "no"), is = !record_is(new, key, "no");

  if (was != is) diff_add(d, "%s: %s", name, is ? on : off);
}

static void say_mailbox(struct diff *d, const char *key, const text *old, const text *new)
{
  text name = TEXT_ZERO;

  diff_name(d, "mailbox", key, &name);
  if (!old || !new) {
    if (new) diff_add(d, "%s: has a mailbox now", name.s);
    if (old) diff_add(d, "%s: has no mailbox any more; its mail stays in mail/%s", name.s, record_get(old, "path"));
    text_free(&name);
    return;
  }
  const char *was_called = record_get(old, "name");
  if (strcmp(was_called, record_get(new, "name"))) diff_add(d, "%s: is the new name of %s", name.s, was_called);
  say_bit(d, name.s, old, new, "receive", "gets mail again", "gets no mail any more");
  say_bit(d, name.s, old, new, "submit", "may send again", "may no longer send");
  say_bit(d, name.s, old, new, "imap", "may read by IMAP again", "may no longer read by IMAP");
  say_bit(d, name.s, old, new, "pop3", "may read by POP3 again", "may no longer read by POP3");
  say_bit(d, name.s, old, new, "sieve", "may change its filters again", "may no longer change its filters");
  say_bit(d, name.s, old, new, "forwarding", "may forward again", "may no longer forward");
  say_lists(d, name.s, old, new, "forward", "is forwarded to", "is no longer forwarded to");
  if (record_find(old, "forward") && record_find(new, "forward") && strcmp(record_get(old, "keep"), record_get(new, "keep")))
    diff_add(d, "%s: %s what is forwarded", name.s, record_is(new, "keep", "yes") ? "keeps" : "no longer keeps");
  say_value(d, name.s, old, new, "quota", "quota");
  say_value(d, name.s, old, new, "spamretention", "spamretention");
  say_value(d, name.s, old, new, "language", "language");
  say_value(d, name.s, old, new, "uid", "uid");
  say_value(d, name.s, old, new, "path", "folder");
  text_free(&name);
}

/* A mailbox's own address comes and goes with it. */
static bool is_own(struct diff *d, const char *address, const text *record)
{
  text name = TEXT_ZERO;
  const char *mailbox = record_find(record, "mailbox");

  if (mailbox) diff_name(d, "mailbox", mailbox, &name);
  bool is = mailbox && !strcmp(name.s, address) && diff_has(&d->old, "mailbox", mailbox) != diff_has(&d->new, "mailbox", mailbox);
  text_free(&name);
  return is;
}

static void say_address(struct diff *d, const char *key, const text *old, const text *new)
{
  text more = TEXT_ZERO, less = TEXT_ZERO;
  size_t come = diff_missing(d, new, old, 0, &more), gone = diff_missing(d, old, new, 0, &less);

  if (!old || !new) {
    if (!is_own(d, key, new ? new : old)) diff_add(d, "%s: the address is %s %s", key, new ? "new, and leads to" : "gone; it led to", new ? more.s : less.s);
  } else if (come)
    diff_add(d, "%s: the address now leads to %s%s%s", key, more.s, gone ? ", no longer to " : " too", gone ? less.s : "");
  else if (gone)
    diff_add(d, "%s: the address no longer leads to %s", key, less.s);
  if (old && new && record_is(old, "internal", "yes") != record_is(new, "internal", "yes"))
    diff_add(d, "%s: outsiders can %s send there", key, record_is(new, "internal", "yes") ? "no longer" : "now");
  text_free(&more);
  text_free(&less);
}

static const char *members(size_t count) { return count == 1 ? "member" : "members"; }

static void say_group(struct diff *d, const char *key, const text *old, const text *new)
{
  text more = TEXT_ZERO, less = TEXT_ZERO, name = TEXT_ZERO;
  size_t come = diff_missing(d, new, old, 0, &more), gone = diff_missing(d, old, new, 0, &less);

  diff_name(d, "group", key, &name);
  text_string(&name);
  const char *called = name.s + strlen("group:");
  if (!old || !new)
    diff_add(d, "%s@: the group is %s %zu %s: %s", called, new ? "new, with" : "gone; it had", new ? come : gone, members(new ? come : gone), new ? more.s : less.s);
  else {
    if (strcmp(record_get(old, "name"), record_get(new, "name"))) diff_add(d, "%s@: is the new name of the group %s", called, record_get(old, "name"));
    if (come) diff_add(d, "%s@: gains %zu %s: %s", called, come, members(come), more.s);
    if (gone) diff_add(d, "%s@: loses %zu %s: %s", called, gone, members(gone), less.s);
  }
  text_free(&more);
  text_free(&less);
  text_free(&name);
}

/* Who comes or goes has his logins with him, and who gains or loses an address may log in by it: that has been said. */
static void say_login(struct diff *d, const char *key, const text *old, const text *new)
{
  text was = TEXT_ZERO, is = TEXT_ZERO;
  const char *old_mailbox = old ? record_get(old, "mailbox") : "", *new_mailbox = new ? record_get(new, "mailbox") : "";
  const char *one = *new_mailbox ? new_mailbox : old_mailbox;
  bool is_said = (!*old_mailbox || !*new_mailbox) && (diff_has(&d->old, "mailbox", one) != diff_has(&d->new, "mailbox", one) || strchr(key, '@'));

  if (*old_mailbox) diff_name(d, "mailbox", old_mailbox, &was);
  if (*new_mailbox) diff_name(d, "mailbox", new_mailbox, &is);
  if (!*old_mailbox && old) text_copy(&was, record_get(old, "backend"));
  if (!*new_mailbox && new) text_copy(&is, record_get(new, "backend"));
  if (is_said || text_is(&is, text_string(&was)))
    ;
  else if (is.len && was.len)
    diff_add(d, "%s: who logs in so is now %s, no longer %s", key, text_string(&is), was.s);
  else if (is.len)
    diff_add(d, "%s: may log in so now: %s", key, text_string(&is));
  else
    diff_add(d, "%s: nobody may log in so any more; it was %s", key, was.s);
  text_free(&was);
  text_free(&is);
}

diff_words *diff_words_of(const char *kind)
{
  static const struct {
    const char *kind;
    diff_words *words;
  } all[] = { { "mailbox", say_mailbox }, { "address", say_address }, { "group", say_group }, { "login", say_login } };

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(all[i].kind, kind)) return all[i].words;
  return 0;
}
