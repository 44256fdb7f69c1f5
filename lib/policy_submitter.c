#include "lib/policy_submitter.h"

#include <string.h>

enum kind { MAILBOX, BACKEND, LOGIN, KINDS };
static const char *const kinds[] = { [MAILBOX] = "mailbox ", [BACKEND] = "backend ", [LOGIN] = "login " };

static void make(text *key, enum kind kind, const char *value)
{
  text_copy(key, kinds[kind]);
  text_add(key, value);
}

/* A mailbox is the account, whatever it is called by now. */
const char *policy_submitter(const text *facts, text *key)
{
  const char *owner = record_find(facts, "owner"), *login = record_find(facts, "login");

  text_clear(key);
  if (record_is(facts, "role", "report"))
    ;
  else if (owner)
    make(key, MAILBOX, owner);
  else if (login)
    make(key, record_find(facts, "backend") ? BACKEND : LOGIN, login);
  return text_string(key);
}

static enum policy_right look_at_mailbox(struct tables *tables, const char *mailbox, const char **reason)
{
  text record = TEXT_ZERO;
  enum lookup_result result = tables_find(tables, "mailbox", mailbox, &record);
  bool is_off = result == LOOKUP_FOUND && record_is(&record, "submit", "no");

  *reason = is_off ? "sending is disabled" : "the account is gone";
  text_free(&record);
  if (result == LOOKUP_BROKEN) return POLICY_RIGHT_UNKNOWN;
  return is_off || result == LOOKUP_ABSENT ? POLICY_NO_RIGHT : POLICY_RIGHT;
}

/* A name that the tables never had, as of a local program, has no right that could end. */
static enum policy_right look_at_login(struct tables *tables, const char *login, bool is_backend, const char **reason)
{
  text record = TEXT_ZERO, folded = TEXT_ZERO;
  enum policy_right right = POLICY_RIGHT;

  text_add(&folded, login);
  login_fold(&folded);
  enum lookup_result result = tables_find(tables, "login", text_string(&folded), &record);
  const char *mailbox = record_find(&record, "mailbox");
  *reason = "the backend's login is gone";
  if (result == LOOKUP_BROKEN)
    right = POLICY_RIGHT_UNKNOWN;
  else if (is_backend)
    right = result == LOOKUP_FOUND && record_find(&record, "backend") ? POLICY_RIGHT : POLICY_NO_RIGHT;
  else if (result == LOOKUP_FOUND && mailbox)
    right = look_at_mailbox(tables, mailbox, reason);
  text_free(&record);
  text_free(&folded);
  return right;
}

enum policy_right policy_submitter_may(struct tables *tables, const char *key, const char **reason)
{
  for (enum kind kind = 0; kind < KINDS; kind++) {
    size_t length = strlen(kinds[kind]);
    if (strncmp(key, kinds[kind], length)) continue;
    return kind == MAILBOX ? look_at_mailbox(tables, key + length, reason) : look_at_login(tables, key + length, kind == BACKEND, reason);
  }
  return POLICY_RIGHT;
}
