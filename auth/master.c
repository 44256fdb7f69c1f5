#include "auth/master.h"

#include <string.h>

#include "lib/address.h"
#include "lib/conf.h"

#define GROUP "group:"

bool master_split(const char *said, text *user, text *master)
{
  text separator = TEXT_ZERO;

  conf_value("masterseparator", &separator, "*");
  const char *at = strstr(said, text_string(&separator));
  bool is_split = at && at > said && at[separator.len];
  if (is_split) {
    text_copy_bytes(user, said, (size_t)(at - said));
    login_fold(user);
    text_string(user);
    text_copy(master, at + separator.len);
    login_fold(master);
    text_string(master);
  }
  text_free(&separator);
  return is_split;
}

bool master_is_reserved(const char *login) { return !strcmp(login, MASTER_RESERVED); }

bool master_secret(text *record)
{
  text lines = TEXT_ZERO;

  text_clear(record);
  if (conf_lines("vmail", &lines))
    for (size_t at = 0; at < lines.len; at += strlen(lines.s + at) + 1) record_add(record, "password", lines.s + at);
  text_wipe(&lines);
  return record->len > 0;
}

static bool has_word(const char *file, const char *otherwise, const char *word)
{
  text lines = TEXT_ZERO;
  bool has = false;

  if (!conf_lines(file, &lines)) text_copy_bytes(&lines, otherwise, strlen(otherwise) + 1);
  for (size_t at = 0; at < lines.len && !has; at += strlen(lines.s + at) + 1) {
    const char *place = lines.s + at; /* words of a line, too */
    size_t length = strlen(word);
    for (; (place = strstr(place, word)) && !has; place += length)
      has = (place == lines.s + at || ascii_is_space(place[-1])) && (!place[length] || ascii_is_space(place[length]));
  }
  text_free(&lines);
  return has;
}

/* A group by one of its addresses, or its name: that of a file in control/groups, or of the directory. */
static bool find_group(struct tables *policy, const char *name, text *group)
{
  text folded = TEXT_ZERO, found = TEXT_ZERO;

  text_add(&folded, name);
  login_fold(&folded);
  bool is_found = tables_find(policy, strchr(name, '@') ? "address" : "group-name", text_string(&folded), &found) == LOOKUP_FOUND &&
                  record_find(&found, "group") && tables_find(policy, "group", record_get(&found, "group"), group) == LOOKUP_FOUND;
  text_free(&folded);
  text_free(&found);
  return is_found;
}

static bool is_member(struct tables *policy, const char *name, const char *mailbox)
{
  text group = TEXT_ZERO;
  bool is = find_group(policy, name, &group) && record_has(&group, "mailbox", mailbox);

  text_free(&group);
  return is;
}

static bool is_user(struct tables *policy, const char *name, const char *mailbox)
{
  text login = TEXT_ZERO, found = TEXT_ZERO;

  text_copy(&login, name);
  login_fold(&login);
  bool is = tables_find(policy, "login", text_string(&login), &found) == LOOKUP_FOUND && record_is(&found, "mailbox", mailbox);
  text_free(&login);
  text_free(&found);
  return is;
}

static bool is_master(struct tables *policy, const char *mailbox)
{
  text lines = TEXT_ZERO;
  bool is = false;

  conf_lines("masters", &lines);
  for (size_t at = 0; at < lines.len && !is; at += strlen(lines.s + at) + 1) {
    const char *name = lines.s + at;
    is = strncmp(name, GROUP, strlen(GROUP)) ? is_user(policy, name, mailbox) : is_member(policy, name + strlen(GROUP), mailbox);
  }
  text_free(&lines);
  return is;
}

/* imap=no of the other one does not keep a master out: it is the master who logs in. */
static bool find_user(const struct attempt *a, struct tables *policy, text *mailbox)
{
  struct login_answer *answer = a->answer;
  text login = TEXT_ZERO;
  bool is_found = tables_find(policy, "login", a->try->acts_for, &login) == LOOKUP_FOUND && record_find(&login, "mailbox") &&
                  tables_find(policy, "mailbox", record_get(&login, "mailbox"), mailbox) == LOOKUP_FOUND;

  if (is_found) {
    text_copy(&answer->mailbox, record_get(&login, "mailbox"));
    text_string(&answer->mailbox);
  }
  text_free(&login);
  return is_found;
}

const char *master_act(const struct attempt *a, struct tables *policy)
{
  struct login_answer *answer = a->answer;
  text mailbox = TEXT_ZERO, own = TEXT_ZERO;
  const char *refusal = 0;

  text_add_text(&own, &answer->mailbox);
  text_string(&own);
  if (!a->is_reserved && !is_user(policy, a->try->acts_for, own.s) && !is_master(policy, own.s))
    refusal = "not a master";
  else if ((a->is_reserved || !is_user(policy, a->try->acts_for, own.s)) && !has_word("masterservices", "imap sieve", a->try->service))
    refusal = "not a service for masters";
  else if (!find_user(a, policy, &mailbox))
    refusal = "a master for nobody";
  else {
    if (a->is_reserved || strcmp(own.s, answer->mailbox.s)) text_copy(&answer->master, record_get(&a->mailbox, "name"));
    text_copy(&answer->name, record_get(&mailbox, "name"));
  }
  text_string(&answer->master);
  text_string(&answer->name);
  text_free(&mailbox);
  text_free(&own);
  return refusal;
}
