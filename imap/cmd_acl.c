/* MYRIGHTS GETACL LISTRIGHTS SETACL DELETEACL (RFC 4314). A mailbox of one's own is nobody else's: its owner has all rights, and
   gives none away. */

#include <errno.h>
#include <string.h>

#include "imap/commands.h"
#include "imap/entry.h"
#include "imap/mailbox.h"
#include "imap/quote.h"
#include "imap/rights.h"
#include "imap/share.h"

/* With the obsolete letters beside those that they stand for (RFC 4314 2.1.1). */
static void add_letters(struct imap_state *s, unsigned int rights)
{
  text letters = TEXT_ZERO;

  rights_format(rights, &letters);
  if (rights & RIGHT_CREATE) text_add_char(&letters, 'c');
  if (rights & (RIGHT_MARK_DELETED | RIGHT_EXPUNGE | RIGHT_DELETE)) text_add_char(&letters, 'd');
  imap_quote_add_astring(&s->wire.answer, text_string(&letters));
  text_free(&letters);
}

static void tell(struct imap_state *s, const char *what)
{
  imap_wire_add(&s->wire, "* ");
  imap_wire_add(&s->wire, what);
  imap_wire_add(&s->wire, " ");
  imap_quote_add_astring(&s->wire.answer, s->command.mailbox);
}

/* The folder, if it is there and that much may be done with it. */
static bool take_folder(struct imap_state *s, unsigned int needed, text *name, text *entry)
{
  struct imap_names names = IMAP_NAMES_ZERO;

  if (!imap_take_name(s, s->command.mailbox, name) || !imap_may(s, name, needed)) return false;
  bool fine = imap_mailbox_list(&names), is_there = fine && imap_names_have(&names, text_string(name));
  imap_entry_format(name, entry);
  text_string(entry);
  if (!fine) imap_no_errno(s, "list the mailboxes");
  else if (!is_there) imap_no(s, "[NONEXISTENT] there is no such mailbox");
  imap_names_free(&names);
  return is_there;
}

void imap_cmd_myrights(struct imap_state *s)
{
  text name = TEXT_ZERO, entry = TEXT_ZERO;

  if (take_folder(s, 0, &name, &entry)) {
    unsigned int rights = imap_rights_of(s, &name);
    if (!(rights & (RIGHT_LOOKUP | RIGHT_READ | RIGHT_INSERT | RIGHT_CREATE | RIGHT_DELETE | RIGHT_ADMIN)))
      imap_no(s, "[NONEXISTENT] there is no such mailbox");
    else {
      tell(s, "MYRIGHTS");
      imap_wire_add(&s->wire, " ");
      add_letters(s, rights);
      imap_wire_add(&s->wire, "\r\n");
      imap_ok(s, "these are yours");
    }
  }
  text_free(&name);
  text_free(&entry);
}

static void add_entry(struct imap_state *s, const struct imap_acl_entry *e, unsigned int rights)
{
  text identifier = TEXT_ZERO;

  imap_acl_identifier_format(e, &identifier);
  imap_wire_add(&s->wire, " ");
  imap_quote_add_astring(&s->wire.answer, identifier.s);
  imap_wire_add(&s->wire, " ");
  add_letters(s, rights);
  text_free(&identifier);
}

/* The operator's owners, each once, with what the folder's file adds; then who is in the file alone. */
static void add_entries(struct imap_state *s, struct imap_acl *acl)
{
  const struct imap_share *share = s->start->share;
  struct imap_acl given = IMAP_ACL_ZERO;
  text who = TEXT_ZERO;
  size_t at = 0;
  bool is_negative;

  for (const char *owner; (owner = record_next(share->record, "owner", &at));) {
    const char *space = strchr(owner, ' ');
    if (space && imap_acl_identifier_parse(space + 1, &who, &is_negative) && !is_negative)
      imap_acl_set(&given, who.s, false, imap_share_given(share, who.s));
  }
  for (size_t i = 0; i < given.count; i++) {
    const struct imap_acl_entry *more = imap_acl_find(acl, given.list[i].who.s, false);
    add_entry(s, &given.list[i], given.list[i].rights | (more ? more->rights : 0));
  }
  for (size_t i = 0; i < acl->count; i++)
    if (acl->list[i].is_negative || !imap_acl_find(&given, acl->list[i].who.s, false)) add_entry(s, &acl->list[i], acl->list[i].rights);
  imap_acl_free(&given);
  text_free(&who);
}

static void add_self(struct imap_state *s)
{
  imap_wire_add(&s->wire, " ");
  imap_quote_add_astring(&s->wire.answer, s->start->login);
  imap_wire_add(&s->wire, " ");
  add_letters(s, RIGHTS_ALL);
}

void imap_cmd_getacl(struct imap_state *s)
{
  struct imap_acl acl = IMAP_ACL_ZERO;
  text name = TEXT_ZERO, entry = TEXT_ZERO;

  if (take_folder(s, RIGHT_ADMIN, &name, &entry)) {
    if (s->start->share && !imap_share_read(entry.s, &acl)) imap_no_errno(s, "read the rights");
    else {
      tell(s, "ACL");
      if (s->start->share) add_entries(s, &acl);
      else add_self(s);
      imap_wire_add(&s->wire, "\r\n");
      imap_ok(s, "these");
    }
  }
  imap_acl_free(&acl);
  text_free(&name);
  text_free(&entry);
}

static bool take_identifier(struct imap_state *s, text *who, bool *is_negative)
{
  if (!imap_acl_identifier_parse(s->command.identifier, who, is_negative)) {
    imap_bad(s, "an identifier is a login, group:NAME or anyone");
    return false;
  }
  if (!s->start->share || imap_share_knows(s->start->share, who->s)) return true;
  imap_no(s, "[CANNOT] there is no such user or group");
  return false;
}

void imap_cmd_listrights(struct imap_state *s)
{
  text name = TEXT_ZERO, entry = TEXT_ZERO, who = TEXT_ZERO, letters = TEXT_ZERO;
  bool is_negative;

  if (take_folder(s, RIGHT_ADMIN, &name, &entry) && take_identifier(s, &who, &is_negative)) {
    unsigned int given = !s->start->share ? RIGHTS_ALL : is_negative ? 0 : imap_share_given(s->start->share, who.s);
    tell(s, "LISTRIGHTS");
    imap_wire_add(&s->wire, " ");
    imap_quote_add_astring(&s->wire.answer, s->command.identifier);
    imap_wire_add(&s->wire, " ");
    rights_format(given, &letters);
    imap_quote_add_astring(&s->wire.answer, text_string(&letters));
    for (unsigned int i = 0; s->start->share && i < sizeof RIGHTS_LETTERS - 1; i++)
      if (!(given & 1u << i)) imap_wire_add(&s->wire, (char[]){ ' ', RIGHTS_LETTERS[i], 0 });
    imap_wire_add(&s->wire, s->start->share ? " c d\r\n" : "\r\n");
    imap_ok(s, "these");
  }
  text_free(&name);
  text_free(&entry);
  text_free(&who);
  text_free(&letters);
}

/* "lrs", "+t", "-t", over what is there. */
static bool take_rights(struct imap_state *s, unsigned int before, unsigned int *rights)
{
  const char *letters = s->command.verb == IMAP_DELETEACL ? "" : s->command.rights;
  char sign = *letters == '+' || *letters == '-' ? *letters++ : 0;

  if (!rights_scan(letters, strlen(letters), rights)) {
    imap_bad(s, "rights are letters of " RIGHTS_LETTERS ", perhaps behind + or -");
    return false;
  }
  if (sign == '+') *rights |= before;
  if (sign == '-') *rights = before & ~*rights;
  return true;
}

static void change(struct imap_state *s, const text *name, const char *entry, const char *who, bool is_negative)
{
  struct imap_acl acl = IMAP_ACL_ZERO;
  text identifier = TEXT_ZERO, letters = TEXT_ZERO;
  unsigned int rights;

  if (!imap_share_read(entry, &acl)) imap_no_errno(s, "read the rights");
  else {
    const struct imap_acl_entry *before = imap_acl_find(&acl, who, is_negative);
    if (take_rights(s, before ? before->rights : 0, &rights)) {
      if (!imap_acl_set(&acl, who, is_negative, rights)) imap_no(s, "[LIMIT] a mailbox has at most 1000 entries");
      else if (!imap_share_write(entry, &acl)) imap_no_errno(s, "write the rights");
      else {
        rights_format(rights, &letters);
        text_add_format(&identifier, "%s %s", s->command.identifier, text_string(&letters));
        imap_log(s, "rights", name->s, 0, "to", text_string(&identifier));
        imap_ok(s, "done");
      }
    }
  }
  imap_acl_free(&acl);
  text_free(&identifier);
  text_free(&letters);
}

void imap_cmd_setacl(struct imap_state *s)
{
  text name = TEXT_ZERO, entry = TEXT_ZERO, who = TEXT_ZERO;
  bool is_negative;

  if (!take_folder(s, RIGHT_ADMIN, &name, &entry)) {}
  else if (!s->start->share) imap_no(s, "[CANNOT] a mailbox of your own is shared with nobody");
  else if (take_identifier(s, &who, &is_negative) || (s->command.verb == IMAP_DELETEACL && who.len)) {
    if (imap_mailbox_lock()) {
      change(s, &name, entry.s, who.s, is_negative);
      imap_mailbox_unlock();
    } else imap_no_errno(s, "lock the mailbox");
  }
  text_free(&name);
  text_free(&entry);
  text_free(&who);
}
