#include "admin/ldaptable_notes.h"

#include <string.h>

bool ldaptable_is_attribute(const char *name)
{
  if (!ascii_is_alpha(*name)) return false;
  for (; *name; name++)
    if (!ascii_is_alpha(*name) && !ascii_is_digit(*name) && !strchr("-._", *name)) return false;
  return true;
}

void ldaptable_note_members(struct ldaptable_result *r, const struct ldaptable *t, const char *primary)
{
  const char *leaf = ldaptable_get(t, "leaf-result-attribute"), *terminal = ldaptable_get(t, "terminal-result-attribute");

  if (*leaf && !string_is_nocase(leaf, primary)) ldaptable_note(r, t, "leaf_result_attribute = %s: here members get the mail in their mailbox, or at %s if that is elsewhere", leaf, primary);
  if (*terminal) ldaptable_note(r, t, "terminal_result_attribute = %s: an entry that has it is followed no further by Postfix; write group-member-address: %s, if such entries have no members of their own", terminal, terminal);
}

bool ldaptable_is_condition(const char *term)
{
  size_t length = strcspn(term, "=");
  const char *value = term + length + (term[length] != 0);
  text name = TEXT_ZERO;

  text_add_bytes(&name, term, length);
  bool good = ldaptable_is_attribute(text_string(&name)) && *value && !ascii_is_space(*value) && !ascii_is_space(value[strlen(value) - 1]) && !strpbrk(value, "\\%") &&
              (!strchr(value, '*') || !strcmp(value, "*"));
  text_free(&name);
  return good;
}

/* What a filter says besides is for all or nothing: who does not meet it is nobody, and no longer somebody who is refused. */
void ldaptable_note_conditions(struct ldaptable_result *r, const struct ldaptable *t)
{
  size_t at = 0;

  for (const char *term; (term = record_next(&t->uses, "other", &at));) {
    size_t length = strcspn(term, "=");
    if (ldaptable_is_condition(term))
      ldaptable_note(r, t, "who does not meet (%s) is nobody, and his mailbox is an orphan; to keep him and refuse him, take that out of the filter and write no-receive: %.*s!%s, and no-submit and no-imap likewise",
                     term, (int)length, term, term + length);
  }
}

void ldaptable_note_uses(struct ldaptable_result *r, const struct ldaptable *t)
{
  const char *format = ldaptable_get(t, "result-format");
  size_t at = 0;

  if (!*format) format = ldaptable_get(t, "result-filter");
  for (const char *one; (one = record_next(&t->uses, "loose", &at));) {
    int length = (int)strcspn(one, " ");
    ldaptable_note(r, t, "(%.*s=%s) asks for part of an address: all that have any such %.*s are read", length, one, one + length + (one[length] == ' '), length, one);
  }
  at = 0;
  for (const char *one; (one = record_next(&t->uses, "lost", &at));)
    ldaptable_note(r, t, "%s cannot be asked for all entries at once, and is left out", one);
  if (*format && strcmp(format, "%s") && t->role != LDAPTABLE_MAILBOXES && t->role != LDAPTABLE_REJECT)
    ldaptable_note(r, t, "result_format = %s: what the attribute says is taken as it is", format);
  if (*ldaptable_get(t, "domain"))
    ldaptable_note(r, t, "domain = %s: here the domains of control/domains count: mailadm add domain for each", ldaptable_get(t, "domain"));
}

void ldaptable_note_other(struct ldaptable_result *r, const struct ldaptable *t)
{
  if (t->role == LDAPTABLE_DOMAINS)
    ldaptable_note(r, t, "domains are not read from a directory: mailadm add domain for each (what \"postmap -q\" knew; %s of %s)",
                   ldaptable_get(t, "result-attribute"), ldaptable_get(t, "search-base"));
  else
    ldaptable_note(r, t, "it is not taken over: where mail goes is said by control/relayrules and control/domains (relay:), copies by copy: there and control/mailboxes; addresses are not rewritten");
}
