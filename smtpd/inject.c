#include <string.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/log.h"
#include "lib/user.h"
#include "smtpd/inject.h"

/* A session on a pipe is its starter's own. */
uid_t inject_uid(const struct session *s) { return s->peer->uid == (uid_t)-1 ? getuid() : s->peer->uid; }

/* Our own services hand in no mail: one that was taken over does not become a local user here (check 55). */
static bool is_service(const struct session *s)
{
  return inject_uid(s) && inject_uid(s) < conf_number("minimumuid", 1000, UINT32_MAX) && !strncmp(s->login.s, "mail-", 5);
}

void inject_begin(struct session *s)
{
  if (s->peer->is_tcp) {
    reply_last(s, "554 5.7.1 This service is for programs of this host");
    return;
  }
  user_name(inject_uid(s), &s->login, 0);
  if (!is_service(s)) return;
  log_event("refused", "reason", "caller", "user", s->login.s, (char *)0);
  reply_last(s, "554 5.7.1 A service of the mail server hands in no mail");
}

static void find_mailbox(struct session *s)
{
  text uid = TEXT_ZERO, record = TEXT_ZERO;

  text_add_number(&uid, inject_uid(s));
  text_clear(&s->mailbox);
  if (tables_find(s->tables, "uid", text_string(&uid), &record) == LOOKUP_FOUND)
    text_add(&s->mailbox, record_get(&record, "mailbox"));
  text_string(&s->mailbox);
  text_free(&uid);
  text_free(&record);
}

/* Root, and who is named in control/trustedusers. */
static bool is_trusted(const struct session *s)
{
  text names = TEXT_ZERO;
  bool found = !inject_uid(s);

  if (!found) conf_lines("trustedusers", &names);
  for (size_t at = 0; !found && at < names.len; at += strlen(names.s + at) + 1) found = !strcmp(names.s + at, s->login.s);
  text_free(&names);
  return found;
}

/* NAME@me or NAME@defaultdomain: what mail-inject says for who did not choose. */
static bool is_own_name(const struct session *s, const struct address *sender)
{
  text domain = TEXT_ZERO;

  if (strcmp(sender->local, s->login.s)) return false;
  conf_value("defaultdomain", &domain, s->settings.me.s);
  bool is_own = string_is_nocase(sender->domain, domain.s) || string_is_nocase(sender->domain, s->settings.me.s);
  text_free(&domain);
  return is_own;
}

void inject_facts(struct session *s, const struct address *sender, struct policy_facts *f)
{
  find_mailbox(s);
  f->mailbox = s->mailbox.len ? s->mailbox.s : 0;
  if (f->enforce_sender && (is_trusted(s) || (sender && is_own_name(s, sender)))) f->enforce_sender = false;
}
