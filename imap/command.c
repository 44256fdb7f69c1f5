#include <string.h>

#include "imap/command.h"
#include "imap/date.h"
#include "imap/parse.h"

/* Each takes a command's arguments, from the space before them on; the end is looked at by imap_command_parse. */

static bool nothing(struct imap_parse *p)
{
  (void)p;
  return true;
}

static bool mailbox(struct imap_parse *p)
{
  return imap_parse_space(p) && (p->command->mailbox = imap_parse_mailbox(p));
}

static bool two_mailboxes(struct imap_parse *p)
{
  return mailbox(p) && imap_parse_space(p) && (p->command->renamed = imap_parse_mailbox(p));
}

static bool login(struct imap_parse *p)
{
  struct imap_command *c = p->command;
  return imap_parse_space(p) && (c->login = imap_parse_login(p)) && imap_parse_space(p) &&
         (c->password = imap_parse_astring(p, "a password"));
}

static bool authenticate(struct imap_parse *p)
{
  struct imap_command *c = p->command;
  const char *mechanism, *response;
  char *upper;

  if (!imap_parse_space(p) || !(mechanism = imap_parse_atom(p, "a mechanism"))) return false;
  c->mechanism = upper = pool_string(&c->pool, mechanism, strlen(mechanism));
  for (; *upper; upper++)
    if (*upper >= 'a' && *upper <= 'z') *upper = (char)(*upper - 'a' + 'A');
  if (p->at == p->end) return true;
  if (!imap_parse_space(p)) return false;
  for (response = p->at; p->at < p->end && ascii_is_printable(*p->at) && *p->at != ' ';) p->at++;
  if (p->at == response) return imap_parse_fail(p, "a response in BASE64");
  c->initial = pool_string(&c->pool, response, (size_t)(p->at - response));
  return true;
}

static bool list(struct imap_parse *p)
{
  struct imap_command *c = p->command;

  if (!imap_parse_space(p)) return false;
  if (imap_parse_is(p, '(')) return imap_parse_fail(p, "a reference name (selection options are not offered)");
  return (c->reference = imap_parse_astring(p, "a reference name")) && imap_parse_space(p) &&
         (c->pattern = imap_parse_pattern(p));
}

static bool status(struct imap_parse *p)
{
  static const char *const words[] = { "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN" };

  if (!mailbox(p) || !imap_parse_space(p) || !imap_parse_char(p, '(')) return false;
  do {
    unsigned int i = 0;
    while (i < 5 && !imap_parse_word(p, words[i])) i++;
    if (i == 5) return imap_parse_fail(p, "MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN");
    p->command->status |= 1U << i;
  } while (imap_parse_is(p, ' ') && imap_parse_space(p));
  return imap_parse_char(p, ')');
}

static bool identifier(struct imap_parse *p)
{
  return mailbox(p) && imap_parse_space(p) && (p->command->identifier = imap_parse_astring(p, "an identifier"));
}

static bool rights(struct imap_parse *p)
{
  return identifier(p) && imap_parse_space(p) && (p->command->rights = imap_parse_astring(p, "rights"));
}

static bool date_time(struct imap_parse *p)
{
  const char *string = imap_parse_string(p, "a date-time");

  if (!string) return false;
  p->command->has_date = imap_date_time_parse(string, strlen(string), &p->command->date_seconds);
  return p->command->has_date || imap_parse_fail(p, "a date-time like \"01-Feb-2024 03:04:05 +0000\" before the place");
}

/* The message itself is not here: it is streamed (imap_input). */
static bool append(struct imap_parse *p)
{
  if (!mailbox(p) || !imap_parse_space(p)) return false;
  if (imap_parse_is(p, '(') && !(imap_parse_flag_list(p, &p->command->flags) && imap_parse_space(p))) return false;
  if (imap_parse_is(p, '"') && !(date_time(p) && imap_parse_space(p))) return false;
  if (!imap_parse_is(p, '{')) return imap_parse_fail(p, "a literal");
  p->at++;
  if (!imap_parse_number(p, &p->command->literal_size)) return false;
  if (imap_parse_is(p, '+')) p->at++;
  return imap_parse_char(p, '}');
}

static bool sequence(struct imap_parse *p)
{
  return imap_parse_space(p) && imap_parse_sequence(p, &p->command->sequence);
}

static bool copy(struct imap_parse *p) { return sequence(p) && mailbox(p); }

static bool fetch(struct imap_parse *p) { return sequence(p) && imap_parse_space(p) && imap_parse_fetch(p); }

static bool expunge(struct imap_parse *p) { return !p->command->by_uid || sequence(p); }

static bool store(struct imap_parse *p)
{
  struct imap_command *c = p->command;
  const char *before;

  if (!sequence(p) || !imap_parse_space(p)) return false;
  before = p->at;
  c->store_mode = IMAP_STORE_SET;
  if (imap_parse_is(p, '+')) c->store_mode = IMAP_STORE_ADD;
  if (imap_parse_is(p, '-')) c->store_mode = IMAP_STORE_REMOVE;
  if (c->store_mode != IMAP_STORE_SET) p->at++;
  c->is_silent = imap_parse_word(p, "FLAGS.SILENT");
  if (!c->is_silent && !imap_parse_word(p, "FLAGS")) {
    p->at = before;
    return imap_parse_fail(p, "FLAGS, +FLAGS or -FLAGS, each perhaps with .SILENT");
  }
  return imap_parse_space(p) && imap_parse_flags(p, &c->flags);
}

static bool id_pairs(struct imap_parse *p)
{
  text pairs = TEXT_ZERO;
  struct imap_id_pair pair;
  bool good;

  do {
    pair.value = 0;
    good = (pair.field = imap_parse_string(p, "a field's name as a string")) && imap_parse_space(p) &&
           (imap_parse_word(p, "NIL") || (pair.value = imap_parse_string(p, "a string or NIL")));
    if (good) text_add_bytes(&pairs, (const char *)&pair, sizeof pair);
  } while (good && imap_parse_is(p, ' ') && imap_parse_space(p));
  if (good) {
    p->command->id_count = pairs.len / sizeof pair;
    p->command->id = memcpy(pool_take(&p->command->pool, pairs.len), pairs.s, pairs.len);
  }
  text_free(&pairs);
  return good && imap_parse_char(p, ')');
}

static bool id(struct imap_parse *p)
{
  if (!imap_parse_space(p)) return false;
  if (imap_parse_word(p, "NIL")) return true;
  if (!imap_parse_char(p, '(')) return false;
  return imap_parse_is(p, ')') ? imap_parse_char(p, ')') : id_pairs(p);
}

static const struct {
  const char name[13];
  enum imap_verb verb;
  bool has_uid_form;
  bool (*arguments)(struct imap_parse *p);
} verbs[] = {
  { "CAPABILITY", IMAP_CAPABILITY, false, nothing },
  { "NOOP", IMAP_NOOP, false, nothing },
  { "LOGOUT", IMAP_LOGOUT, false, nothing },
  { "ID", IMAP_ID, false, id },
  { "STARTTLS", IMAP_STARTTLS, false, nothing },
  { "AUTHENTICATE", IMAP_AUTHENTICATE, false, authenticate },
  { "LOGIN", IMAP_LOGIN, false, login },
  { "SELECT", IMAP_SELECT, false, mailbox },
  { "EXAMINE", IMAP_EXAMINE, false, mailbox },
  { "CREATE", IMAP_CREATE, false, mailbox },
  { "DELETE", IMAP_DELETE, false, mailbox },
  { "RENAME", IMAP_RENAME, false, two_mailboxes },
  { "SUBSCRIBE", IMAP_SUBSCRIBE, false, mailbox },
  { "UNSUBSCRIBE", IMAP_UNSUBSCRIBE, false, mailbox },
  { "LIST", IMAP_LIST, false, list },
  { "LSUB", IMAP_LSUB, false, list },
  { "STATUS", IMAP_STATUS, false, status },
  { "APPEND", IMAP_APPEND, false, append },
  { "NAMESPACE", IMAP_NAMESPACE, false, nothing },
  { "IDLE", IMAP_IDLE, false, nothing },
  { "MYRIGHTS", IMAP_MYRIGHTS, false, mailbox },
  { "GETACL", IMAP_GETACL, false, mailbox },
  { "LISTRIGHTS", IMAP_LISTRIGHTS, false, identifier },
  { "SETACL", IMAP_SETACL, false, rights },
  { "DELETEACL", IMAP_DELETEACL, false, identifier },
  { "CHECK", IMAP_CHECK, false, nothing },
  { "CLOSE", IMAP_CLOSE, false, nothing },
  { "UNSELECT", IMAP_UNSELECT, false, nothing },
  { "EXPUNGE", IMAP_EXPUNGE, true, expunge },
  { "SEARCH", IMAP_SEARCH, true, imap_parse_search },
  { "FETCH", IMAP_FETCH, true, fetch },
  { "STORE", IMAP_STORE, true, store },
  { "COPY", IMAP_COPY, true, copy },
  { "MOVE", IMAP_MOVE, true, copy },
};

static bool parse_verb(struct imap_parse *p)
{
  struct imap_command *c = p->command;

  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if ((c->by_uid && !verbs[i].has_uid_form) || !imap_parse_word(p, verbs[i].name)) continue;
    c->name = verbs[i].name;
    c->verb = verbs[i].verb;
    return verbs[i].arguments(p) && imap_parse_end(p);
  }
  return imap_parse_fail(p, c->by_uid ? "COPY, EXPUNGE, FETCH, MOVE, SEARCH or STORE after UID" : "a command");
}

/* tag: ASTRING-CHARs without "+". */
static bool parse_tag(struct imap_parse *p)
{
  const char *s = p->at;

  while (s < p->end && ascii_is_printable(*s) && !strchr("(){ %*\"\\+", *s)) s++;
  if (s == p->at || s == p->end || *s != ' ') return imap_parse_fail(p, "a tag, a space and a command");
  p->command->tag = pool_string(&p->command->pool, p->at, (size_t)(s - p->at));
  p->at = s + 1;
  return true;
}

/* It may be a part of a password, and mail programs show and log what a server says. */
static void hide_what_stands(text *error)
{
  const char *where = strstr(text_string(error), " where \"");
  if (!where) return;
  size_t length = (size_t)(where - error->s);
  explicit_bzero(error->s + length, error->len - length);
  error->len = length;
}

bool imap_command_parse(struct imap_command *c, const char *bytes, size_t length)
{
  struct imap_parse p = { bytes, length ? bytes + length : bytes, c };

  imap_command_free(c);
  c->tag = "*";
  c->name = "";
  if (!parse_tag(&p)) return false;
  c->by_uid = imap_parse_word(&p, "UID");
  if ((!c->by_uid || imap_parse_space(&p)) && parse_verb(&p)) return true;
  if (!strcmp(c->name, "LOGIN") || !strcmp(c->name, "AUTHENTICATE")) hide_what_stands(&c->error);
  return false;
}

static void free_sequences(struct imap_search_key *key)
{
  for (; key; key = key->next) {
    imap_sequence_free(&key->sequence);
    free_sequences(key->first); /* no deeper than IMAP_SEARCH_DEPTH_MAX */
  }
}

void imap_command_free(struct imap_command *c)
{
  free_sequences(c->search);
  imap_sequence_free(&c->sequence);
  text_free(&c->error);
  pool_free(&c->pool);
  *c = (struct imap_command)IMAP_COMMAND_ZERO;
}
