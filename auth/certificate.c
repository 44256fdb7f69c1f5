#include "auth/certificate.h"

#include <string.h>

#include "lib/address.h"
#include "lib/fingerprint.h"
#include "lib/tables.h"

static struct tables policy = TABLES_ZERO;

static bool find_mailbox(const char *login, text *mailbox)
{
  text record = TEXT_ZERO;
  bool found = tables_find(&policy, "login", login, &record) == LOOKUP_FOUND && record_find(&record, "mailbox");

  text_copy(mailbox, found ? record_get(&record, "mailbox") : "");
  text_string(mailbox);
  text_free(&record);
  return found;
}

/* Is it a login, and that of who he says he is? Its mailbox counts, not under which name. */
static bool is_his(const char *login, const char *said)
{
  text mailbox = TEXT_ZERO, his = TEXT_ZERO;
  bool is = find_mailbox(login, &mailbox) && (!*said || (find_mailbox(said, &his) && !strcmp(his.s, mailbox.s)));

  text_free(&mailbox);
  text_free(&his);
  return is;
}

static bool take(const char *name, const char *said, text *login)
{
  text_copy(login, name);
  text_string(login);
  login_fold(login);
  return is_his(login->s, said);
}

/* The directory has it of somebody: his primary address, which says more in a log. */
static bool take_directory(const char *fingerprint, const char *said, text *login)
{
  text name = TEXT_ZERO, mailbox = TEXT_ZERO, record = TEXT_ZERO;

  text_add_format(&name, FINGERPRINT_LOGIN "%s", fingerprint);
  bool found = find_mailbox(text_string(&name), &mailbox) && tables_find(&policy, "mailbox", mailbox.s, &record) == LOOKUP_FOUND && take(record_get(&record, "name"), said, login);
  text_free(&name);
  text_free(&mailbox);
  text_free(&record);
  return found;
}

bool auth_certificate_login(const text *identity, const char *said, text *login)
{
  text record = TEXT_ZERO;
  size_t at = 0;
  bool found = tables_open(&policy, "policy") && tables_find(&policy, "certificate", record_get(identity, "fingerprint"), &record) == LOOKUP_FOUND &&
               take(record_get(&record, "login"), said, login);
  if (!found && policy.file) found = take_directory(record_get(identity, "fingerprint"), said, login);

  for (const char *address; !found && policy.file && (address = record_next(identity, "address", &at));) found = take(address, said, login);
  text_free(&record);
  if (found) return true;
  text_copy(login, *said ? said : "?");
  text_string(login);
  return false;
}
